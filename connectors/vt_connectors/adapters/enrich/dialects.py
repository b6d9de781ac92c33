"""How events are written: as JSON lines, or as rsyslog's `mmexternal` sends and expects them."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from ... import strict_json
from ...event_fields import Fields

Event = dict[str, Any]
_decode = json.JSONDecoder().raw_decode
# What is needed to find the members of an object: texts, and the marks outside of them.
_MARK = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]')
_NOTHING = "{}"
_RSYSLOG_PROPERTIES = "$!"


class Added(NamedTuple):
    """New fields of an event: their names, and the inside of a JSON object."""

    names: frozenset[str]
    text: str

    @classmethod
    def of(cls, fields: Fields) -> Added:
        return cls(frozenset(fields), strict_json.dumps(fields)[1:-1])


class Dialect(Protocol):
    """Reads a line as an event, and writes what becomes of it."""

    def event(self, line: str) -> Event | None:
        """None if the line has no event."""

    def unchanged(self, line: str) -> str:
        """The output for a line that gets no fields."""

    def part(self, piece: str) -> str:
        """The output for a piece of a line that is too long; `unchanged` follows for its last piece."""

    def enriched(self, line: str, added: Sequence[Added]) -> str:
        """The output for an event that has none of the new fields."""

    def replaced(self, line: str, left: Container[str], added: Sequence[Added]) -> str:
        """The output for an event with earlier new fields. `left`: the names of its other fields."""


class JsonLines:
    """The text of an event stays as it is, and the new fields are put behind it."""

    def event(self, line: str) -> Event | None:
        return _object_in(line)

    def unchanged(self, line: str) -> str:
        return line

    def part(self, piece: str) -> str:
        return piece

    def enriched(self, line: str, added: Sequence[Added]) -> str:
        end = line.rindex("}")
        return f"{line[:end]},{_joined(added)}{line[end:]}"

    def replaced(self, line: str, left: Container[str], added: Sequence[Added]) -> str:
        begin, end = line.index("{") + 1, line.rindex("}")
        kept = [member for name, member in _members(line[begin:end]) if name in left]
        return f"{line[:begin]}{','.join([*kept, _joined(added)])}{line[end:]}"


class Rsyslog:
    """The message with all its properties comes in; only new properties go out, one line for each message.

    https://www.rsyslog.com/doc/configuration/modules/mmexternal.html
    """

    def event(self, line: str) -> Event | None:
        message = _object_in(line)
        if message is None:
            return None
        properties = message.get(_RSYSLOG_PROPERTIES)
        return {**message, **properties} if isinstance(properties, dict) else message

    def unchanged(self, line: str) -> str:
        return _NOTHING

    def part(self, piece: str) -> str:
        return ""

    def enriched(self, line: str, added: Sequence[Added]) -> str:
        return f'{{"{_RSYSLOG_PROPERTIES}":{{{_joined(added)}}}}}'

    def replaced(self, line: str, left: Container[str], added: Sequence[Added]) -> str:
        return self.enriched("", added)


DIALECTS: dict[str, type[JsonLines] | type[Rsyslog]] = {"ndjson": JsonLines, "rsyslog": Rsyslog}


def _object_in(line: str) -> Event | None:
    text = line.strip()
    try:
        value, end = _decode(text)
    except (ValueError, RecursionError):
        return None
    return value if type(value) is dict and end == len(text) else None


def _members(inside: str) -> Iterator[tuple[str, str]]:
    """The names in the inside of a JSON object, and each with its value as it is written there.

    Written again by Python, numbers would change, and an event that is nested deep could be read but not written.
    """
    depth = begin = 0
    for mark in _MARK.finditer(inside):
        if mark[0] in "[{":
            depth += 1
        elif mark[0] in "]}":
            depth -= 1
        elif mark[0] == "," and not depth:
            yield _named(inside[begin : mark.start()])
            begin = mark.end()
    yield _named(inside[begin:])


def _named(member: str) -> tuple[str, str]:
    return _decode(member.lstrip())[0], member


def _joined(added: Sequence[Added]) -> str:
    return added[0].text if len(added) == 1 else ",".join([each.text for each in added])
