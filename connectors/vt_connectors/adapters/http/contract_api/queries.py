"""The queries of calls: few names, each checked."""

from __future__ import annotations

from ..messages import Call, Refused
from ..token_text import shown

HTTP_STATUS = "http_status"
_SWITCH = {"1": True, "true": True, "0": False, "false": False}


def status_is_wanted(call: Call, others: tuple[str, ...] | None = ()) -> bool:
    """Whether the HTTP status is to be the outcome's. `others`: further names that the query may have; None: any."""
    if not call.query and "prefer" not in call.headers:
        return False
    if others is not None:
        only(call, (HTTP_STATUS, *others))
    preferred = {part.partition(";")[0].strip().lower() for part in call.headers.get("prefer", "").split(",")}
    is_asked_for = switch(call, HTTP_STATUS)
    return is_asked_for or "status" in preferred


def switch(call: Call, name: str) -> bool:
    values = [value for each, value in query_of(call) if each == name]
    wrong = next((value for value in values if value not in _SWITCH), None)
    if wrong is not None or len(values) > 1:
        raise Refused(400, "query", f"{name} is given once, as one of {', '.join(_SWITCH)}")
    return any(_SWITCH[value] for value in values)


def only(call: Call, names: tuple[str, ...]) -> None:
    unknown = next((name for name, _ in query_of(call) if name not in names), None)
    if unknown is not None:
        known = ", ".join(names) or "none"
        raise Refused(400, "query", f"unknown query parameter {shown(unknown, 60)!r}; known names: {known}")


def query_of(call: Call) -> list[tuple[str, str]]:
    try:
        return call.query_values
    except ValueError as error:
        raise Refused(400, "query", f"the query cannot be read: {error}") from None
