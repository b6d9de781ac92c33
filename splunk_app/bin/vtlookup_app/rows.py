"""A chunk's CSV with fields added: every record's own text stays as it came, byte for byte.

The body is CSV with a header; a multivalue field `f` has its values in `__mv_f` too, as `$a$;$b$` with `$` doubled.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .columns import Cell, Columns
from .stand_ins import StandIns

_MULTIVALUE = "__mv_"
_ENCODED = re.compile(r"\$((?:\$\$|[^$])*)\$(?:;|\Z)")
# The writer quotes what its own line end has: with both characters, no value is taken for the end of a line.
_LINE_END = "\r\n"
csv.field_size_limit(2**31 - 1)

Values = tuple[str, ...]
Enrich = Callable[[Sequence[Values]], Mapping[Values, Columns]]


@dataclass(frozen=True)
class _Records:
    """A chunk's records side by side: each one's text without the line's end, and the indicators its field holds."""

    header: str
    texts: list[str]
    keys: list[Values]


def add_fields(body: str, field: str, names: Sequence[str], prefix: str, enrich: Enrich) -> str:
    """`body` with the fields `prefix + name` added to every record, in place of any of that name.

    `enrich` is given the distinct tuples of values that the records hold in `field`, and gives their fields by name.
    """
    if not body.strip(_LINE_END):
        return ""
    stand_ins = StandIns(body)
    lines = _dropped(_lines(stand_ins.put(body)), _added_names(names, prefix), stand_ins)
    records = _read(lines, field, stand_ins)
    found = enrich(list(dict.fromkeys(records.keys)))
    encoder = _Encoder(names, [name for name in names if any(isinstance(found[key][name], list) for key in found)])
    fragments = {key: "," + encoder.fragment(columns) for key, columns in found.items()}
    out = [records.header + "," + encoder.header(prefix)]
    out += [text + fragments[key] for text, key in zip(records.texts, records.keys)]
    return "\n".join(out) + "\n"


def decode_multivalue(text: str) -> list[str]:
    return [match.replace("$$", "$") for match in _ENCODED.findall(text)]


def _lines(body: str) -> list[str]:
    """Split at LF alone: other line ends belong to the values they stand in."""
    return io.StringIO(body, newline="\n").readlines()


def _read(lines: list[str], field: str, stand_ins: StandIns) -> _Records:
    reader = csv.reader(lines)
    names = next(reader)
    values_of, width = _reading(names, field, stand_ins), len(names)
    begin = reader.line_num
    header = "".join(lines[:begin]).rstrip(_LINE_END)
    texts: list[str] = []
    keys: list[Values] = []
    for cells in reader:
        end = reader.line_num
        text = lines[begin] if end - begin == 1 else "".join(lines[begin:end])
        begin = end
        # A record may have left out empty cells at its end; a blank line is one empty cell.
        texts.append(text.rstrip(_LINE_END) + "," * (width - (len(cells) or 1)))
        keys.append(values_of(cells))
    if stand_ins:
        return _Records(stand_ins.undo(header), [stand_ins.undo(text) for text in texts], keys)
    return _Records(header, texts, keys)


def _reading(names: list[str], field: str, stand_ins: StandIns) -> Callable[[list[str]], Values]:
    """What gives the values of `field` in a record's cells."""
    stood = stand_ins.put(field)
    plain = names.index(stood) if stood in names else len(names)
    multi = names.index(_MULTIVALUE + stood) if _MULTIVALUE + stood in names else len(names)

    def values(cells: list[str]) -> Values:
        if multi < len(cells) and cells[multi]:
            return tuple(map(stand_ins.undo, decode_multivalue(cells[multi])))
        if plain < len(cells) and cells[plain]:
            return (stand_ins.undo(cells[plain]),)
        return ()

    return values


def _added_names(names: Sequence[str], prefix: str) -> set[str]:
    plain = [prefix + name for name in names]
    return {*plain, *(_MULTIVALUE + name for name in plain)}


def _dropped(lines: list[str], names: set[str], stand_ins: StandIns) -> list[str]:
    """Without the fields called so: they are there already and get new values, so records are written anew."""
    reader = csv.reader(lines)
    header = next(reader)
    if names.isdisjoint(header):
        return lines
    keep = [index for index, name in enumerate(header) if name not in names]

    def kept(cells: list[str]) -> list[str]:
        return [stand_ins.undo(cells[index]) if index < len(cells) else "" for index in keep]

    out = io.StringIO(newline="\n")
    writer = csv.writer(out, lineterminator=_LINE_END)
    writer.writerow(kept(header))
    writer.writerows(map(kept, reader))
    return _lines(stand_ins.put(out.getvalue()))


class _Encoder:
    """Fields to CSV text; `multivalued` ones have a `__mv_` column as well."""

    def __init__(self, names: Sequence[str], multivalued: Sequence[str]) -> None:
        self._names = names
        self._multivalued = multivalued

    def header(self, prefix: str) -> str:
        columns = [prefix + name for name in self._names]
        return _line(columns + [_MULTIVALUE + prefix + name for name in self._multivalued])

    def fragment(self, columns: Columns) -> str:
        plain = [_plain(columns[name]) for name in self._names]
        line = _line(plain + [_multi(columns[name]) for name in self._multivalued])
        # JSON can have half a character, which UTF-8 cannot.
        return line.encode("utf-8", "replace").decode("utf-8")


def _plain(cell: Cell) -> str:
    return cell if isinstance(cell, str) else "\n".join(cell)


def _multi(cell: Cell) -> str:
    """Only two values and more need it; one is a plain value."""
    if isinstance(cell, str) or len(cell) < 2:
        return ""
    return ";".join("$" + value.replace("$", "$$") + "$" for value in cell)


def _line(cells: Sequence[str]) -> str:
    """One line without its end."""
    line = io.StringIO(newline="\n")
    csv.writer(line, lineterminator=_LINE_END).writerow(cells)
    return line.getvalue()[: -len(_LINE_END)]
