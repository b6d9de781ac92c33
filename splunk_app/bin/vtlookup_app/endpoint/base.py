"""The common part of the app's endpoints: a document in, a status and a document out, and no exceptions."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any, Callable

from vt_connectors.errors import ConfigError, ConnectorError, InvalidRequest

from ..setting_names import in_splunk
from .rest_request import NotFromSplunkd, RestRequest, read_rest_request, reply

_MOST_CHARACTERS = 512 * 1024
_LOG = logging.getLogger("vt_connectors.core")
Answer = tuple[int, dict[str, Any]]


def answered(
    passed: str | bytes, answer: Callable[[RestRequest], Answer], right: str, methods: Sequence[str] = ("POST",)
) -> dict[str, Any]:
    """The reply for splunkd, with an `error` if the call failed. Never raises.

    splunkd has already checked the caller's `right`, by the request's method, according to restmap.conf.
    """
    try:
        request = read_rest_request(passed)
        if request.method not in methods:
            return reply(405, {"error": f"the method is {' or '.join(methods)}"})
        if right not in request.user.capabilities():
            return reply(403, {"error": f"your role needs the capability {right}; ask your admin"})
        return reply(*answer(request))
    except NotFromSplunkd:
        return reply(500, {"error": "splunkd did not pass the data that restmap.conf requests"})
    except ConnectorError as error:
        return reply(_status(error), {"error": in_splunk(error.message)})
    except Exception:
        _LOG.exception("a call of an endpoint failed")
        return reply(500, {"error": "a bug in vtlookup; splunkd's log has the traceback"})


def _status(error: ConnectorError) -> int:
    if isinstance(error, InvalidRequest):
        return 400
    return 403 if isinstance(error, ConfigError) else 503


def document_of(body: str) -> dict[str, Any]:
    """The JSON object in `body`; empty if it is not one."""
    try:
        document = json.loads(body) if len(body) <= _MOST_CHARACTERS else None
    except (ValueError, RecursionError):
        document = None
    return document if isinstance(document, dict) else {"": None}
