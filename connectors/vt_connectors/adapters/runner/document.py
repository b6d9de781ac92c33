"""A request document, or why there is none."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...errors import ConnectorError, InvalidRequest
from .lines import LONGEST_BYTES


class Document(NamedTuple):
    """What stood at `line` (from 1): `value`, or the `error` that it is none."""

    line: int
    value: Any = None
    error: ConnectorError | None = None


def too_long(number: int) -> Document:
    """What begins at the line."""
    return refused(number, f"begins an object or array that is longer than {LONGEST_BYTES} bytes")


def refused(number: int, why: str) -> Document:
    """`why` says what is wrong with the line."""
    return Document(number, error=InvalidRequest(f"line {number} {why}", details={"line": number, "path": ""}))


def refused_whole(number: int, why: str) -> Document:
    """`why` says what is wrong with what begins at the line. None of its requests may be executed."""
    return refused(number, f"begins an array, or an object with one, that {why}; nothing of it was executed")
