"""The overview of commands: grouped, with the first steps above and the defaults below."""

from __future__ import annotations

from collections.abc import Iterator

from ...config.credentials import KEY_PAGE
from ...config.settings import Settings
from ...quota.windows import PUBLIC
from .action_groups import CHANGE, LICENSED, LOOK_UP, READ_MORE
from .parser import FOR_PROGRAMS, Parser

FIRST_STEPS = (
    ("vtaction sandbox", "try it without a key: it prints what to type next"),
    ("vtaction init", f"store a key: {KEY_PAGE}"),
    ("vtaction lookup 8.8.8.8", "look up any hash, URL, domain or IP address"),
)
# The order of the groups; others follow.
_ORDER = (LOOK_UP, READ_MORE, CHANGE, LICENSED)
_NAME_WIDTH = 21


class Overview(Parser):
    """The parser of `vtaction` itself. Its help is the overview."""

    def format_help(self) -> str:
        return "\n".join(_lines(self)) + "\n"


def groups(parser: Parser) -> dict[str, list[tuple[str, Parser]]]:
    """The commands by group, in the order of the overview."""
    found: dict[str, list[tuple[str, Parser]]] = {name: [] for name in _ORDER}
    for name, command in parser.subparsers.items():
        found.setdefault(command.group, []).append((name, command))
    programs = found.pop(FOR_PROGRAMS, [])
    return {**{name: commands for name, commands in found.items() if commands}, FOR_PROGRAMS: programs}


def defaults() -> Iterator[tuple[str, str]]:
    """What applies if nothing else is set."""
    unset = Settings()
    yield "quota", f"{PUBLIC.replace(',', ', ')}, the free key's (VT_QUOTA)"
    yield "cache", f"answers are used for {unset.cache_ttl_s / 3600:g} hours (VT_CACHE_TTL, --max-age)"
    yield "waiting", "at most 20 seconds for quota (--max-wait)"
    yield "output", "a table on a terminal, JSON lines in a pipe (--format)"
    yield "settings", "environment variables, else the file of `vtaction init`"


def _lines(parser: Parser) -> Iterator[str]:
    yield "VirusTotal on the command line, with one cache and one quota for all programs."
    yield ""
    yield "usage: vtaction COMMAND [VALUE ...] [OPTIONS]"
    yield ""
    yield "First steps"
    yield from (f"  {command:<24}{about}" for command, about in FIRST_STEPS)
    for group, commands in groups(parser).items():
        yield f"\n{group}"
        yield from (f"  {name:<{_NAME_WIDTH}}{command.title}" for name, command in commands)
    yield "\nDefaults"
    yield from (f"  {name:<{_NAME_WIDTH}}{text}" for name, text in defaults())
    yield ""
    yield "`vtaction help COMMAND` shows the options of a command with an example."
    yield "Names may be written with - or _. A key is never given on the command line."
    yield "Exit status: 0 answered; 1 failed; 2 wrong usage or settings; 75 try later."
