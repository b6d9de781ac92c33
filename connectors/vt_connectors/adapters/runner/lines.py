"""Splits a stream of bytes into numbered lines, and what becomes of them: request documents, or errors."""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import ConnectorError, InvalidRequest
from ...light_typing import Any, NamedTuple

LONGEST_BYTES = 1024 * 1024


class Line(NamedTuple):
    """`number` counts from 1. `content` has no line end; None: the line is longer than `LONGEST_BYTES`.

    For a line that is too long, `part` is the content so far. Later parts follow with `goes_on`.
    """

    number: int
    content: bytes | None
    part: bytes = b""
    goes_on: bool = False


class Place(NamedTuple):
    """The current line, and whether a part of it has arrived, or it was returned already because it is too long."""

    number: int = 1
    has_begun: bool = False
    passes_over: bool = False


class InHand(NamedTuple):
    """The input that a reader has not answered: the object that began at line `held`, and part of the last line."""

    held: int | None = None
    place: Place = Place()


class Text(NamedTuple):
    """A line that is valid UTF-8. `size` in bytes."""

    number: int
    text: str
    size: int


class LineSplitter:
    """Holds at most one line, and no part of a line that is too long."""

    def __init__(self, number: int = 1, begun: bytes = b"", *, passes_over: bool = False) -> None:
        """The arguments continue the work of another splitter: see `place`."""
        self._number = number
        self._unended = bytearray(begun)
        self._passes_over = passes_over

    @property
    def place(self) -> Place:
        return Place(self._number, bool(self._unended.strip()), self._passes_over)

    @property
    def unended(self) -> bytes:
        """The content of the line that has no end yet."""
        return bytes(self._unended)

    def feed(self, piece: bytes) -> list[Line]:
        """The lines that end in `piece`, and the parts in it of a line that is too long."""
        found: list[Line] = []
        start = 0
        while (end := piece.find(b"\n", start)) >= 0:
            self._add(piece[start:end], found)
            found += self.end()
            start = end + 1
        self._add(piece[start:], found)
        return found

    def end(self) -> list[Line]:
        """End the current line and return it; nothing if it was returned already."""
        found = self.take_unended() if not self._passes_over else []
        self._number += 1
        self._passes_over = False
        return found

    def take_unended(self) -> list[Line]:
        """Return the current line. Further parts of it become a line with the same number."""
        line = Line(self._number, self.unended)
        self._unended.clear()
        return [line]

    def _add(self, part: bytes, found: list[Line]) -> None:
        if self._passes_over:
            found.append(Line(self._number, None, part, goes_on=True))
            return
        self._unended += part
        if len(self._unended) > LONGEST_BYTES:
            found.append(Line(self._number, None, self.unended))
            self._unended.clear()
            self._passes_over = True


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


class RefusedInput:
    """Replaces a failed `DocumentReader`: answers its unanswered input and every further line with `error`."""

    def __init__(self, error: ConnectorError, in_hand: InHand) -> None:
        self._error = error
        self._in_hand = in_hand
        number, has_begun, passes_over = in_hand.place
        self._lines = LineSplitter(number, b"?" if has_begun else b"", passes_over=passes_over)

    def held(self) -> list[Document]:
        """The error for the incomplete object, if any."""
        return [] if self._in_hand.held is None else [Document(self._in_hand.held, error=self._error)]

    def feed(self, piece: bytes) -> list[Document]:
        return self._refused(self._lines.feed(piece))

    def quiet(self, seconds: float) -> list[Document]:
        return []

    def end(self) -> list[Document]:
        return self._refused(self._lines.end())

    def _refused(self, lines: Iterable[Line]) -> list[Document]:
        return [
            Document(line.number, error=self._error)
            for line in lines
            if not line.goes_on and (line.content is None or line.content.strip())
        ]
