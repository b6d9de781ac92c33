"""The alert action `vt_comment`: one comment in public, once the admin allows it."""

from __future__ import annotations

import os
from typing import Any

from connectors.errors import Forbidden

from ..app_settings import APP, is_on
from ..broker.limits import MAY_WRITE
from ..heard_warnings import HeardWarnings
from ..logs.search_log import SearchLog
from ..search_options import KINDS
from ..splunkd import COMMENTS_ALLOWED, Splunkd
from ..start import asking_for, splunkd_of
from ..stopping import Stopping
from ..tally import advised
from .done import OK, Done, status_of
from .payload import Payload, Unusable

NAME = "vt_comment"
_UNFILLED = "$result."


def comment(payload: Payload, log: SearchLog) -> Done:
    """Raises `Unusable` and `ConnectorError`."""
    params = _params(payload)
    searchinfo = payload.searchinfo(NAME)
    splunkd = splunkd_of(searchinfo)
    assert splunkd is not None  # the payload has a session
    _refuse_what_is_not_allowed(splunkd)
    heard = HeardWarnings()
    log.hear_the_core()
    asking = asking_for(APP, searchinfo, os.environ, Stopping())
    broker = asking.broker()
    answer = asking.core.answer if broker is None else broker.answer
    response = answer({"action": "add_comment", "params": params})
    error = response["error"]
    figures: dict[str, Any] = {"rows": 1, "requests": response["meta"]["requests"], "written": 0}
    if error is not None:
        figures["errors"] = {error["code"]: 1}
        return Done(status_of([error["code"]]), figures, (f"no comment was made: {advised(error)}", *heard.texts))
    if response["status"] != "ok":
        return Done(OK, figures, (f"no comment was made: {response['summary']}", *heard.texts))
    return Done(OK, {**figures, "written": 1}, tuple(heard.texts))


def _params(payload: Payload) -> dict[str, str]:
    """Raises `Unusable`."""
    indicator, text, kind = payload.param("indicator"), payload.param("comment"), payload.param("type").lower()
    if not indicator or not text:
        empty = "comment" if indicator else "indicator"
        raise Unusable(f"{empty} is empty: the alert's first result has no value for what is to stand there")
    if _UNFILLED in indicator or _UNFILLED in text:
        raise Unusable("a $result...$ was not filled in: look at its spelling in the alert")
    if kind and kind not in KINDS:
        raise Unusable(f"type={kind[:80]!r}: one of {', '.join(KINDS)}")
    return {"indicator": indicator, "comment": text, **({"type": kind} if kind and kind != "ioc" else {})}


def _refuse_what_is_not_allowed(splunkd: Splunkd) -> None:
    if not is_on(splunkd.own_settings()[COMMENTS_ALLOWED]):
        raise Unusable("alerts may not comment here: an admin allows it on the app's setup page")
    if MAY_WRITE not in splunkd.capabilities():
        raise Forbidden(
            f"comments are seen by others and cannot be undone: your role needs the capability {MAY_WRITE}; ask your "
            "admin"
        )
