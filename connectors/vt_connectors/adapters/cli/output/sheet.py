"""Rows for people and spreadsheets: the same sheet is printed on a terminal, as CSV and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ....errors import printable

# A time as responses have it; seconds are left out on a terminal.
_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}):[0-9]{2}Z")
VERDICT_STYLES = {"malicious": "bold red", "suspicious": "yellow", "undetected": "green"}
ERROR_STYLE = "bold magenta"
_BAR_WIDTH = 20


class Cell(NamedTuple):
    """`text` is for a terminal, `exact` for other programs. `is_whole`: it is never broken over lines."""

    text: str
    style: str = ""
    exact: str = ""
    is_whole: bool = False


class Sheet(NamedTuple):
    """Rows below the titles of their columns. `movable`: which columns get lines of their own first on a terminal that
    is too narrow; the others only if that is not enough.
    """

    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    title: str = ""
    movable: tuple[str, ...] = ()

    def without_empty_columns(self) -> Sheet:
        """The columns in which any row has a value; all if there is no value at all."""
        used = [number for number in range(len(self.columns)) if any(row[number].exact for row in self.rows)]
        if not used:
            return self
        columns = tuple(self.columns[number] for number in used)
        return self._replace(columns=columns, rows=[tuple(row[number] for number in used) for row in self.rows])


def cell(value: object, style: str = "") -> Cell:
    """A value from outside, made safe for a terminal. Lists and objects become text; None becomes empty."""
    exact = _text(value)
    found = _TIME.fullmatch(exact)
    if found:
        return Cell(f"{found[1]} {found[2]}", style, exact, is_whole=True)
    return Cell(exact, style, exact)


def bar(part: int, whole: int) -> tuple[str, str]:
    """The filled and the empty half of a bar for `part` of `whole`. A part that is not zero is visible."""
    full = min(_BAR_WIDTH, max(bool(part), int(_BAR_WIDTH * part / whole))) if whole else 0
    return "■" * full, "·" * (_BAR_WIDTH - full)


def lines_cell(values: Sequence[object]) -> Cell:
    """One value a line."""
    texts = [_text(value) for value in values]
    return Cell("\n".join(texts), "", "; ".join(texts))


def moment(value: str) -> str:
    """A time in a sentence: `2025-06-04 22:12 UTC`."""
    found = _TIME.fullmatch(value)
    return f"{found[1]} {found[2]} UTC" if found else printable(value)


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if isinstance(value, dict):
        return "; ".join(f"{printable(str(name))}: {_text(inner)}" for name, inner in value.items())
    return "" if value is None else printable(str(value))
