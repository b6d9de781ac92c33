"""Splunk's search command protocol, version 2: chunks in, one reply for each."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from .chunk_body import Body

_HEADER = re.compile(rb"chunked\s+1\.0\s*,\s*(\d+)\s*,\s*(\d+)\s*\n")
_LONGEST_HEADER = 1024
_BLOCK = 1 << 20
# Bytes. More than a pipe of Linux holds, and less than each user may set: replies are larger than both.
_PIPE_SIZE = 1 << 19
# `fcntl` names it from Python 3.10 on.
_F_SETPIPE_SZ = 1031
# Far more than splunkd sends; the metadata is read in one piece.
_MOST_METADATA = 1 << 24


class ProtocolError(Exception):
    """The input is not a valid chunk."""


@dataclass(frozen=True)
class Chunk:
    metadata: Mapping[str, Any]
    body: Body

    @property
    def is_last(self) -> bool:
        return bool(self.metadata.get("finished", False))

    @property
    def is_preview(self) -> bool:
        return bool(self.metadata.get("preview", False))


@dataclass(frozen=True)
class Reply:
    """A reply's body. `size` is the length of all its parts."""

    size: int
    parts: Iterable[bytes]


class Input:
    """Standard input, never read ahead, so that `poll` shows whether splunkd has sent more."""

    def __init__(self, raw: io.FileIO) -> None:
        self._raw = raw

    def fileno(self) -> int:
        return self._raw.fileno()

    def readline(self) -> bytes:
        line = b""
        while not line.endswith(b"\n") and len(line) < _LONGEST_HEADER:
            byte = self._raw.read(1)
            if not byte:
                break
            line += byte
        return line

    def read(self, size: int) -> bytes:
        """Returns less than `size` only at the end of the input."""
        block = bytearray(size)
        view, got = memoryview(block), 0
        while got < size:
            count = self._raw.readinto(view[got:])
            if not count:
                break
            got += count
        return bytes(view[:got])

    def chunk(self) -> Chunk | None:
        """The next chunk; None at the end of the input, also in the middle of a chunk."""
        line = self.readline()
        match = _HEADER.fullmatch(line)
        if match is None:
            if line.endswith(b"\n") or len(line) == _LONGEST_HEADER:
                raise ProtocolError(f"a chunk should begin here, not {line[:60]!r}")
            return None
        size = int(match[1])
        if size > _MOST_METADATA:
            raise ProtocolError(f"a chunk's metadata should have {_MOST_METADATA} bytes at most")
        metadata = self.read(size)
        body = self._body(int(match[2]))
        if len(metadata) < size or body is None:
            return None
        return Chunk(_parsed(metadata), body)

    def _body(self, size: int) -> Body | None:
        """Read in blocks, so the body is in memory only once."""
        body = Body()
        begun: list[bytes] = []
        left = size
        while left:
            block = self.read(min(left, _BLOCK))
            if not block:
                return None
            left -= len(block)
            end = block.rfind(b"\n") + 1
            if end:
                body.add(b"".join([*begun, block[: end - 1]]))
                begun = []
            begun.append(block[end:])
        body.add(b"".join(begun))
        return body


def _parsed(metadata: bytes) -> Mapping[str, Any]:
    try:
        parsed = json.loads(metadata.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise ProtocolError("a chunk's metadata should be a JSON object")
    return parsed


def widen(out: BinaryIO) -> None:
    """Let a pipe hold more, if that is possible, so that splunkd and this process wait for each other less often."""
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(out.fileno(), _F_SETPIPE_SZ, _PIPE_SIZE)


def write_reply(out: BinaryIO, metadata: Mapping[str, Any], reply: Reply) -> None:
    encoded = json.dumps(metadata, separators=(",", ":")).encode("ascii")
    out.write(b"chunked 1.0,%d,%d\n%s" % (len(encoded), reply.size, encoded))
    for part in reply.parts:
        out.write(part)
    out.flush()
