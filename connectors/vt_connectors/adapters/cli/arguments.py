"""The command line of `vtaction`: its commands and their options."""

from __future__ import annotations

import argparse
import os
from collections.abc import Container, Iterable, Sequence
from typing import Callable

from ... import __version__
from ...actions import ACTIONS
from ...contract import MALFORMED
from ..process.termination import Termination
from .action_groups import group_of
from .commands import COMMANDS, print_text
from .output.formats import chosen_format
from .parser import LONGEST_TITLE, Commands, Parser, add_command, add_everywhere, command_at

_TAKE_ACTIONS = ("curl", "describe", "help", "sample")
Command = Callable[[argparse.Namespace, Termination], int]


class _All:
    """Contains every name: all parsers get their options."""

    def __contains__(self, _: object) -> bool:
        return True


ALL: Container[str] = _All()


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options: `command(options, termination)` runs the command. Raises `SystemExit` for `--help` and errors."""
    words = _canonical(arguments)
    at = command_at(words)
    parser = make_parser([], []) if at is None else _parser_of(words[at], words[at + 1 :])
    return parser.parse_args(words)


def _parser_of(command: str, after: Sequence[str]) -> Parser:
    """The parser for `command`, without the other commands if there is such a one: they take longest at the start."""
    if command not in ACTIONS and command not in COMMANDS and command != "curl":
        return make_parser([], [])
    parser, commands = _without_commands()
    if command in ACTIONS:
        _add_actions(commands, [command], _act, among=[command])
    elif command == "curl":
        named = [word for word in after[:1] if word in ACTIONS]
        _add_curl(commands, [word for word in after if word in ACTIONS], named or ACTIONS)
    else:
        COMMANDS[command](commands, [command])
    return parser


def _canonical(arguments: Sequence[str]) -> list[str]:
    """The arguments with `_` for `-` in the command's name, and in the names of actions after some commands."""
    words = list(arguments)
    at = command_at(words)
    if at is None:
        return words
    words[at] = words[at].replace("-", "_")
    if words[at] in _TAKE_ACTIONS:
        for number in range(at + 1, len(words)):
            name = words[number].replace("-", "_")
            words[number] = name if name in ACTIONS else words[number]
            if name in ACTIONS:
                break  # what follows are the action's own values
    return words


def make_parser(wanted: Container[str] = ALL, actions: Container[str] = ALL) -> Parser:
    """The parser. For a fast start, only the `wanted` commands get their options; `actions`: the same after `curl`."""
    parser, commands = _without_commands()
    _add_actions(commands, wanted, _act)
    for add in COMMANDS.values():
        add(commands, wanted)
    _add_curl(commands, actions)
    return parser


def _without_commands() -> tuple[Parser, Commands]:
    from .help_page import Overview

    parser = Overview(prog="vtaction")
    parser.add_argument("--version", action="version", version=f"vtaction {__version__}")
    add_everywhere(parser)
    parser.set_defaults(command=_overview, log_level="warning", log_json=False, ends_itself=False)
    return parser, parser.add_subparsers(prog="vtaction", metavar="COMMAND", parser_class=Parser)


def _overview(_: argparse.Namespace, __: Termination) -> int:
    """Without a command. The status is that of wrong usage, for scripts."""
    print_text(make_parser([], []).format_help().rstrip())
    return MALFORMED


def _add_actions(
    commands: Commands, wanted: Container[str], command: Command, before: str = "", among: Iterable[str] = ACTIONS
) -> None:
    for action in map(ACTIONS.__getitem__, among):
        example = action.command_line.replace("vtaction ", f"vtaction {before}", 1)
        title = action.about if len(action.about) <= LONGEST_TITLE else action.title
        parser = add_command(commands, action.name, action.about, example, title=title, group=group_of(action))
        if action.name in wanted:
            from .action_arguments import add_arguments

            add_arguments(parser, action)
            parser.set_defaults(command=command, action=action)


def _add_curl(commands: Commands, wanted: Container[str], among: Iterable[str] = ACTIONS) -> None:
    about = "print an action as shell commands for curl and python3; $VT_API_KEY stands for the key"
    example = "vtaction curl lookup_hash 44d88612fea8a8f36de82e1278abb02f | sh"
    parser = add_command(commands, "curl", about, example, title="print an action as commands for curl and python3")
    inner = parser.add_subparsers(metavar="ACTION", required=True, parser_class=Parser)
    _add_actions(inner, wanted, _curl, "curl ", among)


def _curl(options: argparse.Namespace, ending: Termination) -> int:
    from .curl_command import print_curl

    return print_curl(options, os.environ, ending)


def _act(options: argparse.Namespace, ending: Termination) -> int:
    from .action_command import act

    return act(options, os.environ, ending, chosen_format(options))
