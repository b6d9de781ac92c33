"""A chunk's body, stored as its lines only."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_ONLY_LINE_ENDS = re.compile(rb"\r*")


@dataclass
class Body:
    """`lines` without their LF; the last is empty if the body ends with LF.

    `quotes` and `returns`: whether there is a `"` or CR below the first line. `is_utf8`: whether all of it is valid.
    """

    lines: list[bytes] = field(default_factory=list)
    quotes: bool = False
    returns: bool = False
    is_utf8: bool = True

    def add(self, lines: bytes) -> None:
        """Add whole lines, without the LF of the last."""
        if not lines.isascii():
            try:
                lines.decode("utf-8")
            except UnicodeDecodeError:
                self.is_utf8 = False
        below = 0
        if not self.lines:
            below = lines.find(b"\n") if b"\n" in lines else len(lines)
        self.quotes = self.quotes or lines.find(b'"', below) >= 0
        self.returns = self.returns or lines.find(b"\r", below) >= 0
        self.lines += lines.split(b"\n")

    @property
    def is_empty(self) -> bool:
        return all(map(_ONLY_LINE_ENDS.fullmatch, self.lines))

    def text(self) -> str:
        """The whole body, decoded like the SDK does it."""
        return b"\n".join(self.lines).decode("utf-8", "replace")
