"""Reads the request documents of one call from its body."""

from __future__ import annotations

from typing import Any, NamedTuple

from ... import strict_json
from ...errors import InvalidRequest, TooLarge

MOST_BYTES = 1024 * 1024
# A request has at most five levels.
MOST_NESTED = 32


class DocumentLimits(NamedTuple):
    """Of one call. `size`: bytes of the body. `with_raw`: requests that include VirusTotal's whole response, because
    these are large. `nested`: levels of arrays and objects.
    """

    size: int = MOST_BYTES
    requests: int = 100
    with_raw: int = 10
    nested: int = MOST_NESTED


def read_body(body: str, limits: DocumentLimits) -> dict[str, Any]:
    """The document of a call. Raises `TooLarge` and `InvalidRequest`."""
    if len(body.encode("utf-8", "replace")) > limits.size:
        raise TooLarge(f"the body is larger than {limits.size} bytes; send fewer requests at once")
    try:
        document = strict_json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidRequest("the body is not JSON", details={"path": ""}) from None
    if not isinstance(document, dict) or is_nested_deeper(document, limits.nested):
        raise InvalidRequest("the body is not an object, or nested too deep", details={"path": ""})
    return document


def requests_in(document: dict[str, Any], limits: DocumentLimits) -> list[Any]:
    """The request documents of `{"requests": [...]}`, or of one request by itself. Raises like `read_body`."""
    if "requests" not in document:
        return [document]
    requests = document["requests"]
    if not isinstance(requests, list) or not requests or set(document) != {"requests"}:
        raise InvalidRequest("/requests must be a list, without other fields beside it", details={"path": "/requests"})
    if len(requests) > limits.requests:
        raise TooLarge(f"{len(requests)} requests are more than {limits.requests}; send fewer at once")
    if sum(map(_asks_for_raw, requests)) > limits.with_raw:
        raise TooLarge(f"more than {limits.with_raw} requests include raw; send fewer of these at once")
    return requests


def _asks_for_raw(request: Any) -> bool:
    options = request.get("options") if isinstance(request, dict) else None
    include = options.get("include") if isinstance(options, dict) else None
    return isinstance(include, list) and "raw" in include


def is_nested_deeper(document: Any, levels: int = MOST_NESTED) -> bool:
    """Whether a JSON value has more levels of arrays and objects."""
    layer = [document]
    for _ in range(levels):
        inner = [item.values() if isinstance(item, dict) else item for item in layer if isinstance(item, (dict, list))]
        layer = [value for values in inner for value in values]
    return any(isinstance(item, (dict, list)) for item in layer)
