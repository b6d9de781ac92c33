"""Splits a stream of bytes into numbered lines."""

from __future__ import annotations

from ...light_typing import NamedTuple

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
