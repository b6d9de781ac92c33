"""JSON that arrives line by line: whether it is complete, incomplete, or can no longer become JSON.

Each character is examined once. A JSON token cannot span lines, so a line always consists of complete tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]  # the function that `json` uses

from ...light_typing import Literal
from ...quick_imports import pattern

State = Literal["open", "whole", "broken", "too deep"]

# The contract's own documents have four levels.
MOST_NESTED = 100
_SPACE = pattern(r"[ \t\r\n]*")
_SCALAR = pattern(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null")

# The tokens that may come next.
_VALUE, _VALUE_OR_END, _NAME, _NAME_OR_END, _COLON, _COMMA_OR_END, _NOTHING = range(7)
_OPENED = {"{": _NAME_OR_END, "[": _VALUE_OR_END}
_CLOSES = {"}": ("{", (_NAME_OR_END, _COMMA_OR_END)), "]": ("[", (_VALUE_OR_END, _COMMA_OR_END))}
_OTHERS = {
    (_VALUE, "scalar"): _COMMA_OR_END,
    (_VALUE_OR_END, "scalar"): _COMMA_OR_END,
    (_VALUE, '"'): _COMMA_OR_END,
    (_VALUE_OR_END, '"'): _COMMA_OR_END,
    (_NAME, '"'): _COLON,
    (_NAME_OR_END, '"'): _COLON,
    (_COLON, ":"): _VALUE,
}


class PartialJson:
    """`add` each line of one object or array while the result is `open`."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._next = _VALUE
        self._last = self._before_comma = ""

    @property
    def awaits_object(self) -> bool:
        """Whether an object may come next as an element of an array that contains only objects so far."""
        if self._open[-1:] != ["["]:
            return False
        return self._next == _VALUE_OR_END or (self._next == _VALUE and self._before_comma == "}")

    def add(self, line: str) -> State:
        """The state of all lines up to this one."""
        try:
            for mark in _tokens(line):
                if not self._take(mark):
                    return "broken"
                if mark == ",":
                    self._before_comma = self._last
                self._last = mark
                if len(self._open) > MOST_NESTED:
                    return "too deep"
        except ValueError:
            return "broken"
        return "whole" if self._next == _NOTHING else "open"

    def _take(self, mark: str) -> bool:
        """Whether the token is allowed here."""
        if mark in _OPENED:
            if self._next not in (_VALUE, _VALUE_OR_END):
                return False
            self._open.append(mark)
            self._next = _OPENED[mark]
        elif mark in _CLOSES:
            opened, allowed = _CLOSES[mark]
            if self._next not in allowed or self._open[-1] != opened:
                return False
            self._open.pop()
            self._next = _COMMA_OR_END if self._open else _NOTHING
        elif mark == ",":
            if self._next != _COMMA_OR_END:
                return False
            self._next = _NAME if self._open[-1] == "{" else _VALUE
        else:
            following = _OTHERS.get((self._next, mark))
            if following is None or not self._open:
                return False
            self._next = following
        return True


def _tokens(line: str) -> Iterator[str]:
    """Brackets, commas and colons as they are, `"` for a string, `scalar` for the rest. Raises `ValueError`."""
    position = _end_of(_SPACE, line, 0)
    while position < len(line):
        char = line[position]
        if char == '"':
            _, position = scanstring(line, position + 1, True)
            yield char
        elif char in "{}[],:":
            position += 1
            yield char
        else:
            position = _end_of(_SCALAR, line, position)
            yield "scalar"
        position = _end_of(_SPACE, line, position)


def _end_of(pattern: re.Pattern[str], line: str, position: int) -> int:
    found = pattern.match(line, position)
    if found is None:
        raise ValueError("not a token of JSON")
    return found.end()
