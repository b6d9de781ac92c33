"""Markdown for people. What comes from outside must not be Markdown itself: it could load pictures, or hide a link."""

from __future__ import annotations

from collections.abc import Sequence

_SPECIAL = "\\*_[]()!<>~"
_TABLE = "|`"


def escaped(text: str, *, in_table: bool = False) -> str:
    """One line, whose special characters are shown as they are, and `?` for each that cannot be shown: some make a
    browser show the text in another order. `in_table`: the platform's own function makes a table of it, and escapes
    what would end a cell.
    """
    special = _SPECIAL if in_table else _SPECIAL + _TABLE
    line = "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
    return "".join(f"\\{letter}" if letter in special else letter for letter in line)


def table(rows: Sequence[tuple[str, str]]) -> str:
    """A table of names and values, both as they come from outside."""
    lines = [f"| {escaped(name)} | {escaped(value)} |" for name, value in rows]
    return "\n".join(["| | |", "|---|---|", *lines])
