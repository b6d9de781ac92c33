"""The commands of `vtaction` beside the actions. Only the wanted ones get their options, for a fast start."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Container
from functools import partial
from importlib import import_module
from typing import Callable

from ...actions import ACTIONS
from ...contract import MALFORMED, OK
from ..process.termination import Termination
from .logs import complain
from .main import RunOptions, run
from .parser import Commands, add_command

SET_UP = "Set up and look after"
_RUN = "JSON requests on stdin, JSON responses on stdout"

# Commands that run as long as their input, each in a module with its options and `run`.
_STREAMS = {
    "enrich": "add verdicts to events in a pipe",
    "mcp": "a server for AI tools that speak MCP",
}


def _add_help(commands: Commands, wanted: Container[str]) -> None:
    parser = add_command(
        commands, "help", "show this overview, or the options of a command", "vtaction help lookup", group=SET_UP
    )
    if "help" in wanted:
        from .help_command import add_arguments

        add_arguments(parser)
        parser.set_defaults(command=_help)


def _help(options: argparse.Namespace, _: Termination) -> int:
    from .arguments import make_parser
    from .help_command import run_help

    return run_help(options, make_parser() if options.man else make_parser(options.words, options.words))


def _add_completion(commands: Commands, wanted: Container[str]) -> None:
    about = "print a script that completes commands and options in bash, zsh or fish"
    title = "complete commands in bash, zsh or fish"
    parser = add_command(commands, "completion", about, title=title, group=SET_UP)
    if "completion" in wanted:
        from .completion_command import add_arguments

        add_arguments(parser)
        parser.set_defaults(command=_completion)


def _completion(options: argparse.Namespace, _: Termination) -> int:
    from .arguments import make_parser
    from .completion_command import run_completion

    return run_completion(options, make_parser())


def _add_init(commands: Commands, wanted: Container[str]) -> None:
    about = "store an API key and settings in the configuration file, for this user only"
    parser = add_command(commands, "init", about, "vtaction init", title="store your API key", group=SET_UP)
    if "init" in wanted:
        from .init_command import add_arguments

        add_arguments(parser)
        parser.set_defaults(command=_init, ends_itself=True)


def _init(options: argparse.Namespace, ending: Termination) -> int:
    from .init_command import run_init

    return run_init(options, os.environ, ending)


def _add_run(commands: Commands, _: Container[str]) -> None:
    about = "JSON requests on stdin, JSON responses on stdout, one per line"
    parser = add_command(commands, "run", about, "vtaction sample lookup_hash | vtaction run", title=_RUN)
    _add_run_options(parser)
    parser.set_defaults(command=run, ends_itself=True)


def _add_describe(commands: Commands, _: Container[str]) -> None:
    about = "the actions as a JSON manifest: schemas, cost, errors, examples"
    title = "the actions as JSON: schemas, cost, errors"
    parser = add_command(commands, "describe", about, "vtaction describe | jq '.actions[].name'", title=title)
    about = "only this action; without a name all of them, and what they have in common"
    parser.add_argument("action", metavar="ACTION", nargs="?", choices=sorted(ACTIONS), help=about)
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
    if tables and options.action:
        complain(f"vtaction describe: the tables are about all actions; leave out {options.action}, or the options")
        return MALFORMED
    print_text("\n\n".join(tables) if tables else manifest_text(options.action))
    return OK


def _add_sample(commands: Commands, _: Container[str]) -> None:
    parser = add_command(
        commands, "sample", "a valid request for an action", "vtaction sample lookup_url | vtaction run"
    )
    parser.add_argument("action", metavar="ACTION", choices=sorted(ACTIONS), help=", ".join(ACTIONS))
    parser.set_defaults(command=_sample)


def _sample(options: argparse.Namespace, _: Termination) -> int:
    from .describe import sample

    print_text(sample(options.action))
    return OK


def _add_doctor(commands: Commands, _: Container[str]) -> None:
    about = "check settings, key, state and quota"
    parser = add_command(commands, "doctor", about, "vtaction doctor --online", group=SET_UP)
    parser.add_argument("--online", action="store_true", help="send one request, which VirusTotal does not count")
    parser.add_argument("--json", action="store_true", help="as JSON (the default in a pipe)")
    parser.set_defaults(command=_doctor)


def _doctor(options: argparse.Namespace, ending: Termination) -> int:
    from .doctor import examine

    return examine(os.environ, ending, online=options.online, as_json=_as_json(options))


def _add_cache(commands: Commands, wanted: Container[str]) -> None:
    about = "list, clear or count cached answers"
    parser = add_command(commands, "cache", about, "vtaction cache list --limit 5", group=SET_UP)
    if "cache" in wanted:
        from .cache_command import add_arguments

        add_arguments(parser)
        parser.set_defaults(command=_cache)


def _cache(options: argparse.Namespace, ending: Termination) -> int:
    from .cache_command import run_cache_command

    return run_cache_command(options, os.environ, ending.clock)


def _add_drain(commands: Commands, wanted: Container[str]) -> None:
    about = "look up queued indicators with the quota that is left, oldest first"
    title = "look up what waits for quota"
    parser = add_command(commands, "drain", about, "vtaction drain --keep 200", title=title, group=SET_UP)
    if "drain" in wanted:
        from .drain_command import add_arguments

        add_arguments(parser)
        parser.set_defaults(command=_drain)


def _drain(options: argparse.Namespace, ending: Termination) -> int:
    from .drain_command import run_drain

    return run_drain(options, os.environ, ending, as_json=_as_json(options))


def _add_sandbox(commands: Commands, wanted: Container[str]) -> None:
    about = "a local stand-in for VirusTotal's API, for development without quota"
    example = "vtaction sandbox --latency 50ms --fault 503:0.1 --log"
    parser = add_command(commands, "sandbox", about, example, title="try it without a key: a local VirusTotal")
    if "sandbox" in wanted:
        from .sandbox_command import add_arguments

        add_arguments(parser)
        parser.set_defaults(command=_sandbox, ends_itself=True)


def _sandbox(options: argparse.Namespace, ending: Termination) -> int:
    from .sandbox_command import serve

    return serve(options, ending.clock)


def _add_serve(commands: Commands, wanted: Container[str]) -> None:
    about = "a server for tools that speak HTTP or VirusTotal's API; also its tokens"
    parser = add_command(commands, "serve", about, title="a server for tools that speak HTTP; its tokens")
    if "serve" in wanted:
        from .serve_arguments import add_arguments

        add_arguments(parser)


def _add_stream(name: str, commands: Commands, wanted: Container[str]) -> None:
    parser = add_command(commands, name, _STREAMS[name])
    if name in wanted:
        module = import_module(f".{name}_command", __package__)
        module.add_arguments(parser)
        parser.set_defaults(command=partial(module.run, environment=os.environ), ends_itself=True)


def _as_json(options: argparse.Namespace) -> bool:
    return bool(options.json) or not sys.stdout.isatty()


def print_text(text: str) -> None:
    """Print lines."""
    sys.stdout.write(text + "\n")


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers", type=_workers, default=RunOptions.workers, metavar="N", help="concurrent requests (default: 8)"
    )
    parser.add_argument("--exit-zero", action="store_true", help="exit 0 even if requests failed")


def _workers(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 64")
    return int(text)


# What adds a command, in the order of the overview.
COMMANDS: dict[str, Callable[[Commands, Container[str]], None]] = {
    "init": _add_init,
    "doctor": _add_doctor,
    "cache": _add_cache,
    "drain": _add_drain,
    "completion": _add_completion,
    "help": _add_help,
    "sandbox": _add_sandbox,
    "run": _add_run,
    **{name: partial(_add_stream, name) for name in _STREAMS},
    "serve": _add_serve,
    "describe": _add_describe,
    "sample": _add_sample,
}
