"""Where an array ends that is no JSON, as far as its brackets show."""

from __future__ import annotations

import json
import re

from ...patterns import pattern

_CLOSES = {"}": "{", "]": "["}
_REST_OF_STRING = pattern(r'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_OUTSIDE = pattern(r'[][{}"]')
_MOST_OPEN = 10_000


class Brackets:
    """`add` each line of the array, the first one too, and `add_part` what else comes of a line that is very long.

    A string without an end may go on in the next line, or its quotation mark is missing. The array is closed when it is
    both ways: nothing that may be within it is taken for what stands behind it.
    """

    def __init__(self) -> None:
        self._by_line = _Reading()
        self._over_lines = _Reading()

    @property
    def are_closed(self) -> bool:
        return self._by_line.is_closed and self._over_lines.is_closed

    @property
    def arrays(self) -> int:
        """How many arrays are open."""
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
    """Whether it is a whole object: it would hardly be written so within a string."""
    bare = line.strip(", \t\r[]")
    if not (bare.startswith("{") and bare.endswith("}")):
        return False
    try:
        json.loads(bare)
    except (ValueError, RecursionError):
        return False
    return True


class _Reading:
    """A bracket closes those that were left open within it. What is deeper than `_MOST_OPEN` is only counted."""

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
