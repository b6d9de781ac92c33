"""Parses one line, or several joined lines, as a document."""

from __future__ import annotations

import json

from ... import strict_json
from .document import Document, refused
from .multiline_json import Text
from .partial_json import MOST_NESTED, PartialJson


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
            return Document(number, strict_json.loads(text))
        except json.JSONDecodeError as error:
            return refused(number, f"is not JSON: {error.msg.removesuffix(' at')} at column {error.colno}")
        except RecursionError:
            return refused(number, "is nested too deep")
        except ValueError as error:
            return refused(number, f"is not JSON: {error}")


def as_far_as_readable(content: bytes) -> str:
    return content.decode("utf-8", "replace")
