"""How events are written: as JSON lines, or as rsyslog's `mmexternal` sends and expects them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from ... import strict_json
from ...event_fields import Fields

Event = dict[str, Any]
_decode = json.JSONDecoder().raw_decode
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

    def replaced(self, event: Event, added: Sequence[Added]) -> str:
        """The output for an event whose earlier new fields were removed."""


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

    def replaced(self, event: Event, added: Sequence[Added]) -> str:
        # Not in the strict form, because a number such as NaN was accepted too.
        inside = json.dumps(event, separators=(",", ":"))[1:-1]
        return "{" + (inside + "," if inside else "") + _joined(added) + "}"


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

    def replaced(self, event: Event, added: Sequence[Added]) -> str:
        return self.enriched("", added)


DIALECTS: dict[str, type[JsonLines] | type[Rsyslog]] = {"ndjson": JsonLines, "rsyslog": Rsyslog}


def _object_in(line: str) -> Event | None:
    text = line.strip()
    try:
        value, end = _decode(text)
    except (ValueError, RecursionError):
        return None
    return value if type(value) is dict and end == len(text) else None


def _joined(added: Sequence[Added]) -> str:
    return added[0].text if len(added) == 1 else ",".join([each.text for each in added])
