"""The alert action `vt_alert_comment`: adds one public comment, if the admin allows it."""

from __future__ import annotations

import os
from typing import Any

from vt_connectors.contract import OK, status_of

from ..app_settings import APP
from ..cancellation import Cancellation
from ..comment_policy import request_of
from ..composition import asking_for
from ..logs.search_log import SearchLog
from ..options import UsageError
from ..search_summary import advised
from ..setting_names import in_splunk
from ..warning_collector import WarningCollector
from .payload import AlertOutcome, InvalidPayload, Payload

NAME = "vt_alert_comment"
PARAMS = ("indicator", "type", "comment")


def comment(payload: Payload, log: SearchLog) -> AlertOutcome:
    """Raises `InvalidPayload` and `ConnectorError`."""
    request = _request(payload)
    heard = WarningCollector()
    log.hear_the_core()
    response = asking_for(APP, payload.searchinfo(NAME), os.environ, Cancellation()).answer(request)
    error = response["error"]
    figures: dict[str, Any] = {"rows": 1, "requests": response["meta"]["requests"], "written": 0}
    if error is not None:
        figures["errors"] = {error["code"]: 1}
        return AlertOutcome(
            status_of([error["code"]]), figures, (f"no comment was made: {advised(error)}", *heard.texts)
        )
    if response["status"] != "ok":
        return AlertOutcome(OK, figures, (f"no comment was made: {in_splunk(response['summary'])}", *heard.texts))
    return AlertOutcome(OK, {**figures, "written": 1}, tuple(heard.texts))


def _request(payload: Payload) -> dict[str, Any]:
    """Raises `InvalidPayload`."""
    indicator, text = payload.param("indicator"), payload.param("comment")
    if not indicator or not text:
        empty = "comment" if indicator else "indicator"
        raise InvalidPayload(f"{empty} is empty: the alert's first result has no value for it")
    try:
        return request_of(indicator, payload.param("type").lower(), text)
    except UsageError as error:
        raise InvalidPayload(str(error)) from None
