"""Splits a stream of bytes into the lines of events. Nothing of the input is lost, and memory is bounded."""

from __future__ import annotations

from ..runner.lines import LONGEST_BYTES


class Unreadable(str):
    """A line, or a piece of one, that cannot be an event: it is longer than allowed, or not UTF-8.

    As text with Python's `surrogateescape`, so that it is written as it was read. `ends`: it is the end of its line.
    """

    __slots__ = ("ends",)
    ends: bool

    @classmethod
    def of(cls, content: bytes, *, ends: bool) -> Unreadable:
        found = cls(content.decode("utf-8", "surrogateescape"))
        found.ends = ends
        return found


class EventLines:
    """Holds at most one line, and no part of a line that is too long."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._passes_over = False

    def feed(self, piece: bytes) -> list[str]:
        """The lines that end in `piece`, without their ends, and the parts in it of a line that is too long."""
        end = piece.rfind(b"\n")
        if end < 0:
            return self._add(piece)
        found: list[str] = []
        if self._begun or self._passes_over:
            first, piece = piece[: (begin := piece.index(b"\n"))], piece[begin + 1 :]
            end -= begin + 1
            self._begun += first
            found += self.end()
        if end >= 0:
            found += _texts(piece[:end])
        return found + self._add(piece[end + 1 :])

    def end(self) -> list[str]:
        """End the current line and return what is left of it."""
        content = bytes(self._begun)
        is_too_long = self._passes_over or len(content) > LONGEST_BYTES
        self._begun.clear()
        self._passes_over = False
        if is_too_long:
            return [Unreadable.of(content, ends=True)]
        return _texts(content) if content else [""]

    @property
    def has_begun(self) -> bool:
        """Whether a line has begun that has no end yet."""
        return bool(self._begun) or self._passes_over

    def _add(self, part: bytes) -> list[str]:
        self._begun += part
        if self._passes_over or len(self._begun) > LONGEST_BYTES:
            content = bytes(self._begun)
            self._begun.clear()
            self._passes_over = True
            return [Unreadable.of(content, ends=False)] if content else []
        return []


def _texts(block: bytes) -> list[str]:
    try:
        return block.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        return [_text(line) for line in block.split(b"\n")]


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return Unreadable.of(line, ends=True)
