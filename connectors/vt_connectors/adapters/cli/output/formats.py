"""The formats of answers, and which one is used."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

FORMATS = ("table", "json", "ndjson", "csv", "markdown")


def add_format(parser: argparse.ArgumentParser) -> None:
    """The options `--format` and `--json`."""
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--format",
        choices=FORMATS,
        help="json: one array; ndjson: one line for each answer (default: table on a terminal, else ndjson)",
    )
    choice.add_argument("--json", action="store_true", help="the same as --format ndjson")


def chosen_format(options: argparse.Namespace) -> str:
    """The format of the options, else the one for the kind of stdout."""
    if options.json:
        return "ndjson"
    return options.format or ("table" if sys.stdout.isatty() else "ndjson")


def print_json(rows: Sequence[Mapping[str, Any]], chosen: str) -> None:
    """Rows as `json` or `ndjson`."""
    if chosen == "json":
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
    else:
        sys.stdout.writelines(json.dumps(row) + "\n" for row in rows)


def show_rows(rows: Sequence[Mapping[str, Any]], chosen: str) -> None:
    """Rows with the same names, in any format."""
    if chosen in ("json", "ndjson"):
        print_json(rows, chosen)
        return
    from .responses import show_sheet
    from .sheet import VERDICT_STYLES, Sheet, cell

    cells = [tuple(cell(value, VERDICT_STYLES.get(str(value), "")) for value in row.values()) for row in rows]
    show_sheet(Sheet(tuple(rows[0]) if rows else (), cells), chosen)
