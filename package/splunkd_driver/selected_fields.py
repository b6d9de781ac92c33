"""The fields that splunkd sends to a command, and the merge of the reply with the other fields."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from package.splunkd_driver.csv_body import ProtocolError, Record, Value, encode_body
from package.splunkd_driver.wire import Reply

INDEX_FIELD = "_chunked_idx"

Chunk = Sequence[Mapping[str, Value]]


@dataclass(frozen=True)
class FieldSelection:
    """The fields that a command requested in its getinfo reply; None means all."""

    required: Sequence[str] | None

    @classmethod
    def from_getinfo(cls, metadata: Mapping[str, Any]) -> FieldSelection:
        """The selection in a getinfo reply. Only commands that preserve the order of events may have one."""
        required = metadata.get("required_fields") or ["*"]
        in_order = metadata.get("type", "streaming") in ("streaming", "stateful")
        return cls(None if "*" in required or not in_order else list(required))

    def encode(self, chunk: Chunk, fields: Sequence[str]) -> bytes:
        """The body to send for `chunk` with the fields `fields`."""
        if self.required is None:
            return encode_body(fields, chunk)
        numbered = [{**record, INDEX_FIELD: str(number)} for number, record in enumerate(chunk)]
        return encode_body([*self._sent(fields), INDEX_FIELD], numbered)

    def merge(self, chunk: Chunk, fields: Sequence[str], reply: Reply) -> list[Record]:
        """The events from `chunk` and the reply to it. ProtocolError if they do not match.

        A field that was sent comes only from the reply, and is lost if the command left it out.
        """
        if self.required is None:
            return reply.records
        kept = {field for field in fields if field not in self.required}
        return [_merge_row(chunk, fields, kept, row) for row in reply.records]

    def _sent(self, fields: Sequence[str]) -> list[str]:
        return [field for field in fields if field in (self.required or ())]


def chunk_fields(chunk: Chunk) -> list[str]:
    """The names of all fields in `chunk`, in the order of their first appearance."""
    return list(dict.fromkeys(field for record in chunk for field in record))


def _merge_row(chunk: Chunk, fields: Sequence[str], kept: Container[str], row: Record) -> Record:
    number = row.pop(INDEX_FIELD, None)
    if not isinstance(number, str) or not number.isdecimal() or int(number) >= len(chunk):
        raise ProtocolError(f"a row of the reply has {INDEX_FIELD} {number!r}")
    original = chunk[int(number)]
    present = [field for field in fields if field in kept or field in row]
    return {**{field: _as_parsed(original.get(field, "")) for field in present}, **row}


def _as_parsed(value: Value) -> str | list[str]:
    if isinstance(value, str):
        return value
    return list(value) if len(value) > 1 else "".join(value)
