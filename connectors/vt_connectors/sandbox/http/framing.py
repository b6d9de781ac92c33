"""Finds the end of a request's body: by Content-Length or chunks."""

from __future__ import annotations

import re
from email.message import Message
from typing import BinaryIO, Union

_BLOCK = 65536
_LINE_LIMIT = 1024
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")
_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)


class FramingError(Exception):
    """The request's headers do not reliably say where its body ends."""


class SizedBody:
    """The next `size` bytes of a connection."""

    def __init__(self, source: BinaryIO, size: int) -> None:
        self._source = source
        self._left = size

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; b"" at the end. ConnectionAbortedError if the client closes the connection before it."""
        wanted = min(size, self._left)
        data = self._source.read(wanted) if wanted else b""
        if len(data) < wanted:
            raise ConnectionAbortedError("the request's body was cut off")
        self._left -= len(data)
        return data


class ChunkedBody:
    """The body of a request sent with Transfer-Encoding: chunked."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._chunk = SizedBody(source, 0)
        self._is_first = True
        self._is_over = False

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; b"" at the end. ConnectionAbortedError if the body is cut off or not in chunks."""
        data = b"" if self._is_over else self._chunk.read(size)
        if data or self._is_over:
            return data
        self._next_chunk()
        return self.read(size)

    def _next_chunk(self) -> None:
        if not self._is_first and self._line():
            raise ConnectionAbortedError("a chunk is longer than announced")
        self._is_first = False
        text = self._line().partition(b";")[0].strip()
        if not _CHUNK_SIZE.fullmatch(text):
            raise ConnectionAbortedError("a chunk has no size")
        size = int(text, 16)
        self._chunk = SizedBody(self._source, size)
        self._is_over = size == 0
        while self._is_over and self._line():
            pass  # trailers

    def _line(self) -> bytes:
        line = self._source.readline(_LINE_LIMIT)
        if not line.endswith(b"\n"):
            raise ConnectionAbortedError("the request's body was cut off")
        return line.rstrip(b"\r\n")


Body = Union[SizedBody, ChunkedBody]


def body_of(headers: Message, source: BinaryIO) -> Body:
    """The body after a request's headers on `source`. Raises FramingError."""
    coding = headers.get("Transfer-Encoding")
    lengths = headers.get_all("Content-Length") or ["0"]
    if coding is not None:
        if coding.strip().lower() != "chunked" or "Content-Length" in headers:
            raise FramingError("unknown transfer coding")
        return ChunkedBody(source)
    if len(set(lengths)) != 1 or not _LENGTH.fullmatch(lengths[0]):
        raise FramingError("no sound Content-Length")
    return SizedBody(source, int(lengths[0]))


def drain(body: Body, limit: int) -> bool:
    """Read and discard the rest of a body; False if more than `limit` bytes were left."""
    while limit >= 0:
        data = body.read(_BLOCK)
        if not data:
            return True
        limit -= len(data)
    return False
