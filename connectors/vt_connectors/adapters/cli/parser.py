"""The parsers of the command line: errors name what was probably meant, and every command has the common options."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from ...contract.nearest import nearest
from . import logs

Commands = Any  # argparse does not publish the return type of `add_subparsers`
# A longer one would not fit into a line of 80 characters beside the command's name.
LONGEST_TITLE = 56
FOR_PROGRAMS = "For programs and platforms"
# Options that may be written before the command, and take a value.
_WITH_VALUE = ("--profile",)
# `--josn` is similar to `--json`, `--foo` to nothing.
_SIMILAR = 0.6


class Parser(argparse.ArgumentParser):
    """Options are written in full: `--d` must not discard the queue.

    `title`: what the command does, in a few words. `group`: the heading above it in the overview of commands.
    """

    def __init__(self, *arguments: Any, title: str = "", group: str = "", **options: Any) -> None:
        super().__init__(*arguments, **{"allow_abbrev": False, **options})
        about = title or (self.description or "").rstrip(".")
        self.title = about[:1].upper() + about[1:]
        self.group = group

    @property
    def subparsers(self) -> dict[str, Parser]:
        """The parsers of the subcommands, by name."""
        found = (action.choices for action in self._actions if isinstance(action, argparse._SubParsersAction))
        return dict(next(found, {}))

    @property
    def arguments(self) -> list[argparse.Action]:
        """Options and positional values, in the order of the help."""
        return [action for action in self._actions if not isinstance(action, argparse._SubParsersAction)]

    def parse_known_args(  # type: ignore[override]  # argparse overloads it by the type of the namespace
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> Any:
        """Unknown options are refused first: else the message would be about a value that seems to be missing."""
        if args and not self.subparsers:
            self._refuse_unknown(args)
        return super().parse_known_args(args, namespace)

    def _refuse_unknown(self, args: Sequence[str]) -> None:
        for given in args:
            if given == "--":
                return
            name = given.partition("=")[0]
            # A text with a blank is a value for argparse, too.
            if name.startswith("--") and " " not in given and name not in self._option_string_actions:
                self.error(f"unknown option {name}{meant(name, self._option_string_actions)}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """As argparse's, with what was probably meant; commands are too many to list."""
        if action.choices is None or value in action.choices:
            return
        if isinstance(action, argparse._SubParsersAction):
            raise argparse.ArgumentError(None, f"unknown command {value!r}{meant(value, action.choices)}")
        known = ", ".join(map(str, action.choices))
        text = f"{value!r} is not one of {known}" if len(known) < 200 else f"unknown name {value!r}"
        raise argparse.ArgumentError(action, f"{text}{meant(str(value), map(str, action.choices))}")

    def error(self, message: str) -> NoReturn:
        """Like argparse's, but safe to show even if a wrong argument is not, and with the command for help."""
        from ..core_from_environment import remember_keys

        remember_keys(os.environ)
        self.exit(2, logs.told(f"{self.prog}: {message}", f"See `{self.prog} --help`."))


def meant(name: str, known: Iterable[str]) -> str:
    """`; did you mean ...?` if a known name is similar."""
    found = nearest(name, known, _SIMILAR)
    return f"; did you mean {found}?" if found else ""


def command_at(arguments: Sequence[str]) -> int | None:
    """The index of the command in the arguments: the first one that is no option."""
    number = 0
    while number < len(arguments):
        if not arguments[number].startswith("-"):
            return number
        number += 2 if arguments[number] in _WITH_VALUE else 1
    return None


def add_command(
    commands: Commands, name: str, about: str, example: str = "", *, title: str = "", group: str = FOR_PROGRAMS
) -> Parser:
    """The parser of a command, with the options that all commands have. `title`: `about` in a few words."""
    parser: Parser = commands.add_parser(
        name,
        help=about,
        description=f"{about[:1].upper()}{about[1:]}.",
        epilog=f"example:\n  {example}" if example else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        title=title or about,
        group=group,
    )
    common = parser.add_argument_group("options of every command")
    add_everywhere(common, default=argparse.SUPPRESS)
    about_level = "lowest level to log on stderr (default: warning)"
    common.add_argument("--log-level", choices=logs.LEVELS, default="warning", help=about_level)
    common.add_argument("--log-json", action="store_true", help="log as JSON lines")
    parser.set_defaults(ends_itself=False)
    return parser


def add_everywhere(parser: Any, *, default: object = None) -> None:
    """The options that may be written before and after the command."""
    about = "the profile of the configuration file whose key and settings are used (default: VT_PROFILE)"
    parser.add_argument("--profile", metavar="NAME", default=default, help=about)
    about = "without colors, like the variable NO_COLOR"
    parser.add_argument("--no-color", action="store_true", default=default or False, help=about)
