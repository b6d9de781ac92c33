"""The alert action `vt_comment`: one comment in public, once the admin allows it."""

from __future__ import annotations

import os
from typing import Any

from ..app_settings import APP
from ..commenting import refuse_what_is_not_allowed, request_of
from ..heard_warnings import HeardWarnings
from ..logs.search_log import SearchLog
from ..search_options import UsageError
from ..start import asking_for, splunkd_of
from ..stopping import Stopping
from ..tally import advised
from .done import OK, Done, status_of
from .payload import Payload, Unusable

NAME = "vt_comment"
_UNFILLED = "$result."


def comment(payload: Payload, log: SearchLog) -> Done:
    """Raises `Unusable` and `ConnectorError`."""
    request = _request(payload)
    searchinfo = payload.searchinfo(NAME)
    splunkd = splunkd_of(searchinfo)
    assert splunkd is not None  # the payload has a session
    refuse_what_is_not_allowed(splunkd)
    heard = HeardWarnings()
    log.hear_the_core()
    asking = asking_for(APP, searchinfo, os.environ, Stopping())
    broker = asking.broker()
    answer = asking.core.answer if broker is None else broker.answer
    response = answer(request)
    error = response["error"]
    figures: dict[str, Any] = {"rows": 1, "requests": response["meta"]["requests"], "written": 0}
    if error is not None:
        figures["errors"] = {error["code"]: 1}
        return Done(status_of([error["code"]]), figures, (f"no comment was made: {advised(error)}", *heard.texts))
    if response["status"] != "ok":
        return Done(OK, figures, (f"no comment was made: {response['summary']}", *heard.texts))
    return Done(OK, {**figures, "written": 1}, tuple(heard.texts))


def _request(payload: Payload) -> dict[str, Any]:
    """Raises `Unusable`."""
    indicator, text = payload.param("indicator"), payload.param("comment")
    if not indicator or not text:
        empty = "comment" if indicator else "indicator"
        raise Unusable(f"{empty} is empty: the alert's first result has no value for what is to stand there")
    if _UNFILLED in indicator or _UNFILLED in text:
        raise Unusable("a $result...$ was not filled in: look at its spelling in the alert")
    try:
        return request_of(indicator, payload.param("type").lower(), text)
    except UsageError as error:
        raise Unusable(str(error)) from None
