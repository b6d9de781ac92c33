"""What can be completed at each place of the command line. Derived from its parser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import NamedTuple

from ..parser import Parser

_FILES = ("FILE", "PATH")


class Option(NamedTuple):
    """`choices`: the values to complete. `takes_value`: a value follows; `takes_files`: the value is a file's name."""

    flags: tuple[str, ...]
    about: str
    choices: tuple[str, ...]
    takes_value: bool
    takes_files: bool


class Place(NamedTuple):
    """The command line after the commands in `path`, such as `/serve/token`; empty at its begin.

    `commands`: names with titles. `values`: what a value may be. `takes_files`: values are files' names.
    """

    path: str
    commands: tuple[tuple[str, str], ...]
    options: tuple[Option, ...]
    values: tuple[str, ...]
    takes_files: bool


def places(parser: Parser, path: str = "") -> Iterator[Place]:
    """All places, from the begin of the line on."""
    commands = parser.subparsers
    values = [each for each in parser.arguments if not each.option_strings]
    yield Place(
        path,
        tuple((name, command.title) for name, command in commands.items()),
        tuple(_option(each) for each in parser.arguments if each.option_strings),
        tuple(choice for each in values for choice in _choices(each)),
        any(_names_files(each) for each in values),
    )
    for name, command in commands.items():
        yield from places(command, f"{path}/{name}")


def _option(action: argparse.Action) -> Option:
    flags = tuple(flag for flag in action.option_strings if flag.startswith("--"))
    about = " ".join((action.help or "").replace("%%", "%").split())
    return Option(flags, about, _choices(action), action.nargs != 0, _names_files(action))


def _choices(action: argparse.Action) -> tuple[str, ...]:
    return tuple(map(str, action.choices or ()))


def _names_files(action: argparse.Action) -> bool:
    return str(action.metavar).partition("|")[0] in _FILES
