"""`vtaction help`: the overview, the options of a command, or the man page."""

from __future__ import annotations

import argparse
import sys

from ...contract import OK
from .parser import Parser, meant


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", metavar="COMMAND", help="a command, such as `lookup` or `serve token`")
    parser.add_argument("--man", action="store_true", help="all of it as a man page: vtaction help --man | man -l -")


def run_help(options: argparse.Namespace, parser: Parser) -> int:
    """Print what is asked for. Returns the exit status."""
    if options.man:
        from .man_page import man_page

        sys.stdout.write(man_page(parser))
        return OK
    for word in options.words:
        known = parser.subparsers
        if word not in known:
            parser.error(f"unknown command {word!r}{meant(word, known)}")
        parser = known[word]
    sys.stdout.write(parser.format_help())
    return OK
