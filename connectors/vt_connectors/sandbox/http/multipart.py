"""Parses multipart/form-data as a stream, without storing it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from ..errors import bad_request
from .messages import Readable

_BLOCK = 65536
_HEADERS_LIMIT = 16384
_NAME = re.compile(r'[;\s]name="([^"]*)"')
_FILENAME = re.compile(r'[;\s]filename="([^"]*)"')


@dataclass(frozen=True)
class Part:
    """One part: its name, the filename if it has one, and its content, to be read before the next part."""

    name: str
    filename: str | None
    blocks: Iterator[bytes]


def boundary_of(content_type: str) -> bytes:
    """The boundary in a Content-Type of multipart/form-data. Raises ApiError 400."""
    message = Message()
    message["content-type"] = content_type
    boundary = message.get_boundary()
    if message.get_content_type() != "multipart/form-data" or not boundary:
        raise bad_request("The body must be multipart/form-data")
    return boundary.encode("latin-1", "replace")


class Multipart:
    """A multipart body that is read from `source`. Raises ApiError 400 if it is malformed."""

    def __init__(self, source: Readable, boundary: bytes) -> None:
        self._source = source
        self._delimiter = b"\r\n--" + boundary
        self._buffer = b"\r\n"  # so that the first delimiter looks like the others

    def parts(self) -> Iterator[Part]:
        """The parts in order."""
        for _ in self._blocks_to(self._delimiter):
            pass
        while True:
            after = self._exactly(2)
            if after == b"--":
                return
            if after != b"\r\n":
                raise bad_request("Malformed multipart body")
            part = self._part()
            yield part
            for _ in part.blocks:
                pass

    def _part(self) -> Part:
        disposition = self._disposition()
        name, filename = _NAME.search(disposition), _FILENAME.search(disposition)
        if "filename*" in disposition:  # VirusTotal's upload handler does not support it
            raise bad_request("Malformed Content-Disposition")
        return Part(name[1] if name else "", filename[1] if filename else None, self._blocks_to(self._delimiter))

    def _disposition(self) -> str:
        headers = b""
        for block in self._blocks_to(b"\r\n\r\n"):
            headers += block
            if len(headers) > _HEADERS_LIMIT:
                raise bad_request("Malformed multipart body")
        for line in headers.decode("utf-8", "replace").split("\r\n"):
            name, _, value = line.partition(":")
            if name.strip().lower() == "content-disposition":
                return value
        raise bad_request("A part has no Content-Disposition")

    def _blocks_to(self, end: bytes) -> Iterator[bytes]:
        """The content before `end`, in blocks; `end` itself is removed."""
        while True:
            block, found, rest = self._buffer.partition(end)
            if found:
                self._buffer = rest
                yield block
                return
            # The end may have begun in the last few bytes.
            sure = max(0, len(self._buffer) - len(end) + 1)
            yield self._buffer[:sure]
            self._buffer = self._buffer[sure:]
            self._fill()

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._fill()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _fill(self) -> None:
        block = self._source.read(_BLOCK)
        if not block:
            raise bad_request("The multipart body ends too early")
        self._buffer += block
