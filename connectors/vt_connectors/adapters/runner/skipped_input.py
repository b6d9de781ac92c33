"""The rest of an invalid array: it is not executed, and every request after the array is answered."""

from __future__ import annotations

from .brackets import Brackets
from .document import Document, refused
from .multiline_json import Text

# After this many requests without the end of the array, the requests count as input after the array and are answered.
_MOST_KEPT = 1000


class SkippedInput:
    """`add` each line after the one that made the array invalid, until `is_over`.

    A line that could be a request may be an element of the array. If the array ends, the array's answer includes it; if
    no end arrives, the line is refused separately.
    """

    def __init__(self, array: int, rest: Brackets) -> None:
        """`array`: the number of the line in which the array begins."""
        self._array = array
        self._rest = rest
        self._requests: list[int] = []

    @property
    def is_over(self) -> bool:
        return self._rest.are_closed

    def add(self, line: Text, *, is_request: bool) -> list[Document]:
        self._rest.add(line.text)
        if is_request:
            self._requests.append(line.number)
        if self.is_over:
            self._requests.clear()
        return self.give_up() if len(self._requests) > _MOST_KEPT else []

    def add_unreadable(self, text: str, *, goes_on: bool) -> None:
        """Add the readable part of a line that is not a request; `goes_on`: a further part of the last line."""
        if goes_on:
            self._rest.add_part(text)
        else:
            self._rest.add(text)
        if self.is_over:
            self._requests.clear()

    def give_up(self) -> list[Document]:
        """The answers if the end of the array does not arrive."""
        why = f"follows an invalid array without an end, which begins in line {self._array}"
        numbers, self._requests = self._requests, []
        return [refused(number, f"{why}; it was not executed: send it again") for number in numbers]
