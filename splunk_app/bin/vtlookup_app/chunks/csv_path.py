"""Adds fields to any CSV. The text of every record stays the same, character for character."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..result_fields import Columns, used_by_events
from .cells import Fragments, Values, added_names, decode, each_of, multi

# The writer quotes cells with characters of its line end: with both here, no value looks like the end of a line.
_LINE_END = "\r\n"
csv.field_size_limit(2**31 - 1)

Enrich = Callable[[Sequence[Values]], Mapping[Values, Columns]]
# NUL is refused by Python before 3.11, a lone CR outside of quotes by every Python.
_REFUSED = (("\0", re.compile("\0")), ("\r", re.compile("\r(?!\n)")))


@dataclass(frozen=True)
class _Records:
    """A chunk's records: the text of each without the line's end, and the values in its field."""

    header: str
    texts: list[str]
    keys: list[Values]


def add_fields(
    body: str, field: str, names: Sequence[str], prefix: str, enrich: Enrich, kind: str | None = None
) -> tuple[str, int]:
    """`body` with the fields `prefix + name` added to every record, replacing fields of that name; count of records.

    `enrich` maps the distinct tuples of values in `field` to the added fields by name. A value that lists several of
    `kind` (None: of any kind) is replaced by them. The body is CSV with a header; a multivalue field `f` has its values
    also in `__mv_f`.
    """
    if not body.strip(_LINE_END):
        return "", 0
    own = used_by_events(names_in(body), names, prefix)
    names = [name for name in names if name not in own]
    placeholders = CsvPlaceholders(body)
    lines = _dropped(_lines(placeholders.put(body)), set(added_names(names, prefix)), placeholders)
    records = _read(lines, field, placeholders, kind)
    found = enrich(list(dict.fromkeys(records.keys)))
    fragments = Fragments(names, prefix, side_by_side=any(len(key) > 1 for key in found))
    tails = fragments.of_each(found, lambda fragment: "," + fragment)
    out = [records.header + "," + fragments.header]
    out += [text + tails[key] for text, key in zip(records.texts, records.keys)]
    return "\n".join(out) + "\n", len(records.keys)


def names_in(body: str) -> list[str]:
    """The names of a body's columns."""
    placeholders = CsvPlaceholders(body)
    return [placeholders.undo(name) for name in next(_cells(body, placeholders), [])]


def fields_with_values(body: str, fields: Sequence[str]) -> list[str]:
    """Those of `fields` that are not empty in some record."""
    if not fields:
        return []
    placeholders = CsvPlaceholders(body)
    records = _cells(body, placeholders)
    names = next(records, [])
    places = {names.index(stood): name for name in fields if (stood := placeholders.put(name)) in names}
    found: set[str] = set()
    for cells in records:
        found.update(name for place, name in places.items() if place < len(cells) and cells[place])
        if len(found) == len(places):
            break
    return sorted(found)


def _cells(body: str, placeholders: CsvPlaceholders) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(placeholders.put(body), newline="\n"))


def _lines(body: str) -> list[str]:
    """Split at LF only: other line ends are part of a value."""
    return io.StringIO(body, newline="\n").readlines()


def _read(lines: list[str], field: str, placeholders: CsvPlaceholders, kind: str | None) -> _Records:
    reader = csv.reader(lines)
    names = next(reader)
    values_of, width = _reading(names, field, placeholders), len(names)
    begin = reader.line_num
    header = "".join(lines[:begin]).rstrip(_LINE_END)
    texts: list[str] = []
    keys: list[Values] = []
    for cells in reader:
        end = reader.line_num
        text = lines[begin] if end - begin == 1 else "".join(lines[begin:end])
        begin = end
        # A record may lack empty cells at its end; a blank line is one empty cell.
        texts.append(text.rstrip(_LINE_END) + "," * (width - (len(cells) or 1)))
        keys.append(each_of(values_of(cells), kind))
    if placeholders:
        return _Records(placeholders.undo(header), [placeholders.undo(text) for text in texts], keys)
    return _Records(header, texts, keys)


def _reading(names: list[str], field: str, placeholders: CsvPlaceholders) -> Callable[[list[str]], Values]:
    """A function that returns the values of `field` in a record's cells."""
    stood = placeholders.put(field)
    plain = names.index(stood) if stood in names else len(names)
    of_several = names.index(multi(stood)) if multi(stood) in names else len(names)

    def values(cells: list[str]) -> Values:
        if of_several < len(cells) and cells[of_several]:
            return tuple(map(placeholders.undo, decode(cells[of_several])))
        if plain < len(cells) and cells[plain]:
            return (placeholders.undo(cells[plain]),)
        return ()

    return values


def _dropped(lines: list[str], names: set[str], placeholders: CsvPlaceholders) -> list[str]:
    """The lines without the fields `names`, because these get new values."""
    reader = csv.reader(lines)
    header = next(reader)
    if names.isdisjoint(header):
        return lines
    keep = [index for index, name in enumerate(header) if name not in names]

    def kept(cells: list[str]) -> list[str]:
        return [placeholders.undo(cells[index]) if index < len(cells) else "" for index in keep]

    out = io.StringIO(newline="\n")
    writer = csv.writer(out, lineterminator=_LINE_END)
    writer.writerow(kept(header))
    writer.writerows(map(kept, reader))
    return _lines(placeholders.put(out.getvalue()))


class CsvPlaceholders:
    """Replaces NULs and lone CRs, which Python's `csv` refuses, by characters that the text does not contain.

    False if the text has none.
    """

    def __init__(self, text: str) -> None:
        free = (chr(code) for code in range(0xFFFF, 0xDFFF, -1) if chr(code) not in text)
        self._pairs = [(pattern, char, next(free)) for char, pattern in _REFUSED if pattern.search(text)]

    def __bool__(self) -> bool:
        return bool(self._pairs)

    def put(self, text: str) -> str:
        for pattern, _, placeholder in self._pairs:
            text = pattern.sub(placeholder, text)
        return text

    def undo(self, text: str) -> str:
        for _, char, placeholder in self._pairs:
            text = text.replace(placeholder, char)
        return text
