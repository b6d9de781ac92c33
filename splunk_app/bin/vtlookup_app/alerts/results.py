"""The alert's results: which indicators are in the fields that the action names."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made
from pathlib import Path
from typing import TextIO

from ..multivalue import decode
from .payload import Unusable

# As many as a search keeps by default, and so much text: a small file may unpack to any size.
MOST_ROWS, MOST_CHARACTERS = 50_000, 256 * 1024 * 1024
_LONGEST_CELL = 10 * 1024 * 1024
# By these Enterprise Security finds the notable event that a verdict belongs to.
LINKS = ("rid", "orig_sid", "orig_rid")
_MOST_LINKS = 10


@dataclass
class Found:
    """One distinct value: the first field that had it, in how many results it is, and the events it goes back to."""

    value: str
    field: str
    results: int = 0
    links: dict[str, list[str]] = made(default_factory=dict)

    def saw(self, row: Mapping[str, str]) -> None:
        self.results += 1
        for name in LINKS:
            held = self.links.setdefault(name, [])
            if row.get(name) and row[name] not in held and len(held) < _MOST_LINKS:
                held.append(row[name])


@dataclass
class Indicators:
    """Of `rows` results. `missing`: fields that none has. `left_out`: values beyond those wanted. `cut`: more rows."""

    rows: int
    found: list[Found]
    missing: list[str]
    left_out: int
    cut: bool


def indicators_in(path: Path | None, fields: Sequence[str], most: int) -> Indicators:
    """The first `most` distinct values of `fields`. Raises `Unusable` where there are no results to read."""
    if path is None:
        raise Unusable("splunkd named no file with results")
    found: dict[str, Found] = {}
    seen: set[str] = set()
    others: set[str] = set()
    count, cut = 0, False
    try:
        for row in _rows(path):
            if count == MOST_ROWS:
                raise _TooMuch
            count += 1
            seen.update(name for name in fields if name in row)
            _note(row, fields, found, others, most)
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise Unusable(f"the alert's results could not be read ({type(error).__name__})") from None
    except _TooMuch:
        cut = True
    missing = [name for name in fields if name not in seen]
    return Indicators(count, list(found.values()), missing, len(others), cut)


def _note(row: Mapping[str, str], fields: Sequence[str], found: dict[str, Found], others: set[str], most: int) -> None:
    values: dict[str, str] = {}
    for name in fields:
        for value in _values(row, name):
            values.setdefault(value, name)
    for value, name in values.items():
        if value not in found:
            if len(found) >= most:
                others.add(value)
                continue
            found[value] = Found(value, name)
        found[value].saw(row)


def _values(row: Mapping[str, str], name: str) -> list[str]:
    several = decode(row.get(f"__mv_{name}") or "")
    return [value.strip() for value in several or [row.get(name) or ""] if value.strip()]


class _TooMuch(Exception):
    """More than is read."""


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
        # Python's csv before 3.11 refuses a whole file for one of these.
        yield line.replace("\0", "")
