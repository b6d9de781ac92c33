"""`| vtbehaviour`: what one file did in sandboxes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..options import UsageError
from ..result_fields import PREFIX, Cell, text_of
from ..sdk_import import Configuration
from .base import Row
from .one_request import OneRequest
from .report import INDICATOR

_TECHNIQUES, _SUMMARY = "techniques", "summary"
# The fields of a row for each of the parts, with the core's names of techniques.
_OF_TECHNIQUE = {
    "technique": "id",
    "technique_name": "name",
    "tactics": "tactics",
    "severity": "severity",
    "sandboxes": "sandboxes",
    "signatures": "signatures",
}
_FIELDS = {_TECHNIQUES: tuple(_OF_TECHNIQUE), _SUMMARY: ("kind", "count", "values")}


@Configuration(type="reporting")
class VtBehaviour(OneRequest):
    """A row for each ATT&CK technique, the worst first; with `parts=summary`, for each kind of thing that was seen."""

    OPTIONS = ("hash", "parts", "wait", "confirm")

    _part: str

    def read_options(self, given: Mapping[str, str]) -> None:
        value, self._part = given.get("hash", "").strip(), given.get("parts", _TECHNIQUES).strip().lower()
        if not value:
            raise UsageError("hash= must be the MD5, SHA-1 or SHA-256 of a file")
        if self._part not in _FIELDS:
            raise UsageError(f"parts={given['parts']!r}: {' or '.join(_FIELDS)}")
        self._request = {"action": "behaviour", "params": {"hash": value, "parts": [self._part]}}
        self.read_wait(given)

    def found(self, data: Mapping[str, Any]) -> Iterator[Row]:
        if self._part == _TECHNIQUES:
            for each in data.get(_TECHNIQUES) or []:
                yield self._row({name: each.get(theirs) for name, theirs in _OF_TECHNIQUE.items()})
            return
        for kind, values in (data.get(_SUMMARY) or {}).items():
            seen = [_in_words(value) for value in (values if isinstance(values, list) else [values])]
            yield self._row({"kind": kind, "count": len(seen), "values": seen})

    def empty(self) -> Row:
        return self._row({})

    def _row(self, told: Mapping[str, Any]) -> Row:
        from vt_connectors.indicators import shown_without_credentials

        asked: Row = {INDICATOR: shown_without_credentials(self._request["params"]["hash"])}
        state = {f"{PREFIX}status": "ok", f"{PREFIX}reason": ""}
        return {**asked, **{PREFIX + name: _cell(told.get(name)) for name in _FIELDS[self._part]}, **state}


def _cell(value: Any) -> Cell:
    return value if isinstance(value, list) else text_of(value)


def _in_words(value: Any) -> str:
    """A connection, a DNS lookup and the like as one text: its parts, with a blank between them."""
    if isinstance(value, Mapping):
        return " ".join(_in_words(part) for part in value.values())
    return ",".join(map(text_of, value)) if isinstance(value, list) else text_of(value)
