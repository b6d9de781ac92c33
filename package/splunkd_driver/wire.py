"""The frames of Splunk's search command protocol, version 2."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from package.splunkd_driver.csv_body import ProtocolError, Record, decode_body, parse_records

_FRAME = re.compile(rb"chunked\s+1\.0\s*,\s*(\d+)\s*,\s*(\d+)\s*\n")
_LONGEST_FRAME_LINE = 200


@dataclass(frozen=True)
class Reply:
    """The command's reply to one chunk."""

    metadata: dict[str, Any]
    header: list[str]
    rows: list[list[str]]
    body: bytes

    @property
    def finished(self) -> bool:
        """Whether the command reports that it has finished."""
        return bool(self.metadata.get("finished"))

    @property
    def messages(self) -> list[tuple[str, str]]:
        """(level, text) of each message for the search's user."""
        inspector = self.metadata.get("inspector") or {}
        return [(str(level), str(text)) for level, text in inspector.get("messages", [])]

    @property
    def records(self) -> list[Record]:
        """The rows by field name; a list for several values, "" for no value."""
        return parse_records(self.header, self.rows)


def encode_frame(metadata: Mapping[str, Any], body: bytes = b"") -> bytes:
    """One chunk as bytes."""
    encoded = json.dumps(metadata, ensure_ascii=False).encode("utf-8")
    return b"chunked 1.0,%d,%d\n" % (len(encoded), len(body)) + encoded + body


def read_frame(stream: IO[bytes]) -> Reply | None:
    """The next chunk of `stream`, or None at its end. ProtocolError if it is incomplete or invalid."""
    parts = read_parts(stream)
    if parts is None:
        return None
    metadata, body = _parse_metadata(parts[0]), parts[1]
    header, rows = decode_body(body)
    return Reply(metadata, header, rows, body)


def read_parts(stream: IO[bytes]) -> tuple[bytes, bytes] | None:
    """The next chunk's metadata and body without parsing, which saves time."""
    line = stream.readline(_LONGEST_FRAME_LINE)
    if not line:
        return None
    match = _FRAME.fullmatch(line)
    if match is None:
        raise ProtocolError(f"a chunk should begin here, not {line!r}")
    return _read_exactly(stream, int(match[1])), _read_exactly(stream, int(match[2]))


def _read_exactly(stream: IO[bytes], size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise ProtocolError(f"the chunk declares {size} bytes, only {len(content)} came")
    return content


def _parse_metadata(content: bytes) -> dict[str, Any]:
    try:
        metadata = json.loads(content.decode("utf-8")) if content else {}
    except ValueError as error:
        raise ProtocolError(f"metadata is not JSON ({error}): {content[:200]!r}") from error
    if not isinstance(metadata, dict):
        raise ProtocolError(f"metadata is not an object: {content[:200]!r}")
    return metadata
