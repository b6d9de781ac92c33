"""The command line of `vtaction`: its commands and their options."""

from __future__ import annotations

import argparse
import os
from collections.abc import Container, Sequence
from typing import Callable

from ...actions import ACTIONS
from ...contract import MALFORMED
from ...version import __version__
from ..process.termination import Termination
from .action_groups import group_of
from .commands import add_commands, add_run, print_text
from .output.formats import chosen_format
from .parser import LONGEST_TITLE, Commands, Parser, add_command, add_everywhere, command_at

_TAKE_ACTIONS = ("curl", "help", "sample")
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
    command = words[at : at + 1] if at is not None else []
    return make_parser(command, [word for word in words if word in ACTIONS]).parse_args(words)


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
    from .help_page import Overview

    parser = Overview(prog="vtaction")
    parser.add_argument("--version", action="version", version=f"vtaction {__version__}")
    add_everywhere(parser)
    parser.set_defaults(command=_overview, log_level="warning", log_json=False, ends_itself=False)
    commands = parser.add_subparsers(prog="vtaction", metavar="COMMAND", parser_class=Parser)
    if wanted == ["run"]:
        add_run(commands)
        return parser
    _add_actions(commands, wanted, _act)
    add_commands(commands, wanted)
    _add_curl(commands, actions)
    return parser


def _overview(_: argparse.Namespace, __: Termination) -> int:
    """Without a command. The status is that of wrong usage, for scripts."""
    print_text(make_parser([]).format_help().rstrip())
    return MALFORMED


def _add_actions(commands: Commands, wanted: Container[str], command: Command, before: str = "") -> None:
    for action in ACTIONS.values():
        example = action.command_line.replace("vtaction ", f"vtaction {before}", 1)
        title = action.about if len(action.about) <= LONGEST_TITLE else action.title
        parser = add_command(commands, action.name, action.about, example, title=title, group=group_of(action))
        if action.name in wanted:
            from .action_arguments import add_arguments

            add_arguments(parser, action)
            parser.set_defaults(command=command, action=action)


def _add_curl(commands: Commands, wanted: Container[str]) -> None:
    about = "print an action as shell commands for curl and python3; $VT_API_KEY stands for the key"
    example = "vtaction curl lookup_hash 44d88612fea8a8f36de82e1278abb02f | sh"
    parser = add_command(commands, "curl", about, example, title="print an action as commands for curl and python3")
    inner = parser.add_subparsers(metavar="ACTION", required=True, parser_class=Parser)
    _add_actions(inner, wanted, _curl, "curl ")


def _curl(options: argparse.Namespace, ending: Termination) -> int:
    from .curl_command import print_curl

    return print_curl(options, os.environ, ending)


def _act(options: argparse.Namespace, ending: Termination) -> int:
    from .action_command import act

    return act(options, os.environ, ending, chosen_format(options))
