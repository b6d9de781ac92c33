"""A chunk's body as its lines, which is all that is kept of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_ONLY_LINE_ENDS = re.compile(rb"\r*")


@dataclass
class Body:
    """`lines` without their LF; the last is empty where the body ends with one.

    `quotes` and `returns` tell whether it has any `"` or CR below its first line; `is_utf8` whether all of it is.
    """

    lines: list[bytes] = field(default_factory=list)
    quotes: bool = False
    returns: bool = False
    is_utf8: bool = True

    def add(self, lines: bytes) -> None:
        """Whole lines, without the LF of the last."""
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
        """All of it, as the SDK reads it."""
        return b"\n".join(self.lines).decode("utf-8", "replace")
