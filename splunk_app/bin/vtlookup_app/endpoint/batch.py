"""Reads the request documents of one call from its body."""

from __future__ import annotations

from typing import Any

from vt_connectors import strict_json
from vt_connectors.errors import InvalidRequest, TooLarge

from ..limits import MOST_BYTES, MOST_NESTED, MOST_REQUESTS, MOST_WITH_RAW


def read_body(body: str) -> dict[str, Any]:
    """The document of a call. Raises `ConnectorError`."""
    if len(body.encode("utf-8", "replace")) > MOST_BYTES:
        raise TooLarge(f"the body is larger than {MOST_BYTES} bytes; send fewer requests at once")
    try:
        document = strict_json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidRequest("the body is not JSON", details={"path": ""}) from None
    if not isinstance(document, dict) or _is_nested_deeper(document, MOST_NESTED):
        raise InvalidRequest("the body is not an object, or nested too deep", details={"path": ""})
    return document


def requests_in(document: dict[str, Any]) -> list[Any]:
    """The request documents of `{"requests": [...]}`, or of one request by itself. Raises `ConnectorError`."""
    if "requests" not in document:
        return [document]
    requests = document["requests"]
    if not isinstance(requests, list) or not requests or set(document) != {"requests"}:
        raise InvalidRequest("/requests must be a list, without other fields beside it", details={"path": "/requests"})
    if len(requests) > MOST_REQUESTS:
        raise TooLarge(f"{len(requests)} requests are more than {MOST_REQUESTS}; send fewer at once")
    if sum(map(_asks_for_raw, requests)) > MOST_WITH_RAW:
        raise TooLarge(f"more than {MOST_WITH_RAW} requests include raw; send fewer of these at once")
    return requests


def _asks_for_raw(request: Any) -> bool:
    options = request.get("options") if isinstance(request, dict) else None
    include = options.get("include") if isinstance(options, dict) else None
    return isinstance(include, list) and "raw" in include


def _is_nested_deeper(document: Any, levels: int) -> bool:
    layer = [document]
    for _ in range(levels):
        inner = [item.values() if isinstance(item, dict) else item for item in layer if isinstance(item, (dict, list))]
        layer = [value for values in inner for value in values]
    return any(isinstance(item, (dict, list)) for item in layer)
