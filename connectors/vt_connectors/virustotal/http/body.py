"""An answer's body, read and unpacked within limits of size and time.

Nothing but gzip is unpacked, and nothing by urllib3: its decoders, and chains of them, have let small bodies fill the
memory or take all time (CVE-2025-66471, CVE-2026-44432, CVE-2026-97688), and some releases allowed here still do.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Callable

import urllib3

from .transport import ConnectionLost, NoAnswerInTime

_PIECE_BYTES = 65536
_PLAIN = ("", "identity")
_GZIP = ("gzip", "x-gzip")

# Of zlib: a gzip header, and the largest window.
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


def read_body(
    raw: urllib3.HTTPResponse, most: int, deadline: float, monotonic: Callable[[], float]
) -> tuple[bytes, str | None]:
    """The body, `most` bytes unpacked; or nothing, and why it is not what was sent.

    `deadline` is in seconds of `monotonic`. Raises `TransportFailure`, and what urllib3 raises.
    """
    encoding = raw.headers.get("content-encoding", "").strip().lower()
    if encoding not in (*_PLAIN, *_GZIP):
        return b"", "its body is encoded in a way that was not asked for"
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
        return b"", "its body is not encoded as it says"
    if gunzip and not gunzip.is_whole:
        return b"", "its body is not encoded as it says"
    return b"".join(pieces), None


def _sent(raw: urllib3.HTTPResponse, deadline: float, monotonic: Callable[[], float]) -> Iterator[bytes]:
    """The body as it was sent. `read1` gives what is there. urllib3 before 2.2 does not have it: with that a slow body
    is noticed when a piece is full, or when the time for the whole answer is up.
    """
    read = raw.read1 if hasattr(raw, "read1") else raw.read
    while piece := read(_PIECE_BYTES, decode_content=False):
        yield piece
        if monotonic() > deadline:
            raise NoAnswerInTime("the answer came too slowly")
    if raw.length_remaining:
        # urllib3 1.26 takes a connection's end for the body's.
        raise ConnectionLost("the connection broke before the end of the answer")


class _TooMuch(Exception):
    """More comes out than is allowed."""


class _Gunzip:
    """`feed` it the packed bytes as they come. Never more than `most` bytes are unpacked, in all."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._member = zlib.decompressobj(_GZIP_WINDOW)
        self._has_begun = False
        self._is_over = False

    def feed(self, packed: bytes) -> bytes:
        """What comes out of it. Raises `zlib.error` if it is not gzip, and `_TooMuch`."""
        pieces: list[bytes] = []
        while packed and not self._is_over:
            if self._member.eof:
                # Another member may follow; anything else behind the first one is passed over, as gzip itself does.
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
        """Whether what came has its end. An empty body has nothing to end."""
        return self._member.eof or not self._has_begun
