"""The command line of `vtaction`: its commands and their options."""

from __future__ import annotations

import argparse
import os
<<<<<<< HEAD
import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
=======
from collections.abc import Container, Sequence
>>>>>>> main
from typing import Callable

from ...actions import ACTIONS
from ...contract import MALFORMED
from ...version import __version__
from ..process.termination import Termination
from .action_groups import group_of
from .commands import add_commands, add_run, print_text
from .output.formats import chosen_format
from .parser import LONGEST_TITLE, Commands, Parser, add_command, add_everywhere, command_at

<<<<<<< HEAD
# Commands that run as long as their input, each in a module with its options and `run`.
_STREAMS = {
    "enrich": "events on stdin as JSON lines, the same events with verdicts on stdout",
    "mcp": "a server for AI tools that speak MCP, on stdin and stdout",
}
_EPILOG = """examples:
  vtaction lookup_hash 44d88612fea8a8f36de82e1278abb02f
  echo '{"action": "lookup_ip", "params": {"ip": "8.8.8.8"}}' | vtaction run
  vtaction sample lookup_url | vtaction run
  vtaction doctor --online
=======
_TAKE_ACTIONS = ("curl", "help", "sample")
Command = Callable[[argparse.Namespace, Termination], int]
>>>>>>> main


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
<<<<<<< HEAD
    for add in (_add_run, _add_describe, _add_sample, _add_doctor, _add_cache):
        add(commands)
    for add_if_wanted in (_add_drain, _add_streams, _add_sandbox, _add_serve):
        add_if_wanted(commands, wanted)
    _add_actions(commands, wanted[:1], _act)
    _add_curl(commands, wanted[1:])
=======
    _add_actions(commands, wanted, _act)
    add_commands(commands, wanted)
    _add_curl(commands, actions)
>>>>>>> main
    return parser


def _overview(_: argparse.Namespace, __: Termination) -> int:
    """Without a command. The status is that of wrong usage, for scripts."""
    print_text(make_parser([]).format_help().rstrip())
    return MALFORMED


<<<<<<< HEAD
def _add_run(commands: Commands) -> None:
    about = "JSON requests on stdin, JSON responses on stdout, one per line"
    parser = add_command(commands, "run", about, "vtaction sample lookup_hash | vtaction run")
    _add_run_options(parser)
    parser.set_defaults(command=run, ends_itself=True)


def _add_describe(commands: Commands) -> None:
    about = "the actions as a JSON manifest: schemas, cost, errors, examples"
    parser = add_command(commands, "describe", about, "vtaction describe | jq '.actions[].name'")
    parser.add_argument("--markdown", action="store_true", help="the actions as a Markdown table")
    about = "the names of relationships and their licences as Markdown tables"
    parser.add_argument("--relationships", action="store_true", help=about)
    about = "the error codes and what to do next as a Markdown table"
    parser.add_argument("--errors", action="store_true", help=about)
    parser.set_defaults(command=_describe)


def _describe(options: argparse.Namespace, _: Termination) -> int:
    from .describe import errors_table, licences_table, manifest_text, markdown_table, relationships_table

    tables = [markdown_table()] if options.markdown else []
    tables += [relationships_table(), licences_table()] if options.relationships else []
    tables += [errors_table()] if options.errors else []
    _print("\n\n".join(tables) if tables else manifest_text())
    return OK


def _add_sample(commands: Commands) -> None:
    parser = add_command(
        commands, "sample", "a valid request for an action", "vtaction sample lookup_url | vtaction run"
    )
    parser.add_argument("action", metavar="ACTION", choices=sorted(ACTIONS), help=", ".join(ACTIONS))
    parser.set_defaults(command=_sample)


def _sample(options: argparse.Namespace, _: Termination) -> int:
    from .describe import sample

    _print(sample(options.action))
    return OK


def _add_doctor(commands: Commands) -> None:
    parser = add_command(commands, "doctor", "check the setup", "vtaction doctor --online")
    parser.add_argument("--online", action="store_true", help="send one request, which VirusTotal does not count")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(command=_doctor)


def _doctor(options: argparse.Namespace, ending: Termination) -> int:
    from .doctor import examine

    return examine(os.environ, ending, online=options.online, as_json=_as_json(options))


def _add_cache(commands: Commands) -> None:
    parser = add_command(commands, "cache", "list, clear or count cached answers", "vtaction cache list --limit 5")
    parser.add_argument("operation", choices=("list", "clear", "stats"), metavar="list|clear|stats")
    parser.add_argument("--limit", type=_limit, default=50, metavar="N", help="how many to list (default 50)")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(command=_cache)


def _cache(options: argparse.Namespace, ending: Termination) -> int:
    from .cache_command import run_cache_command

    return run_cache_command(
        options.operation, os.environ, ending.clock, limit=options.limit, as_json=_as_json(options)
    )


def _add_drain(commands: Commands, wanted: Sequence[str]) -> None:
    about = "look up queued indicators with the quota that is left, oldest first"
    parser = add_command(commands, "drain", about, "vtaction drain --keep 200")
    if "drain" in wanted:
        from .drain_command import add_arguments

        add_arguments(parser)
        parser.set_defaults(command=_drain)


def _drain(options: argparse.Namespace, ending: Termination) -> int:
    from .drain_command import run_drain

    return run_drain(options, os.environ, ending, as_json=_as_json(options))


def _add_streams(commands: Commands, wanted: Sequence[str]) -> None:
    for name, about in _STREAMS.items():
        parser = add_command(commands, name, about)
        if name in wanted:
            module = import_module(f".{name}_command", __package__)
            module.add_arguments(parser)
            parser.set_defaults(command=partial(module.run, environment=os.environ), ends_itself=True)


def _add_sandbox(commands: Commands, wanted: Sequence[str]) -> None:
    about = "a local stand-in for VirusTotal's API, for development without quota"
    parser = add_command(commands, "sandbox", about, "vtaction sandbox --latency 50ms --fault 503:0.1 --log")
    if "sandbox" in wanted:
        from .sandbox_command import add_arguments

        add_arguments(parser)
        parser.set_defaults(command=_sandbox, ends_itself=True)


def _sandbox(options: argparse.Namespace, ending: Termination) -> int:
    from .sandbox_command import serve

    return serve(options, ending.clock)


def _add_serve(commands: Commands, wanted: Sequence[str]) -> None:
    about = "a server for tools that speak HTTP or VirusTotal's API; also its tokens"
    parser = add_command(commands, "serve", about)
    if "serve" in wanted:
        from .serve_arguments import add_arguments

        add_arguments(parser)


def _add_actions(commands: Commands, wanted: Sequence[str], command: Command, before: str = "") -> None:
=======
def _add_actions(commands: Commands, wanted: Container[str], command: Command, before: str = "") -> None:
>>>>>>> main
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
