"""The rest of an invalid array, up to its end by its brackets: it is not executed, and every request after it is
answered.
"""

from __future__ import annotations

import json
import re

from ...quick_imports import pattern
from .lines import Document, Text, refused

# After this many requests without the end of the array, the requests count as input after the array and are answered.
_MOST_KEPT = 1000
_CLOSES = {"}": "{", "]": "["}
_REST_OF_STRING = pattern(r'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_OUTSIDE = pattern(r'[][{}"]')
_MOST_OPEN = 10_000


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


class Brackets:
    """`add` each line of the array, including the first, and `add_part` further parts of a very long line.

    A string without an end may continue in the next line, or its closing quotation mark is missing. The array counts as
    closed only if it is closed both ways, so that no part of it is taken for input after it.
    """

    def __init__(self) -> None:
        self._by_line = _Scan()
        self._over_lines = _Scan()

    @property
    def are_closed(self) -> bool:
        return self._by_line.is_closed and self._over_lines.is_closed

    @property
    def arrays(self) -> int:
        """The number of open arrays."""
        return self._by_line.of_kind["["]

    def add(self, line: str) -> None:
        self._by_line.end_string()
        if self._over_lines.in_string and _is_element(line):
            self._over_lines.end_string()
        self._over_lines.add("\n")
        self.add_part(line)

    def add_part(self, part: str) -> None:
        self._by_line.add(part)
        self._over_lines.add(part)


def _is_element(line: str) -> bool:
    """Whether the line is a complete object, which is unlikely within a string."""
    bare = line.strip(", \t\r[]")
    if not (bare.startswith("{") and bare.endswith("}")):
        return False
    try:
        json.loads(bare)
    except (ValueError, RecursionError):
        return False
    return True


class _Scan:
    """A closing bracket also closes brackets that were left open inside. Levels below `_MOST_OPEN` are only counted."""

    def __init__(self) -> None:
        self.of_kind = {"{": 0, "[": 0}
        self._open: list[str] = []
        self._deeper = 0
        self.in_string = False
        self._escape = ""

    @property
    def is_closed(self) -> bool:
        return not self._open

    def end_string(self) -> None:
        self.in_string = False
        self._escape = ""

    def add(self, text: str) -> None:
        text = self._escape + text
        self._escape = ""
        position = 0
        while True:
            if self.in_string:
                end = _REST_OF_STRING.match(text, position)
                if end is None:
                    backslashes = len(text) - max(position, len(text.rstrip("\\")))
                    self._escape = "\\" if backslashes % 2 else ""
                    return
                position = end.end()
                self.in_string = False
            found = _OUTSIDE.search(text, position)
            if found is None:
                return
            position = found.end()
            if found.group() == '"':
                self.in_string = True
            else:
                self._take(found.group())

    def _take(self, bracket: str) -> None:
        if bracket not in _CLOSES:
            self._push(bracket)
        elif self._deeper:
            self._deeper -= 1
        elif self.of_kind[_CLOSES[bracket]]:
            self._close(_CLOSES[bracket])

    def _push(self, bracket: str) -> None:
        if len(self._open) >= _MOST_OPEN:
            self._deeper += 1
            return
        self._open.append(bracket)
        self.of_kind[bracket] += 1

    def _close(self, opened: str) -> None:
        last = ""
        while last != opened:
            last = self._open.pop()
            self.of_kind[last] -= 1
