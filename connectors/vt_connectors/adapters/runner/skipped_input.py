"""The rest of a broken array: none of it is executed, and nothing that stands behind it is left without an answer."""

from __future__ import annotations

from .brackets import Brackets
from .document import Document, refused
from .multiline_json import Text

# So many requests without an end of the array behind them stand behind it: they are answered then.
_MOST_KEPT = 1000


class SkippedInput:
    """`add` each line behind the one in which the array broke, until `is_over`.

    A line that could be a request of its own may be the array's last element: if the array ends, that is answered with
    it; if no end comes, the line is refused by itself.
    """

    def __init__(self, array: int, rest: Brackets) -> None:
        """`array`: the line it begins in."""
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
        """A line that is no request, as far as it can be read; `goes_on`: more of the last one."""
        if goes_on:
            self._rest.add_part(text)
        else:
            self._rest.add(text)
        if self.is_over:
            self._requests.clear()

    def give_up(self) -> list[Document]:
        """The answers that are due if no end of the array comes."""
        why = f"stands behind an array without an end, which begins in line {self._array} and is broken"
        numbers, self._requests = self._requests, []
        return [refused(number, f"{why}; it was not executed: send it again") for number in numbers]
