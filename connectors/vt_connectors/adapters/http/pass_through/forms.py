"""Reads the form of a call: URL-encoded, or multipart with a file that stays where the server library put it.

The body is read from its beginning each time, in pieces, and is never completely in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Callable, NamedTuple
from urllib.parse import parse_qsl

import multipart

from ....actions.file_sample import ReceivedFile
from ..body_limits import FORM_BYTES
from ..messages import Call, Refused

URL_ENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
# Of a form without a file.
MOST_BYTES = 256 * 1024
_MOST_FIELDS, _LONGEST_HEADER, _LONGEST_BOUNDARY = 50, 4096, 200
_PIECE_BYTES = 64 * 1024
_FILE = "file"


class Form(NamedTuple):
    """`values`: in their order. `file`: of the field `file`."""

    values: tuple[tuple[str, str], ...] = ()
    file: ReceivedFile | None = None


def read_form(call: Call) -> Form:
    """The form in the body; empty if the body is of another type. Raises `Refused` with status 400 or 413."""
    if call.media_type == MULTIPART:
        return _multipart(call)
    return _url_encoded(call) if call.media_type == URL_ENCODED else Form()


def _url_encoded(call: Call) -> Form:
    if call.length > MOST_BYTES:
        raise Refused(413, "too_large", f"a form has at most {MOST_BYTES} bytes")
    call.body.seek(0)
    try:
        # Scripts that build a form from pieces often leave an empty one.
        pieces = [piece for piece in call.body.read(MOST_BYTES).decode("utf-8").split("&") if piece]
        values = parse_qsl(
            "&".join(pieces),
            keep_blank_values=True,
            strict_parsing=bool(pieces),
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise _malformed() from None
    return Form(tuple(values))


def _multipart(call: Call) -> Form:
    boundary = _boundary(call)
    values: list[tuple[str, str]] = []
    file: ReceivedFile | None = None
    try:
        for part, pieces in _parts(call, boundary):
            if part.name == _FILE and file is None:
                size = sum(map(len, pieces))
                file = ReceivedFile(part.filename or "", size, lambda: _Content(call, boundary).read)
            elif part.filename is not None or part.name == _FILE:
                raise Refused(400, "form", "the form has another file than the one in the field file")
            else:
                values.append((part.name, _text(pieces)))
    except (multipart.MultipartError, UnicodeDecodeError):
        raise _malformed() from None
    return Form(tuple(values), file)


def _malformed() -> Refused:
    return Refused(400, "form", "the body is not the form that its Content-Type says, or has too many fields")


def _boundary(call: Call) -> str:
    _, options = multipart.parse_options_header(call.headers.get("content-type", ""))
    boundary = str(options.get("boundary", ""))
    if not 0 < len(boundary) <= _LONGEST_BOUNDARY or not boundary.isascii():
        raise Refused(400, "form", "the Content-Type of the form has no boundary")
    return boundary


def _parts(call: Call, boundary: str) -> Iterator[tuple[Any, Iterator[bytes]]]:
    """Each part, with its content; the part before is read to its end."""
    parser = multipart.PushMultipartParser(
        boundary, max_header_size=_LONGEST_HEADER, max_segment_count=_MOST_FIELDS, strict=True
    )
    events = parser.parse_blocking(_reader(call), _PIECE_BYTES)
    for part in events:
        pieces = _until_end(events)
        yield part, pieces
        for _ in pieces:
            pass


def _reader(call: Call) -> Callable[[int], bytes]:
    """Reads the body from its beginning. The parser refuses what comes after the piece with the last boundary, also
    the line break that most clients send, so that piece is never a short one.
    """
    body: BinaryIO = call.body
    body.seek(0)
    left = call.length

    def read(size: int) -> bytes:
        nonlocal left
        piece = body.read(left if left < 2 * size else size)
        left -= len(piece)
        return piece

    return read


def _until_end(events: Iterator[Any]) -> Iterator[bytes]:
    for event in events:
        if event is None:
            return
        yield bytes(event)


def _text(pieces: Iterator[bytes]) -> str:
    value = b""
    for piece in pieces:
        value += piece
        if len(value) > FORM_BYTES:
            raise Refused(413, "too_large", f"a field of the form has more than {FORM_BYTES} bytes")
    return value.decode("utf-8")


class _Content:
    """The content of the form's file, from its beginning."""

    def __init__(self, call: Call, boundary: str) -> None:
        self._pieces = self._of_file(call, boundary)
        self._ahead = b""

    @staticmethod
    def _of_file(call: Call, boundary: str) -> Iterator[bytes]:
        for part, pieces in _parts(call, boundary):
            if part.name == _FILE:
                yield from pieces
                return

    def read(self, size: int) -> bytes:
        """At most `size` bytes; empty at the end."""
        while size > 0 and not self._ahead:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._ahead = piece
        given, self._ahead = self._ahead[:size], self._ahead[size:]
        return given
