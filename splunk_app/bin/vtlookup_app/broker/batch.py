"""The documents of one call: read from its body, and held against what its caller may have done."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from connectors.actions import ACTIONS
from connectors.errors import ConnectorError, Forbidden, InvalidRequest, TooLarge

from .limits import MAY_WRITE, MOST_BYTES, MOST_NESTED, MOST_REQUESTS


def read_batch(body: str) -> list[Any]:
    """The request documents of `{"requests": [...]}`, or of one request by itself. Raises `ConnectorError`."""
    if len(body.encode("utf-8", "replace")) > MOST_BYTES:
        raise TooLarge(f"the body is larger than {MOST_BYTES} bytes; send fewer requests at once")
    try:
        document = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise InvalidRequest("the body is not JSON", details={"path": ""}) from None
    if not isinstance(document, dict) or _is_nested_deeper(document, MOST_NESTED):
        raise InvalidRequest("the body is not an object, or nested too deep", details={"path": ""})
    if "requests" not in document:
        return [document]
    requests = document["requests"]
    if not isinstance(requests, list) or not requests or set(document) != {"requests"}:
        raise InvalidRequest("/requests is not a list of requests alone", details={"path": "/requests"})
    if len(requests) > MOST_REQUESTS:
        raise TooLarge(f"{len(requests)} requests are more than {MOST_REQUESTS}; send fewer at once")
    return requests


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _is_nested_deeper(document: Any, levels: int) -> bool:
    layer = [document]
    for _ in range(levels):
        inner = [item.values() if isinstance(item, dict) else item for item in layer if isinstance(item, (dict, list))]
        layer = [value for values in inner for value in values]
    return any(isinstance(item, (dict, list)) for item in layer)


def refusal(document: Any, may: Callable[[str], bool]) -> ConnectorError | None:
    """Why this caller's request is not answered here; None where the core is to answer it, whatever it says."""
    if not isinstance(document, dict):
        return None
    if document.get("auth"):
        return InvalidRequest("auth is not taken here: the key is the server's own", details={"path": "/auth"})
    params = document.get("params")
    name = document.get("action")
    if name == "scan_file" and isinstance(params, dict) and "path" in params:
        # It would be a file of the search head, read with the rights of splunkd.
        return Forbidden("no file of this server is sent: give content_base64", details={"path": "/params/path"})
    if _writes(name, params) and not may(MAY_WRITE):
        return Forbidden(f"{name} is seen by others and cannot be undone: your role needs the capability {MAY_WRITE}")
    return None


def _writes(name: Any, params: Any) -> bool:
    action = ACTIONS.get(name) if isinstance(name, str) else None
    scans = isinstance(params, dict) and bool(params.get("scan_if_missing"))
    return action is not None and (action.writes or scans)
