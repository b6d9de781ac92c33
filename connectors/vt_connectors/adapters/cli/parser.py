"""The parser of the command line, and those of its commands."""

from __future__ import annotations

import argparse
import os
from typing import Any, NoReturn

from . import logs

Commands = Any  # argparse does not publish the return type of `add_subparsers`


class Parser(argparse.ArgumentParser):
    """Options are written in full: `--d` must not discard the queue."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """Like argparse's, but a wrong argument that contains the key is printed without the key."""
        from ...redaction import without_keys
        from ..core_from_environment import remember_keys

        remember_keys(os.environ)
        super().error(without_keys(message))


def add_command(commands: Commands, name: str, about: str, example: str = "") -> argparse.ArgumentParser:
    """The parser of a command, with the options that all commands have."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=about,
        description=about + ".",
        epilog=f"example:\n  {example}" if example else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--log-level", choices=logs.LEVELS, default="warning", help="lowest level to log on stderr")
    parser.add_argument("--log-json", action="store_true", help="log as JSON lines")
    parser.set_defaults(ends_itself=False)
    return parser
