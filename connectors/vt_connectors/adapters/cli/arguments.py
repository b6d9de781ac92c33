"""The command line of `vtaction`: its commands and their options."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Callable

from ...actions import ACTIONS
from ...contract import OK
from ...version import __version__
from ..process.termination import Termination
from .main import RunOptions, run
from .parser import Commands, Parser, add_command

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

the key: VT_API_KEY_FILE (a file that contains it) or VT_API_KEY, never on the command line.
exit status: 0 answered; 1 an action failed; 2 wrong usage, malformed request or configuration; 75 try again later.
"""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options: `command(options, termination)` runs the command. Raises `SystemExit` for `--help` and errors."""
    return _parser(_commands_named(arguments)).parse_args(arguments)


def _commands_named(arguments: Sequence[str]) -> Sequence[str]:
    """The first argument that may be a command; after `curl` also the first that may be an action."""
    words = [word for word in arguments if not word.startswith("-")]
    return words[:1] + ([word for word in words if word in ACTIONS][:1] if words[:1] == ["curl"] else [])


def _parser(wanted: Sequence[str]) -> argparse.ArgumentParser:
    """The parser. For a fast start, only the `wanted` action gets its options, and `run` gets a parser by itself."""
    parser = Parser(
        prog="vtaction",
        description="VirusTotal with one cache and one quota for all processes.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"vtaction {__version__}")
    commands = parser.add_subparsers(prog="vtaction", metavar="COMMAND", required=True)
    if wanted == ["run"]:
        _add_run(commands)
        return parser
    for add in (_add_run, _add_describe, _add_sample, _add_doctor, _add_cache):
        add(commands)
    for add_if_wanted in (_add_drain, _add_streams, _add_sandbox, _add_serve):
        add_if_wanted(commands, wanted)
    _add_actions(commands, wanted[:1], _act)
    _add_curl(commands, wanted[1:])
    return parser


Command = Callable[[argparse.Namespace, Termination], int]


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
    for action in ACTIONS.values():
        example = action.command_line.replace("vtaction ", f"vtaction {before}", 1)
        parser = add_command(commands, action.name, action.about, example)
        if action.name in wanted:
            from .action_arguments import add_arguments

            add_arguments(parser, action)
            parser.set_defaults(command=command, action=action)


def _add_curl(commands: Commands, wanted: Sequence[str]) -> None:
    about = "print an action as shell commands for curl and python3; $VT_API_KEY stands for the key"
    parser = add_command(commands, "curl", about, "vtaction curl lookup_hash 44d88612fea8a8f36de82e1278abb02f | sh")
    _add_actions(parser.add_subparsers(metavar="ACTION", required=True), wanted, _curl, "curl ")


def _curl(options: argparse.Namespace, ending: Termination) -> int:
    from .curl_command import print_curl

    return print_curl(options, os.environ, ending)


def _act(options: argparse.Namespace, ending: Termination) -> int:
    from .action_command import act

    return act(options, os.environ, ending, as_json=_as_json(options))


def _as_json(options: argparse.Namespace) -> bool:
    return bool(options.json) or not sys.stdout.isatty()


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers", type=_workers, default=RunOptions.workers, metavar="N", help="concurrent requests (default 8)"
    )
    parser.add_argument("--exit-zero", action="store_true", help="exit 0 even if requests failed")


def _workers(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 64")
    return int(text)


def _limit(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)
