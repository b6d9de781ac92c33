"""Reads the indicators in the named fields of the alert's results."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made
from functools import cache
from pathlib import Path
from typing import TextIO

from vt_connectors.errors import InvalidIndicator
from vt_connectors.indicators import Kind, has_no_value, parse_as, recognise

from ..chunks.cells import MULTIVALUE, decode, each_of, multi
from ..endpoint.verdict_request import LINKS
from ..limits import MOST_LINKS
from .payload import InvalidPayload

# Splunk's default limit of results, and a limit of text, because a small file may unpack to any size.
MOST_ROWS, MOST_CHARACTERS = 50_000, 256 * 1024 * 1024
_LONGEST_CELL = 10 * 1024 * 1024


@dataclass
class Found:
    """One indicator: its first spelling, the first field that had it, the number of results that have it in any
    spelling, and links to the original events.
    """

    value: str
    field: str
    results: int = 0
    links: dict[str, list[str]] = made(default_factory=dict)

    def saw(self, row: Mapping[str, str]) -> None:
        self.results += 1
        for name in LINKS:
            held = self.links.setdefault(name, [])
            if row.get(name) and row[name] not in held and len(held) < MOST_LINKS:
                held.append(row[name])


@dataclass
class Indicators:
    """Indicators in `rows` results with the fields `names`. `missing`: requested fields that no result has. `left_out`:
    the number of indicators above the limit. `cut`: there were more rows.
    """

    rows: int
    found: list[Found]
    missing: list[str]
    left_out: int
    cut: bool
    names: list[str]


def results_of_job(path: Path | None, sid: str, splunk_home: Path) -> Path:
    """The file with the results, which must belong to the search's job. Raises `InvalidPayload`.

    `... | sendalert vt_alert_lookup results_path=<file>` can name any file, and this process has the rights of splunkd.
    https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Sendalert
    """
    if path is None:
        raise InvalidPayload("the payload has no file with results")
    try:
        found = path.resolve()
        run = splunk_home / "var/run/splunk"
        jobs = [(folder / sid).resolve() for folder in (run / "dispatch", run) if Path(sid).name == sid]
        if found.is_file() and any(job in found.parents for job in jobs):
            return found
    except (OSError, ValueError, RuntimeError):
        pass
    raise InvalidPayload("the file with the results is not from this search's job: leave out results_path=")


def indicators_in(path: Path, fields: Sequence[str], kind: Kind | None, most: int) -> Indicators:
    """The first `most` distinct indicators in `fields`, of `kind`, or recognised if it is None.

    Raises `InvalidPayload` if the results cannot be read.
    """
    reading = _Reading(fields, kind, most)
    cut = False
    try:
        for row in _rows(path):
            if reading.rows == MOST_ROWS:
                raise _TooMuch
            reading.note(row)
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise InvalidPayload(f"the alert's results could not be read ({type(error).__name__})") from None
    except _TooMuch:
        cut = True
    names = [name for name in reading.names if name and not name.startswith(MULTIVALUE)]
    missing = [name for name in fields if name not in names]
    return Indicators(reading.rows, list(reading.found.values()), missing, len(reading.others), cut, names)


class _Reading:
    """Collects indicators row by row. Spellings with the same canonical form are one indicator."""

    def __init__(self, fields: Sequence[str], kind: Kind | None, most: int) -> None:
        self._fields = fields
        self._kind = kind
        self._key = cache(lambda value: _key_of(kind, value))
        self._most = most
        self.rows = 0
        self.names: dict[str, None] = {}
        self.found: dict[str, Found] = {}
        self.others: set[str] = set()

    def note(self, row: Mapping[str, str]) -> None:
        self.rows += 1
        if not self.names:
            self.names = dict.fromkeys(row)
        met: dict[str, tuple[str, str]] = {}
        for name in self._fields:
            for value in _values(row, name, self._kind):
                met.setdefault(self._key(value), (value, name))
        for key, (value, name) in met.items():
            if key not in self.found:
                if len(self.found) >= self._most:
                    self.others.add(key)
                    continue
                self.found[key] = Found(value, name)
            self.found[key].saw(row)


def _key_of(kind: Kind | None, value: str) -> str:
    try:
        return (recognise(value) if kind is None else parse_as(kind, value)).key
    except InvalidIndicator:
        return value


def _values(row: Mapping[str, str], name: str, kind: Kind | None) -> list[str]:
    """The values of a field; a value that lists several of `kind` (None: of any kind) is replaced by these."""
    several = decode(row.get(multi(name)) or "")
    given = [value.strip() for value in several or [row.get(name) or ""] if not has_no_value(value)]
    return [value for value in each_of(given, kind) if not has_no_value(value)]


class _TooMuch(Exception):
    """The results are larger than the limit."""


def _rows(path: Path) -> Iterator[Mapping[str, str]]:
    csv.field_size_limit(_LONGEST_CELL)
    with gzip.open(path, "rt", encoding="utf-8", errors="replace", newline="") as file:
        yield from csv.DictReader(_lines(file), restval="")


def _lines(file: TextIO) -> Iterator[str]:
    left = MOST_CHARACTERS
    while line := file.readline(_LONGEST_CELL):
        left -= len(line)
        if left < 0 or len(line) == _LONGEST_CELL:
            raise _TooMuch
        # Python's csv before 3.11 refuses the whole file because of one of these.
        yield line.replace("\0", "")
