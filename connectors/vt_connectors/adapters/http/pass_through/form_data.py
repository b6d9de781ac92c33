"""Reads the form of a call: URL-encoded, or multipart with a file that stays where the server library put it.

The body is read from its beginning each time, and is never completely in memory.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from email.message import Message
from typing import BinaryIO, NamedTuple
from urllib.parse import parse_qsl

from ..messages import Call, Refused

URL_ENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
MOST_BYTES = 256 * 1024
_MOST_FIELDS, _MOST_FIELD_BYTES, _MOST_HEADER_BYTES = 50, 64 * 1024, 8 * 1024
_BLOCK = 64 * 1024
_LONGEST_BOUNDARY = 200
_PARAM = r'[;\s]{}="((?:[^"\\]|\\.)*)"'
_NAME, _FILENAME = re.compile(_PARAM.format("name")), re.compile(_PARAM.format("filename"))


class FormFile(NamedTuple):
    """A file in the body, `size` bytes from `start` on."""

    filename: str
    body: BinaryIO
    start: int
    size: int

    def opened(self) -> io.BufferedReader:
        """The content, from its beginning."""
        return io.BufferedReader(_Section(self.body, self.start, self.size), _BLOCK)


class Form(NamedTuple):
    """`values`: in their order; the last one of a name counts. `file`: of the field `file`."""

    values: tuple[tuple[str, str], ...] = ()
    file: FormFile | None = None


def read_form(call: Call) -> Form:
    """The form in the body; empty if the body is of another type. Raises `Refused` with status 400 or 413."""
    call.body.seek(0)
    if call.media_type == MULTIPART:
        return _Multipart(call.body, _boundary_of(call)).form()
    if call.media_type != URL_ENCODED:
        return Form()
    if call.length > MOST_BYTES:
        raise Refused(413, "too_large", f"a form has at most {MOST_BYTES} bytes")
    try:
        text = call.body.read(MOST_BYTES).decode("utf-8")
        return Form(tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)))
    except ValueError:
        raise _malformed() from None


def _boundary_of(call: Call) -> bytes:
    message = Message()
    message["content-type"] = call.headers["content-type"]
    boundary = message.get_boundary()
    if not boundary or len(boundary) > _LONGEST_BOUNDARY:
        raise _malformed()
    return boundary.encode("latin-1", "replace")


def _malformed() -> Refused:
    return Refused(400, "form", "the body is not a valid form, or has too many fields")


class _Multipart:
    """RFC 7578, read from `body` in blocks. `_at`: the place of the first byte of `_buffer` in the body."""

    def __init__(self, body: BinaryIO, boundary: bytes) -> None:
        self._body = body
        self._delimiter = b"\r\n--" + boundary
        # So that the first delimiter looks like the others.
        self._buffer, self._at = b"\r\n", -2

    def form(self) -> Form:
        values: list[tuple[str, str]] = []
        file = None
        for name, filename in self._parts():
            if name == "file":
                start = self._at
                size = sum(len(block) for block in self._blocks_to(self._delimiter))
                file = FormFile(filename or "", self._body, start, size)
            else:
                values.append((name, self._text(self._delimiter, _MOST_FIELD_BYTES)))
        return Form(tuple(values), file)

    def _parts(self) -> Iterator[tuple[str, str | None]]:
        """Name and filename of each part, whose content must be read before the next one."""
        for _ in self._blocks_to(self._delimiter):
            pass
        for _ in range(_MOST_FIELDS + 1):
            after = self._taken(2)
            if after == b"--":
                return
            if after != b"\r\n":
                raise _malformed()
            yield self._head()
        raise _malformed()

    def _head(self) -> tuple[str, str | None]:
        # A part without headers would begin with an empty line; each has a Content-Disposition.
        for line in self._text(b"\r\n\r\n", _MOST_HEADER_BYTES).split("\r\n"):
            header, _, value = line.partition(":")
            if header.strip().lower() == "content-disposition":
                name, filename = _NAME.search(value), _FILENAME.search(value)
                if name is not None:
                    return name[1], filename[1] if filename else None
        raise _malformed()

    def _text(self, end: bytes, most: int) -> str:
        found = bytearray()
        for block in self._blocks_to(end):
            found += block
            if len(found) > most:
                raise Refused(413, "too_large", f"a field of the form has more than {most} bytes")
        return found.decode("utf-8", "replace")

    def _blocks_to(self, end: bytes) -> Iterator[bytes]:
        """The content before `end`, in blocks. `end` itself is left out."""
        while True:
            place = self._buffer.find(end)
            if place >= 0:
                yield self._taken(place)
                self._taken(len(end))
                return
            # The end may begin in the last few bytes.
            yield self._taken(max(0, len(self._buffer) - len(end) + 1))
            self._fill()

    def _taken(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._fill()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        self._at += size
        return taken

    def _fill(self) -> None:
        block = self._body.read(_BLOCK)
        if not block:
            raise _malformed()
        self._buffer += block


class _Section(io.RawIOBase):
    """`size` bytes of `body` from `start` on, as a file that can be read only."""

    def __init__(self, body: BinaryIO, start: int, size: int) -> None:
        super().__init__()
        self._body = body
        self._start = start
        self._size = size
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        self._body.seek(self._start + self._place)
        piece = self._body.read(max(0, min(len(view), self._size - self._place)))
        view[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)
