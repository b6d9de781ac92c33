"""Sheets as CSV for spreadsheets and as Markdown for tickets."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

from .sheet import Cell, Sheet

# A spreadsheet takes a cell that begins with one of these for a formula, which could send the content elsewhere.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&])")


def as_csv(sheets: Iterable[Sheet]) -> str:
    """Rows with a header; again a header, after an empty line, if the columns change. Lines end as RFC 4180 says."""
    out = io.StringIO()
    writer = csv.writer(out)
    columns: tuple[str, ...] | None = None
    for sheet in sheets:
        if sheet.columns != columns:
            if columns is not None:
                writer.writerow([])
            columns = sheet.columns
            writer.writerow(columns)
        writer.writerows([_no_formula(cell.exact) for cell in row] for row in sheet.rows)
    return out.getvalue()


def as_markdown(sheets: Iterable[Sheet]) -> str:
    """A table for each sheet, below its title. URLs are written as code, not as links."""
    return "\n".join(_markdown(sheet.without_empty_columns()) for sheet in sheets)


def _no_formula(text: str) -> str:
    is_formula = text.lstrip(" ").startswith(_FORMULA) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def _markdown(sheet: Sheet) -> str:
    lines = [f"{_escaped(sheet.title)}\n"] if sheet.title else []
    lines.append(f"| {' | '.join(sheet.columns)} |")
    lines.append("|---" * len(sheet.columns) + "|")
    lines += [f"| {' | '.join(map(_markdown_cell, row))} |" for row in sheet.rows]
    return "\n".join(lines) + "\n"


def _markdown_cell(cell: Cell) -> str:
    text = cell.exact
    if "`" not in text and ("." in text or "://" in text) and " " not in text:
        return "`" + text.replace("|", "\\|") + "`"
    return _escaped(text)


def _escaped(text: str) -> str:
    # A break in the scheme keeps a URL inside a sentence from becoming a link.
    return _MARKUP.sub(r"\\\1", text).replace("://", "&#58;//")
