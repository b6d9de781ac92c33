"""Parses one line, or several lines that are joined while they are an incomplete object or array."""

from __future__ import annotations

import json

from ... import strict_json
from ...quick_imports import pattern
from .lines import LONGEST_BYTES, Document, Text, refused
from .partial_json import MOST_NESTED, PartialJson, State
from .skipped_input import Brackets

# How long to wait for more input while an object is incomplete. The short time is for a single incomplete line, because
# its sender probably waits for the answer. The long time is for an object that spans several lines.
PATIENCE_S = 2.0
LONG_PATIENCE_S = 30.0


# Byte order marks, control characters, spaces (also of zero width), and bytes that are not UTF-8.
_ARRAY = pattern("[\\s\\x00-\\x20\\x7f-\\x9f\\u200b-\\u200f\\u2060\\ufeff\\ufffd]*\\[")


def begins_array(text: str) -> bool:
    """Whether the line may begin an array: its first visible character is a bracket."""
    return _ARRAY.match(text) is not None


def _is_element(text: str) -> bool:
    """Whether the line is one element of an array with one object per line."""
    bare = text.strip()
    return bare.startswith("{") and bare.endswith(",") and bare[:-1].rstrip().endswith("}")


class Unfinished:
    """`add` a line that begins with a bracket, then the next lines while the result is `open`."""

    def __init__(self) -> None:
        # If the object is too long, only its first line is stored.
        self.lines: list[Text] = []
        self.size = 0
        self._json = PartialJson()
        self._brackets = Brackets()
        self._is_spread = False
        self._is_one = False

    @property
    def is_one(self) -> bool:
        """Whether it is an array, or an object that contains an array with one element per line.

        Its lines are never separate requests, even if it turns out to be invalid.
        """
        return self._is_one or (self._is_spread and self._json.awaits_object)

    @property
    def is_too_long(self) -> bool:
        return self.size > LONGEST_BYTES

    @property
    def patience_s(self) -> float:
        """How long to wait for more input, in seconds."""
        # The object spans several lines if a bracket is alone on its line, or if several lines were joined already. For
        # an array, the other elements are expected.
        is_spread = self._is_spread or self.is_one or self.lines[0].text.strip() == "{"
        return LONG_PATIENCE_S if is_spread else PATIENCE_S

    @property
    def rest(self) -> Brackets | None:
        """The brackets that must close before an invalid array ends; None if they are closed."""
        return None if self._brackets.are_closed else self._brackets

    def add(self, line: Text) -> State:
        """The state with this line. The line is stored unless it makes the JSON invalid."""
        arrays = self._brackets.arrays
        self._brackets.add(line.text)
        self._is_one = self.is_one or (_is_element(line.text) if self.lines else begins_array(line.text))
        state = self._json.add(line.text)
        if state in ("open", "whole"):
            self._is_spread = bool(self.lines)
            self.lines.append(line)
            self.size += line.size + 1
        elif self.lines and not line.text.lstrip().startswith(("{", "[")):
            # An array that begins in this line is part of the object.
            self._is_one = self._is_one or self._brackets.arrays > arrays
        if self.is_too_long:
            del self.lines[1:]
        return state

    def add_unreadable(self, text: str) -> None:
        """Add the readable part of the line that makes it invalid."""
        self._brackets.add(text)

    def text(self, more: str | None = None) -> str:
        """All lines, and `more` if it is given."""
        return "\n".join([*(line.text for line in self.lines), *([] if more is None else [more])])


class LineParser:
    """`examined` counts the examined characters, including repetitions."""

    def __init__(self) -> None:
        self.examined = 0

    def is_request(self, line: Text) -> bool:
        """Whether a line that could continue an object is a complete request."""
        if not (line.text.startswith("{") and line.text.rstrip().endswith("}")):
            return False
        value = self.alone(line).value
        return isinstance(value, dict) and "action" in value

    def alone(self, line: Text) -> Document:
        if line.text.count("{") + line.text.count("[") > MOST_NESTED:
            self.examined += len(line.text)
            if PartialJson().add(line.text) == "too deep":
                return refused(line.number, "is nested too deep")
        return self.parsed(line.number, line.text)

    def parsed(self, number: int, text: str) -> Document:
        self.examined += len(text)
        try:
            return Document(number, strict_json.loads_once(text))
        except json.JSONDecodeError as error:
            return refused(number, f"is not JSON: {error.msg.removesuffix(' at')} at column {error.colno}")
        except RecursionError:
            return refused(number, "is nested too deep")
        except ValueError as error:
            return refused(number, f"is not JSON: {error}")


def as_far_as_readable(content: bytes) -> str:
    return content.decode("utf-8", "replace")
