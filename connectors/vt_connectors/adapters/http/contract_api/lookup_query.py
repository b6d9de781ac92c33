"""`GET /v1/lookup?value=...`: a lookup as a query, for tools that can only GET."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Callable

from ....config.values import seconds_of
from ....contract.nearest import nearest
from ....contract.response import Response
from ....errors import InvalidRequest
from ..token_text import shown

# An address has at most 8192 characters.
MOST_PARTS = 50
_KINDS = ("hash", "url", "domain", "ip")
_THRESHOLDS = ("malicious", "suspicious")


def _text(name: str, value: str) -> Any:
    return value


def _several(name: str, value: str) -> Any:
    parts = [part.strip() for part in value.split(",") if part.strip()]
    if len(parts) > MOST_PARTS:
        raise _wrong(name, f"has more than {MOST_PARTS} values; use POST /v1/run")
    return parts


def _seconds(name: str, value: str) -> Any:
    found = seconds_of(value)
    if found is None:
        raise _wrong(name, "is not a time such as 90s, 15m, 12h or 7d")
    return found


def _count(name: str, value: str) -> Any:
    if not (value.isascii() and value.isdigit() and len(value) <= 6):
        raise _wrong(name, "is not a whole number")
    return int(value)


# By the name in the query: where it belongs in the request document, and its reader.
_PLACES: dict[str, tuple[tuple[str, ...], Callable[[str, str], Any]]] = {
    "value": (("params", "value"), _text),
    "type": (("params", "type"), _text),
    "relationships": (("params", "relationships"), _several),
    "cache": (("options", "cache"), _text),
    "max_age": (("options", "max_age_s"), _seconds),
    "max_wait": (("options", "max_wait_s"), _seconds),
    "include": (("options", "include"), _several),
    "trusted_engines": (("options", "trusted_engines"), _several),
    "ignored_engines": (("options", "ignored_engines"), _several),
    "verdict_by": (("options", "verdict_by"), _text),
    **{name: (("options", "thresholds", name), _count) for name in _THRESHOLDS},
    **{f"{kind}.{name}": (("options", "thresholds", kind, name), _count) for kind in _KINDS for name in _THRESHOLDS},
}
_WAIT = ("max_wait_s", "max_wait")
NAMES: Collection[str] = tuple(_PLACES)


def document_of(values: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The request document for a decoded query. Empty values count as absent. Raises `InvalidRequest`."""
    document: dict[str, Any] = {"action": "lookup", "params": {}, "options": {}}
    seen = set()
    for name, value in values:
        if name not in _PLACES:
            meant = nearest(name, NAMES)
            names = ", ".join(NAMES)
            hint = f"did you mean {meant!r}? Known names: {names}" if meant else f"known names: {names}"
            raise _wrong(name, f"is unknown; {hint}")
        if name in seen:
            raise _wrong(name, "is given twice")
        seen.add(name)
        if value:
            place, read = _PLACES[name]
            _put(document, place, read(name, value))
    return document


def in_words_of_the_query(response: Response) -> Response:
    """The response, whose error names the option of a request document by its name in the query."""
    error = response["error"]
    if error is None or _WAIT[0] not in error["message"]:
        return response
    message, summary = (text.replace(*_WAIT) for text in (error["message"], response["summary"]))
    return {**response, "summary": summary, "error": {**error, "message": message}}


def _put(document: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    *outer, last = place
    for name in outer:
        document = document.setdefault(name, {})
    document[last] = value


def _wrong(name: str, why: str) -> InvalidRequest:
    name = shown(name, 60)
    return InvalidRequest(f"query parameter {name!r} {why}", details={"path": f"/{name}"})
