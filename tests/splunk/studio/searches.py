"""Runs a page's searches: the app's packaged commands, the app's own log, and some events of others."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.package.spl_reader import HOMES, commands, expanded
from tests.splunk.searching import Lookup

from .pipeline import Rows, matches, piped, plain

_DAY_S = 86_400
_OPTION = re.compile(r'(\w+=)("(?:\\.|[^"\\])*"|\S+)', re.DOTALL)


@dataclass
class Found:
    """A search's result. `messages`: levels and texts."""

    rows: Rows
    messages: Sequence[tuple[str, str]] = ()

    @property
    def is_failed(self) -> bool:
        return not self.rows and any(level == "ERROR" for level, _ in self.messages)


@dataclass
class Searches:
    """`command` as splunkd starts it, `there` of searchinfo. `events`: those of other sourcetypes, for `index=*`.

    The log's times are spread over the last day, because a test has no day to wait.
    """

    command: Lookup
    there: dict[str, Any] = field(default_factory=dict)
    events: Rows = field(default_factory=list)
    sees_internal: bool = True

    def run(self, search: str) -> Found:
        (name, arguments), *rest = commands(expanded(search))
        if name in HOMES:
            found = self._command(name, arguments)
        else:
            terms = " ".join(part for part in (name, arguments) if part and name != "search") or arguments
            found = Found(self._events(terms))
        return Found(piped(found.rows, rest), found.messages)

    def _command(self, name: str, arguments: str) -> Found:
        given = [match[1] + plain(match[2]) for match in _OPTION.finditer(arguments)]
        result = self.command.command(name)([], *given, **self.there)
        return Found([dict(row) for row in result.records], result.messages)

    def _events(self, terms: str) -> Rows:
        events = self._log() if "index=_internal" in terms else self.events
        terms = re.sub(r"\bindex=\S+\s*", "", terms)
        return [event for event in events if matches(event, terms)]

    def _log(self) -> Rows:
        path = self.command.home / "var/log/splunk/vtlookup.log"
        if not self.sees_internal or not path.is_file():
            return []
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        ended = [line for line in lines if line["event"] in ("search", "alert")]
        first = time.time() - _DAY_S
        return [
            {"_time": first + _DAY_S * (at + 0.5) / len(ended), "sourcetype": "vtlookup:log", **_flat(line)}
            for at, line in enumerate(ended)
        ]


def _flat(line: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in line.items():
        found.update(
            {f"{name}.{inner}": each for inner, each in value.items()} if isinstance(value, dict) else {name: value}
        )
    return found
