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

_MULTIVALUE = "__mv_"
_ENCODED = re.compile(r"\$((?:\$\$|[^$])*)\$(?:;|$)")
# Python before 3.11 reads no CSV with NUL in it; a character that text never holds takes its place meanwhile.
_NUL, _STAND_IN = "\0", "\uffff"
csv.field_size_limit(2**31 - 1)

Values = tuple[str, ...]
Enrich = Callable[[Sequence[Values]], Mapping[Values, Columns]]


@dataclass(frozen=True)
class Record:
    """One record: its text without the line's end, its cells, and the indicators its field holds."""

    text: str
    cells: list[str]
    values: Values


def add_fields(body: str, field: str, names: Sequence[str], prefix: str, enrich: Enrich) -> str:
    """`body` with the fields `prefix + name` added to every record, in place of any of that name.

    `enrich` is given the distinct tuples of values that the records hold in `field`, and gives their fields by name.
    """
    if not body:
        return ""
    header, records = _read(body.replace(_NUL, _STAND_IN) if _NUL in body else body, field)
    found = enrich(list(dict.fromkeys(record.values for record in records)))
    multivalued = [name for name in names if any(isinstance(found[key][name], list) for key in found)]
    wide = _Encoder(names, [name for name in names if name in multivalued])
    fragments = {key: wide.fragment(found[key]) for key in found}
    added = wide.header(prefix)
    if set(_added_names(names, prefix)) & set(header.cells):
        out = _replaced(header, records, set(_added_names(names, prefix)), added, fragments)
    else:
        lines = [header.text + "," + added]
        width = len(header.cells)
        lines += [_padded(record, width) + "," + fragments[record.values] for record in records]
        out = "\n".join(lines) + "\n"
    return out.replace(_STAND_IN, _NUL) if _NUL in body else out


def decode_multivalue(text: str) -> list[str]:
    return [match.replace("$$", "$") for match in _ENCODED.findall(text)]


def _read(body: str, field: str) -> tuple[Record, list[Record]]:
    """The header and the records. Lines are split at LF alone: other line ends belong to the values they stand in."""
    lines = io.StringIO(body, newline="\n").readlines()
    reader = csv.reader(lines)
    names = next(reader)
    header = Record("".join(lines[: reader.line_num]).rstrip("\r\n"), names, ())
    plain = names.index(field) if field in names else None
    multi = names.index(_MULTIVALUE + field) if _MULTIVALUE + field in names else None
    records, begin = [], reader.line_num
    for cells in reader:
        text = "".join(lines[begin : reader.line_num]).rstrip("\r\n")
        begin = reader.line_num
        records.append(Record(text, cells, _values(cells, plain, multi)))
    return header, records


def _values(cells: list[str], plain: int | None, multi: int | None) -> Values:
    if multi is not None and multi < len(cells) and cells[multi]:
        return tuple(decode_multivalue(cells[multi]))
    if plain is not None and plain < len(cells) and cells[plain]:
        return (cells[plain],)
    return ()


def _padded(record: Record, width: int) -> str:
    """A record may have left out empty cells at its end."""
    missing = width - max(1, len(record.cells))
    return record.text + "," * missing if missing > 0 else record.text


def _added_names(names: Sequence[str], prefix: str) -> list[str]:
    plain = [prefix + name for name in names]
    return plain + [_MULTIVALUE + name for name in plain]


def _replaced(header: Record, records: list[Record], old: set[str], added: str, fragments: Mapping[Values, str]) -> str:
    """The input has fields of these names already: theirs go, so records are written anew from their cells."""
    keep = [index for index, name in enumerate(header.cells) if name not in old]

    def kept(cells: list[str]) -> str:
        return _line([cells[index] if index < len(cells) else "" for index in keep])

    lines = [kept(header.cells) + "," + added]
    lines += [kept(record.cells) + "," + fragments[record.values] for record in records]
    return "\n".join(lines) + "\n"


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
        return _line(plain + [_multi(columns[name]) for name in self._multivalued])


def _plain(cell: Cell) -> str:
    return cell if isinstance(cell, str) else "\n".join(cell)


def _multi(cell: Cell) -> str:
    """Only two values and more need it; one is a plain value."""
    if isinstance(cell, str) or len(cell) < 2:
        return ""
    return ";".join("$" + value.replace("$", "$$") + "$" for value in cell)


def _line(cells: Sequence[str]) -> str:
    """One line without its end. The writer quotes what its own line end has, so it is given both characters."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()[:-2]
