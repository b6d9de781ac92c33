"""Reads and decompresses a response's body within limits of size and time.

Only gzip is decompressed, and not by urllib3: with its decoders, and chains of them, small bodies could use all memory
or time (CVE-2025-66471, CVE-2026-44432, CVE-2026-97688), also in some releases that are allowed here.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Callable

import urllib3

from .transport import BodyTooLarge, ConnectionLost, Download, NoAnswerInTime

_PIECE_BYTES = 65536
_PLAIN = ("", "identity")
_GZIP = ("gzip", "x-gzip")

# Of zlib: a gzip header, and the largest window.
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


def read_body(
    raw: urllib3.HTTPResponse, most: int, deadline: float, monotonic: Callable[[], float]
) -> tuple[bytes, str | None]:
    """The body, at most `most` bytes when decompressed; or an empty one, and the reason.

    `deadline` is in seconds of `monotonic`. Raises `TransportFailure`, and urllib3's errors.
    """
    encoding = raw.headers.get("content-encoding", "").strip().lower()
    if encoding not in (*_PLAIN, *_GZIP):
        return b"", "its body has an encoding that was not requested"
    gunzip = _Gunzip(most) if encoding in _GZIP else None
    pieces: list[bytes] = []
    size = 0
    try:
        for sent in _sent(raw, deadline, monotonic):
            piece = gunzip.feed(sent) if gunzip else sent
            pieces.append(piece)
            size += len(piece)
            if size > most:
                raise _TooMuch
    except _TooMuch:
        return b"", f"its body is larger than {most} bytes"
    except zlib.error:
        return b"", "its body does not match its Content-Encoding"
    if gunzip and not gunzip.is_whole:
        return b"", "its body does not match its Content-Encoding"
    return b"".join(pieces), None


def stream_body(
    raw: urllib3.HTTPResponse, download: Download, deadline: float, monotonic: Callable[[], float]
) -> str | None:
    """Pass the body to `download`. Returns None, or the reason if nothing can be read. Raises as `read_body`."""
    if raw.headers.get("content-encoding", "").strip().lower() not in _PLAIN:
        return "its body has an encoding that was not requested"
    announced = raw.length_remaining
    too_large = BodyTooLarge(f"it has more than {download.most} bytes")
    if announced is not None and announced > download.most:
        raise too_large
    download.begin(announced)
    size = 0
    for piece in _sent(raw, deadline, monotonic):
        size += len(piece)
        if size > download.most:
            raise too_large
        download.write(piece)
    return None


def _sent(raw: urllib3.HTTPResponse, deadline: float, monotonic: Callable[[], float]) -> Iterator[bytes]:
    """The body as it was sent. `read1` returns the available bytes. urllib3 before 2.2 does not have it: there, a slow
    body is detected when a piece is full, or when the time for the whole response is over.
    """
    read = raw.read1 if hasattr(raw, "read1") else raw.read
    while piece := read(_PIECE_BYTES, decode_content=False):
        yield piece
        if monotonic() > deadline:
            raise NoAnswerInTime("the response came too slowly")
    if raw.length_remaining:
        # urllib3 1.26 takes the connection's end for the body's.
        raise ConnectionLost("the connection broke before the end of the response")


class _TooMuch(Exception):
    """The decompressed body exceeds the limit."""


class _Gunzip:
    """Call `feed` with the compressed bytes. In total, at most `most` bytes are decompressed."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._member = zlib.decompressobj(_GZIP_WINDOW)
        self._has_begun = False
        self._is_over = False

    def feed(self, packed: bytes) -> bytes:
        """The decompressed bytes. Raises `zlib.error` if the input is not gzip, and `_TooMuch`."""
        pieces: list[bytes] = []
        while packed and not self._is_over:
            if self._member.eof:
                # Another member may follow; other data after the first one is ignored, like gzip does.
                self._is_over = not packed.startswith(b"\x1f")
                if self._is_over:
                    break
                self._member = zlib.decompressobj(_GZIP_WINDOW)
            self._has_begun = True
            piece = self._member.decompress(packed, self._left + 1)
            self._left -= len(piece)
            if self._left < 0:
                raise _TooMuch
            pieces.append(piece)
            packed = self._member.unused_data
        return b"".join(pieces)

    @property
    def is_whole(self) -> bool:
        """Whether the input is complete. An empty body is complete."""
        return self._member.eof or not self._has_begun
