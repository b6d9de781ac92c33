"""An object or array that is spread over lines, and not whole yet."""

from __future__ import annotations

from typing import NamedTuple

from ...patterns import pattern
from .brackets import Brackets
from .lines import LONGEST_BYTES
from .partial_json import PartialJson, State

# For how long nothing may come while an object is unfinished. The first is for one line that breaks off: most likely
# it is all there is, and its sender waits for the answer. The second is for an object that is being spread over lines.
PATIENCE_S = 2.0
LONG_PATIENCE_S = 30.0


class Text(NamedTuple):
    """A line that is valid UTF-8. `size` in bytes."""

    number: int
    text: str
    size: int


# Marks of the order of bytes, controls, spaces of all kinds (those without a width too), and bytes that are no UTF-8.
_ARRAY = pattern("[\\s\\x00-\\x20\\x7f-\\x9f\\u200b-\\u200f\\u2060\\ufeff\\ufffd]*\\[")


def begins_array(text: str) -> bool:
    """Whether it may be the first line of an array: of what can be seen of it, a bracket is the first."""
    return _ARRAY.match(text) is not None


def _is_element(text: str) -> bool:
    """Whether it is a line as those write it who write an array with one object a line."""
    bare = text.strip()
    return bare.startswith("{") and bare.endswith(",") and bare[:-1].rstrip().endswith("}")


class Unfinished:
    """`add` a line that begins with a bracket, then the next ones for as long as the answer is `open`."""

    def __init__(self) -> None:
        # Of an object that is too long only the first line is kept.
        self.lines: list[Text] = []
        self.size = 0
        self._json = PartialJson()
        self._brackets = Brackets()
        self._is_spread = False
        self._is_one = False

    @property
    def is_one(self) -> bool:
        """Whether it is an array, or an object with one in it that is written one element a line.

        Its lines are no requests of their own, whatever becomes of it.
        """
        return self._is_one or (self._is_spread and self._json.awaits_object)

    @property
    def is_too_long(self) -> bool:
        return self.size > LONGEST_BYTES

    @property
    def patience_s(self) -> float:
        """How long nothing may come."""
        # As those who spread an object write it: a bracket by itself, or already several lines that fit together. The
        # other elements of an array are waited for.
        is_spread = self._is_spread or self.is_one or self.lines[0].text.strip() == "{"
        return LONG_PATIENCE_S if is_spread else PATIENCE_S

    @property
    def rest(self) -> Brackets | None:
        """What ends it if it does not go on as JSON; None if its last line did."""
        return None if self._brackets.are_closed else self._brackets

    def add(self, line: Text) -> State:
        """What it is with this line. Kept is the line unless it is the one that does not fit."""
        arrays = self._brackets.arrays
        self._brackets.add(line.text)
        self._is_one = self.is_one or (_is_element(line.text) if self.lines else begins_array(line.text))
        state = self._json.add(line.text)
        if state in ("open", "whole"):
            self._is_spread = bool(self.lines)
            self.lines.append(line)
            self.size += line.size + 1
        elif self.lines and not line.text.lstrip().startswith(("{", "[")):
            # The array that begins in this line is part of the object.
            self._is_one = self._is_one or self._brackets.arrays > arrays
        if self.is_too_long:
            del self.lines[1:]
        return state

    def add_unreadable(self, text: str) -> None:
        """The line that breaks it, as far as it can be read."""
        self._brackets.add(text)

    def text(self, more: str | None = None) -> str:
        """All lines, and perhaps one more."""
        return "\n".join([*(line.text for line in self.lines), *([] if more is None else [more])])
