"""The bodies of writing calls: JSON, forms, and files, which are read from the server's temporary file in pieces."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import parse_qsl

import multipart

from .... import strict_json
from ....actions.forward import File
from ....patterns import pattern
from ..messages import Call, Refused

_MOST_JSON_BYTES = 1024 * 1024
_MOST_FORM_BYTES = 64 * 1024
_MOST_FIELDS = 32
_PIECE_BYTES = 64 * 1024
_LONGEST_HEADER = 4096
# Fields that some clients use for the key.
_OF_KEY = ("apikey", "x-apikey")
_FORM, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_FILE = "file"
_NAME = pattern(r"[A-Za-z0-9_-]{1,64}")


class Body(NamedTuple):
    """`content`: JSON with its type. `fields`: of a form. `file`: of a multipart form."""

    content: tuple[bytes, str] | None = None
    fields: Mapping[str, str] = MappingProxyType({})
    file: File | None = None

    @property
    def texts(self) -> list[str]:
        """Everything but the file's content."""
        content = [self.content[0].decode("ascii")] if self.content else []
        return [*content, *self.fields, *self.fields.values(), *([self.file.name] if self.file else [])]


def body_of(call: Call) -> Body:
    """Raises `Refused` for a body that is malformed, too large, or of another type."""
    if call.length == 0:
        return Body()
    if call.media_type == _MULTIPART:
        return _multipart(call)
    if call.media_type == _FORM:
        return Body(fields=_fields(_text(call, _MOST_FORM_BYTES)))
    if call.media_type == "application/json" or call.media_type.endswith("+json"):
        return Body((_json(_text(call, _MOST_JSON_BYTES)), "application/json"))
    raise Refused(415, "media_type", "the body is neither JSON nor a form")


def _text(call: Call, most: int) -> str:
    if call.length > most:
        raise Refused(413, "too_large", f"the body has more than {most} bytes")
    try:
        return call.body.read(most).decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(400, "not_utf8", "the body is not UTF-8") from None


def _json(text: str) -> bytes:
    """Written again in ASCII, so that no escape hides a token in it."""
    try:
        return strict_json.dumps(strict_json.loads_finite(text)).encode("ascii")
    except (ValueError, RecursionError):
        raise Refused(400, "not_json", "the body is not JSON") from None


def _fields(text: str) -> dict[str, str]:
    try:
        given = parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise Refused(400, "form", "the body is not a form, or it has too many fields") from None
    return _once([(name, value) for name, value in given if name.lower() not in _OF_KEY])


def _once(given: list[tuple[str, str]]) -> dict[str, str]:
    """The names are written into the headers of a multipart body, so they must be plain."""
    if not all(_NAME.fullmatch(name) for name, _ in given):
        raise Refused(400, "form", "the name of a field is not a plain word")
    if len({name for name, _ in given}) < len(given):
        raise Refused(400, "form", "the form has a field twice")
    return dict(given)


def _multipart(call: Call) -> Body:
    start, boundary = call.body.tell(), _boundary(call)
    fields: list[tuple[str, str]] = []
    file: tuple[str, int, dict[str, str]] | None = None
    try:
        for part, pieces in _parts(call.body, boundary):
            if part.name == _FILE and file is None:
                file = (part.filename or _FILE, *_measured(pieces))
            elif part.filename is not None or part.name == _FILE:
                raise Refused(400, "form", "the form has another file than the one in the field file")
            else:
                fields.append((part.name, _field(pieces)))
    except (multipart.MultipartError, UnicodeDecodeError):
        raise Refused(400, "form", "the body is not a multipart form") from None
    kept = _once([(name, value) for name, value in fields if name.lower() not in _OF_KEY])
    if file is None:
        return Body(fields=kept)
    name, size, hashes = file
    call.body.seek(start)
    return Body(fields=kept, file=File(name, size, _Content(call.body, boundary).read, hashes))


def _boundary(call: Call) -> str:
    _, options = multipart.parse_options_header(call.headers.get("content-type", ""))
    boundary = options.get("boundary", "")
    if not 0 < len(boundary) <= 200 or not boundary.isascii():
        raise Refused(400, "form", "the Content-Type of the form has no boundary")
    return str(boundary)


def _parts(body: BinaryIO, boundary: str) -> Iterator[tuple[Any, Iterator[bytes]]]:
    """Each part, with its content; the part before is read to its end."""
    parser = multipart.PushMultipartParser(
        boundary, max_header_size=_LONGEST_HEADER, max_segment_count=_MOST_FIELDS, strict=True
    )
    events = parser.parse_blocking(body.read, _PIECE_BYTES)
    for part in events:
        pieces = _until_end(events)
        yield part, pieces
        for _ in pieces:
            pass


def _until_end(events: Iterator[Any]) -> Iterator[bytes]:
    for event in events:
        if event is None:
            return
        yield bytes(event)


def _field(pieces: Iterator[bytes]) -> str:
    value = b""
    for piece in pieces:
        value += piece
        if len(value) > _MOST_FORM_BYTES:
            raise Refused(413, "too_large", f"a field of the form has more than {_MOST_FORM_BYTES} bytes")
    return value.decode("utf-8")


def _measured(pieces: Iterator[bytes]) -> tuple[int, dict[str, str]]:
    # VirusTotal identifies files by these hashes; their strength does not matter here.
    hashes = hashlib.md5(usedforsecurity=False), hashlib.sha1(usedforsecurity=False), hashlib.sha256()
    size = 0
    for piece in pieces:
        size += len(piece)
        for each in hashes:
            each.update(piece)
    return size, {each.name: each.hexdigest() for each in hashes}


class _Content:
    """The file's content, read from the body again while it is sent."""

    def __init__(self, body: BinaryIO, boundary: str) -> None:
        self._pieces = self._of_file(body, boundary)
        self._ahead = b""

    @staticmethod
    def _of_file(body: BinaryIO, boundary: str) -> Iterator[bytes]:
        for part, pieces in _parts(body, boundary):
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
