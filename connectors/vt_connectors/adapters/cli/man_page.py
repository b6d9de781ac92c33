"""The man page, from the parser of the command line."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator

from ... import __version__
from ...actions import ACTIONS
from .help_page import FIRST_STEPS, defaults, groups
from .parser import Parser

_EXIT_STATUS = (
    ("0", "Every value was answered. Not found, pending and skipped are answers."),
    ("1", "An action failed."),
    ("2", "Wrong usage, an invalid value, or wrong settings."),
    ("75", "Try again later: there is no quota, or VirusTotal cannot be reached."),
)
_FILES = (
    ("$XDG_CONFIG_HOME/vt-connectors/config.json, ~/.config/vt-connectors/config.json",
     "Settings and keys, as `vtaction init` writes them; on macOS in ~/Library/Application Support/vt-connectors. "
     "VT_CONFIG names another file, and an empty VT_CONFIG none."),
    ("$XDG_STATE_HOME/vt-connectors/state.db, ~/.local/state/vt-connectors/state.db",
     "Cache and queue; the record of the quota is beside it. VT_STATE names another place."),
)  # fmt: skip
_VARIABLES = (
    ("VT_API_KEY_FILE, VT_API_KEY", "The key: a file that contains it, or the key itself."),
    ("VT_CONFIG, VT_PROFILE", "The configuration file, and the profile in it."),
    ("VT_QUOTA, VT_STATE, VT_CACHE_TTL, VT_NEVER_QUERY, ...", "Settings; docs/settings.md has all of them."),
    ("NO_COLOR, HTTPS_PROXY, REQUESTS_CA_BUNDLE", "Their usual meaning."),
)


_ESCAPES = str.maketrans({"\\": r"\e", "-": r"\-", '"': r"\(dq", "`": r"\(ga", "'": r"\(aq"})


def man_page(parser: Parser) -> str:
    """The page in the language of `man` (roff)."""
    return "\n".join(_lines(parser)) + "\n"


def _lines(parser: Parser) -> Iterator[str]:
    yield f'.TH VTACTION 1 "" "vtaction {__version__}" "User Commands"'
    yield from (".SH NAME", r"vtaction \- VirusTotal on the command line", ".SH SYNOPSIS")
    yield from (r".B vtaction", r".I COMMAND", r"[\fIVALUE\fR ...] [\fIOPTIONS\fR]", ".SH DESCRIPTION")
    yield _text("VirusTotal with one cache and one quota for all programs that use the same key.")
    yield _text("Names of commands may be written with - or _. The API key is never given on the command line.")
    yield from _list("FIRST STEPS", FIRST_STEPS)
    yield from _list("DEFAULTS", tuple(defaults()))
    yield ".SH COMMANDS"
    common, of_actions = _shared(parser.subparsers)
    for group, commands in groups(parser).items():
        yield f'.SS "{_inline(group)}"'
        for name, command in commands:
            yield from _command(name, command, common + of_actions)
    yield from _options("OPTIONS OF EVERY COMMAND", common)
    yield from _options("OPTIONS OF EVERY ACTION", of_actions)
    yield _text("Actions are the commands that ask VirusTotal, from lookup on.")
    for title, rows in (("EXIT STATUS", _EXIT_STATUS), ("ENVIRONMENT", _VARIABLES), ("FILES", _FILES)):
        yield from _list(title, rows)


def _shared(commands: dict[str, Parser]) -> tuple[list[argparse.Action], list[argparse.Action]]:
    """The options that all commands have, and those that only all actions have."""
    every = [_described(command) for command in commands.values()]
    actions = [_described(command) for name, command in commands.items() if name in ACTIONS]
    first = _described(commands[next(iter(ACTIONS))])
    common = [each for text, each in first.items() if all(text in options for options in every)]
    of_actions = [each for text, each in first.items() if all(text in options for options in actions)]
    return common, [each for each in of_actions if each not in common]


def _described(command: Parser) -> dict[str, argparse.Action]:
    return {_described_as(each): each for each in command.arguments if each.option_strings}


def _described_as(action: argparse.Action) -> str:
    return f"{action.option_strings} {action.choices} {action.help}"


def _command(name: str, command: Parser, shared: list[argparse.Action]) -> Iterator[str]:
    values = [str(each.metavar or each.dest) for each in command.arguments if not each.option_strings]
    yield from (".TP", rf"\fB{_inline(name)}\fR {_inline(' '.join(values))}".rstrip())
    yield _text(command.description or command.title)
    known = {_described_as(each) for each in shared}
    own = [each for each in command.arguments if each.option_strings and _described_as(each) not in known]
    if own or command.subparsers:
        yield ".RS"
        for option in own:
            yield from _option(option)
        if not set(command.subparsers) <= set(ACTIONS):
            for inner_name, inner in command.subparsers.items():
                yield from _command(f"{name} {inner_name}", inner, shared)
        yield ".RE"


def _options(title: str, options: list[argparse.Action]) -> Iterator[str]:
    yield f".SH {title}"
    for option in options:
        yield from _option(option)


def _option(option: argparse.Action) -> Iterator[str]:
    value = option.metavar or "|".join(map(str, option.choices or ())) or option.dest.upper()
    follows = "" if option.nargs == 0 else rf" \fI{_inline(str(value))}\fR"
    yield ".TP"
    yield ", ".join(rf"\fB{_inline(flag)}\fR" for flag in option.option_strings) + follows
    yield _text((option.help or "").replace("%%", "%") or "-")


def _list(title: str, rows: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield f".SH {title}"
    for name, text in rows:
        yield from (".TP", rf"\fB{_inline(name)}\fR", _text(text))


def _text(text: str) -> str:
    """A paragraph in lines, none of which begins a command of roff."""
    lines = textwrap.wrap(_inline(text), 100, break_long_words=False, break_on_hyphens=False)
    return "\n".join(rf"\&{line}" if line.startswith((".", "'")) else line for line in lines)


def _inline(text: str) -> str:
    return text.translate(_ESCAPES)
