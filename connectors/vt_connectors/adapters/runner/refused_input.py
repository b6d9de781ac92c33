"""Answers the remaining input with an error if requests can no longer be read."""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import ConnectorError
from .document import Document
from .lines import InHand, Line, LineSplitter


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
