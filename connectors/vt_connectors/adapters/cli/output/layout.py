"""Fits a sheet to the width of a terminal.

Words are never broken, so that hashes, dates and addresses can be copied. If a row is too wide, its columns with
several words are wrapped. If that is not enough, the widest column that may move gets lines of its own: above the row
if it is the first column, which says what the row is about, else below it. `rich` has tables, but breaks words and has
no such lines.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from .sheet import Cell, Sheet

_GAP = "  "
_INDENT = "  "
# A column with text is not narrower, so that a sentence does not become a column of words.
_LEAST_TEXT = 16


def lines_of(sheet: Sheet, width: int) -> list[Text]:
    """The lines: the title, the columns' titles, and the rows."""
    sheet = sheet.without_empty_columns()
    columns = [_Column(title, [row[number] for row in sheet.rows]) for number, title in enumerate(sheet.columns)]
    apart, beside = _placed(columns, width, sheet.movable)
    above = [column for column in apart if column is columns[0]]
    below = [column for column in apart if column is not columns[0]]
    indent = _INDENT if above else ""
    found = [Text(line, style="bold") for line in wrapped(sheet.title, width)] if sheet.title else []
    heading = [Cell(column.title, "dim") for column in columns]
    for cells in (heading, *(list(row) for row in sheet.rows)):
        by_column = dict(zip(map(id, columns), cells))
        found += [line for column in above for line in _apart(by_column[id(column)], width, "")]
        found += _row(beside, [by_column[id(column)] for column in beside], indent)
        found += [line for column in below for line in _apart(by_column[id(column)], width, _INDENT)]
    return found


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width`, except for longer words."""
    lines = text.split("\n")
    return [
        part
        for line in lines
        for part in textwrap.wrap(line, max(width, 1), break_long_words=False, break_on_hyphens=False) or [""]
    ]


class _Column:
    def __init__(self, title: str, cells: Sequence[Cell]) -> None:
        self.title = title
        self.cells = cells
        longest_line = max((cell_len(line) for cell in cells for line in cell.text.split("\n")), default=0)
        longest_word = max((cell_len(word) for cell in cells for word in _words(cell)), default=0)
        self.width = max(longest_line, cell_len(title))
        # Numbers end at the same place, so that they can be compared.
        texts = [cell.text for cell in cells if cell.text]
        self.is_number = bool(texts) and all(text.isdigit() for text in texts)
        self.least = min(self.width, max(longest_word, cell_len(title), _LEAST_TEXT))


def _words(cell: Cell) -> list[str]:
    return [cell.text] if cell.is_whole else cell.text.split()


def _placed(columns: list[_Column], width: int, movable: tuple[str, ...]) -> tuple[list[_Column], list[_Column]]:
    """The columns with lines of their own, and those that are side by side, with their widths."""
    apart: list[_Column] = []
    beside = list(columns)
    while len(beside) > 1 and _sum([column.least for column in beside]) > width - len(_INDENT) * bool(apart):
        widest = max(beside, key=lambda column: (column.title in movable, column.least))
        beside.remove(widest)
        apart.append(widest)
    left = width - len(_INDENT) * bool(apart)
    while (over := _sum([column.width for column in beside]) - left) > 0:
        elastic = [column for column in beside if column.width > column.least]
        if not elastic:
            break
        widest = max(elastic, key=lambda column: column.width)
        widest.width = max(widest.least, widest.width - over)
    return apart, beside


def _sum(widths: list[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _row(columns: list[_Column], cells: list[Cell], indent: str) -> list[Text]:
    parts = [_cell_lines(cell, column.width) for column, cell in zip(columns, cells)]
    found = []
    for number in range(max(map(len, parts))):
        line = Text(indent)
        for column, cell, part in zip(columns, cells, parts):
            text = part[number] if number < len(part) else ""
            blanks = " " * (column.width - cell_len(text))
            line.append(blanks if column.is_number else "")
            line.append(text, style=cell.style)
            line.append(("" if column.is_number else blanks) + _GAP)
        line.rstrip()
        found.append(line)
    return found


def _apart(cell: Cell, width: int, indent: str) -> list[Text]:
    lines = _cell_lines(cell, width - len(indent)) if cell.text else []
    return [Text.assemble(indent, (line, cell.style)) for line in lines]


def _cell_lines(cell: Cell, width: int) -> list[str]:
    return [cell.text] if cell.is_whole else wrapped(cell.text, width)
