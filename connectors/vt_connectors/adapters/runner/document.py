"""A request document, or the error of an unreadable one."""

from __future__ import annotations

from ...errors import ConnectorError, InvalidRequest
from ...light_typing import Any, NamedTuple
from .lines import LONGEST_BYTES


class Document(NamedTuple):
    """The document at `line` (from 1): its `value`, or the `error` if it cannot be read."""

    line: int
    value: Any = None
    error: ConnectorError | None = None


def too_long(number: int) -> Document:
    """The error for a document that begins at line `number`."""
    return refused(number, f"begins an object or array that is longer than {LONGEST_BYTES} bytes")


def refused(number: int, why: str) -> Document:
    """The error for line `number`; `why` completes the sentence "line 1 ..."."""
    return Document(number, error=InvalidRequest(f"line {number} {why}", details={"line": number, "path": ""}))


def refused_whole(number: int, why: str) -> Document:
    """The error for a whole array that begins at line `number`. None of its requests may be executed."""
    return refused(number, f"begins an array, or an object with an array, that {why}; none of it was executed")
