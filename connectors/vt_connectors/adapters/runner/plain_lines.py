"""Reads request documents that are one line each, as most senders write them; the rest is for a `DocumentReader`."""

from __future__ import annotations

from codecs import BOM_UTF8

from ... import strict_json
from ...light_typing import TYPE_CHECKING
from .lines import LONGEST_BYTES, Document, InHand, Place

if TYPE_CHECKING:
    from .json_lines import DocumentReader

# Deeper nesting is for the other reader to judge.
_MOST_BRACKETS = 100


class PlainLines:
    """Has the methods of `DocumentReader`, which it imports and gives the input to from the first piece on that is more
    than complete lines with one object each. Until then a process starts faster.
    """

    def __init__(self, *, at_terminal: bool = False) -> None:
        """`at_terminal`: the input is typed line by line."""
        self._at_terminal = at_terminal
        self._number = 1
        self._read_bytes = 0
        self._reader: DocumentReader | None = None

    @property
    def in_hand(self) -> InHand:
        return InHand(place=Place(self._number)) if self._reader is None else self._reader.in_hand

    def feed(self, piece: bytes) -> list[Document]:
        if self._reader is None:
            found = _plain(piece, self._number)
            if found is not None:
                self._number += len(found)
                self._read_bytes += len(piece)
                return found
        return self._rest().feed(piece)

    def quiet(self, seconds: float) -> list[Document]:
        return [] if self._reader is None else self._reader.quiet(seconds)

    def end(self) -> list[Document]:
        return [] if self._reader is None else self._reader.end()

    def _rest(self) -> DocumentReader:
        if self._reader is None:
            from .json_lines import DocumentReader

            self._reader = DocumentReader(
                at_terminal=self._at_terminal, number=self._number, read_bytes=self._read_bytes
            )
        return self._reader


def _plain(piece: bytes, number: int) -> list[Document] | None:
    """The documents of a piece that is complete lines with one object each; else None."""
    if len(piece) > LONGEST_BYTES or not piece.endswith((b"}\n", b"}\r\n")) or piece.startswith(BOM_UTF8):
        return None
    found: list[Document] = []
    try:
        for line in piece[:-1].split(b"\n"):
            if line.count(b"{") + line.count(b"[") > _MOST_BRACKETS:
                return None
            value = strict_json.loads(line.decode("utf-8"))
            if not isinstance(value, dict):
                return None
            found.append(Document(number + len(found), value))
    except (ValueError, RecursionError):
        return None
    return found
