"""Parses searches, as far as the app's own need it, and refuses those that Splunk would refuse."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

from .conf_reader import read_conf

PROJECT = Path(__file__).resolve().parents[2]
BIN = PROJECT / "splunk_app/bin"
HOMES = {
    "vtlookup": "search/command.py",
    "vtreport": "commands/report.py",
    "vtquota": "commands/quota.py",
    "vtcache": "commands/cache.py",
    "vtdrain": "commands/drain.py",
    "vtcomment": "commands/comment.py",
    "vtrelated": "commands/related.py",
    "vtbehaviour": "commands/behaviour.py",
    "vtsearch": "commands/search.py",
    "vtstream": "commands/stream.py",
}
# Splunk's own commands that the app and its pages use.
SPLUNKS = frozenset(
    (
        *(
            "collect",
            "dedup",
            "eval",
            "fields",
            "fillnull",
            "head",
            "inputlookup",
            "lookup",
            "makeresults",
            "rename",
            "sendalert",
            "search",
            "sort",
            "stats",
            "table",
        ),
        *("timechart", "transpose", "where"),
    )
)
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'|[()\[\]|]|[^"\'()\[\]|]+', re.DOTALL)
_OPTION = re.compile(r'(\w+)=(?:"((?:\\.|[^"\\])*)"|(\S+))')
_MACRO = re.compile(r'"(?:\\.|[^"\\])*"|`(\w+)`', re.DOTALL)
_CLOSES = {")": "(", "]": "["}


def commands(search: str) -> list[tuple[str, str]]:
    """The search's commands with their arguments. ValueError if quotes or brackets do not close."""
    parts, open_brackets, rest = [""], [], search
    while rest:
        match = _TOKEN.match(rest)
        if match is None:
            raise ValueError(f"a quote does not close: {rest!r}")
        token, rest = match[0], rest[match.end() :]
        if token in ("(", "["):
            open_brackets.append(token)
        elif token in _CLOSES and (not open_brackets or open_brackets.pop() != _CLOSES[token]):
            raise ValueError(f"{token} closes nothing in {search!r}")
        if token == "|" and not open_brackets:
            parts.append("")
        else:
            parts[-1] += token
    if open_brackets:
        raise ValueError(f"{open_brackets[-1]} does not close in {search!r}")
    if search.lstrip().startswith("|"):
        parts.pop(0)
    return [(name, arguments) for name, _, arguments in (part.strip().partition(" ") for part in parts)]


def expanded(search: str) -> str:
    """The search with the definitions of the app's macros without arguments. KeyError for an unknown macro.

    Splunk, too, leaves quoted texts as they are.
    """
    macros = read_conf(PROJECT / "splunk_app/default/macros.conf")
    return _MACRO.sub(lambda match: macros[match[1]]["definition"] if match[1] else match[0], search)


def options_of(command: str) -> list[str]:
    """The options of a command of the app."""
    if str(BIN) not in sys.path:
        sys.path.insert(0, str(BIN))
    module = import_module("vtlookup_app." + HOMES[command].removesuffix(".py").replace("/", "."))
    [made] = (found for found in vars(module).values() if isinstance(found, type) and "OPTIONS" in vars(found))
    return list(vars(made)["OPTIONS"])


def given_options(arguments: str) -> dict[str, str]:
    """`name=value` and `name="value"`."""
    return {match[1]: match[3] if match[2] is None else match[2] for match in _OPTION.finditer(arguments)}


def refuse_unknown(search: str) -> None:
    """ValueError for an unknown command, or an unknown option of one of the app's commands."""
    for name, arguments in commands(expanded(search)):
        if name.startswith("`") or "=" in name:
            continue  # a macro, or the terms that a search may begin with
        if name not in SPLUNKS and name not in HOMES:
            raise ValueError(f"what is {name!r} in {search!r}?")
        if name in HOMES:
            left = _OPTION.sub("", arguments).strip()
            unknown = sorted(set(given_options(arguments)) - set(options_of(name)))
            if left or unknown:
                raise ValueError(f"{name} has no option {left or unknown} in {search!r}")
