"""What the app's endpoints have in common: a document in, status and document out, and nothing raised."""

from __future__ import annotations

import json
import logging
from typing import Any, Callable

from connectors.errors import ConfigError, ConnectorError

from .rest_request import NotFromSplunkd, RestRequest, read_rest_request, reply

_MOST_CHARACTERS = 512 * 1024
_LOG = logging.getLogger("connectors.core")
Answer = tuple[int, dict[str, Any]]


def answered(passed: str | bytes, answer: Callable[[RestRequest], Answer]) -> dict[str, Any]:
    """splunkd's reply, with an `error` for what went wrong. Never raises."""
    try:
        return reply(*answer(read_rest_request(passed)))
    except NotFromSplunkd:
        return reply(500, {"error": "splunkd did not pass what restmap.conf asks it for"})
    except ConnectorError as error:
        return reply(403 if isinstance(error, ConfigError) else 503, {"error": error.message})
    except Exception:
        _LOG.exception("a call of an endpoint failed")
        return reply(500, {"error": "a bug in vtlookup; splunkd's log has the traceback"})


def document_of(body: str) -> dict[str, Any]:
    """An empty one for what is none."""
    try:
        document = json.loads(body) if len(body) <= _MOST_CHARACTERS else None
    except (ValueError, RecursionError):
        document = None
    return document if isinstance(document, dict) else {"": None}
