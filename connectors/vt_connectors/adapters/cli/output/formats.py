"""The formats of answers, and which one is used."""

from __future__ import annotations

import argparse
import sys

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
