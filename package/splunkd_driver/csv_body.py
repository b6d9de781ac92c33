"""Search results as CSV, in the form that splunkd and its external commands exchange."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Union

Value = Union[str, Sequence[str]]
Record = dict[str, Union[str, list[str]]]

MULTIVALUE_PREFIX = "__mv_"

_NEEDS_QUOTES = re.compile(r'[",\r\n]|^_')
_MULTIVALUE = re.compile(r"\$([^$]*(?:\$\$[^$]*)*)\$(?:;(?=\$)|\Z)")

# The csv module's default limit is 128 KB per cell; a raw response in an event is longer.
csv.field_size_limit(max(csv.field_size_limit(), 10 * 1024 * 1024))


class ProtocolError(Exception):
    """The command wrote invalid data."""


def encode_body(fields: Sequence[str], records: Iterable[Mapping[str, Value]]) -> bytes:
    """Records as splunkd writes them: all fields, then all multivalue columns, and LF line ends."""
    header = [*fields, *(MULTIVALUE_PREFIX + field for field in fields)]
    lines = [_encode_line(header)]
    for record in records:
        values = [_as_list(record.get(field, "")) for field in fields]
        plain = ["\n".join(value) for value in values]
        lines.append(_encode_line(plain + [encode_multivalue(value) for value in values]))
    return "".join(lines).encode("utf-8")


def decode_body(body: bytes) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a CSV body, ([], []) if it is empty. ProtocolError if it is invalid."""
    try:
        text = body.decode("utf-8")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ProtocolError(f"the body is not CSV in UTF-8: {error}") from error
    header = rows.pop(0) if rows else []
    if len(set(header)) != len(header):
        raise ProtocolError(f"the header names a field twice: {header}")
    for number, row in enumerate(rows):
        if len(row) != len(header):
            raise ProtocolError(f"row {number} has {len(row)} cells, the header {len(header)}")
    return header, rows


def parse_records(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[Record]:
    """Rows as records: a list for several values, "" for no value."""
    return [_parse_record(dict(zip(header, row))) for row in rows]


def _parse_record(cells: Mapping[str, str]) -> Record:
    record: Record = {}
    for field, value in cells.items():
        if field.startswith(MULTIVALUE_PREFIX):
            continue
        encoded = cells.get(MULTIVALUE_PREFIX + field, "")
        record[field] = decode_multivalue(encoded) if encoded else value
    return record


def encode_multivalue(values: Sequence[str]) -> str:
    """`$a$;$b$` with each `$` in a value doubled; "" unless there are at least two values."""
    if len(values) < 2:
        return ""
    return ";".join("$" + value.replace("$", "$$") + "$" for value in values)


def decode_multivalue(encoded: str) -> list[str]:
    """The values in an encoded multivalue. ProtocolError if it is not one."""
    values = []
    position = 0
    while position < len(encoded):
        match = _MULTIVALUE.match(encoded, position)
        if match is None:
            raise ProtocolError(f"not a multivalue: {encoded!r}")
        values.append(match[1].replace("$$", "$"))
        position = match.end()
    return values


def _as_list(value: Value) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _encode_line(cells: Iterable[str]) -> str:
    return ",".join(map(_encode_cell, cells)) + "\n"


def _encode_cell(cell: str) -> str:
    # splunkd also puts quotes around names that begin with an underscore.
    return '"' + cell.replace('"', '""') + '"' if _NEEDS_QUOTES.search(cell) else cell
