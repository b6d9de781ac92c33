"""A file as a multipart body that is read while it is sent, and is never completely in memory."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping

from ...quick_imports import pattern
from .transport import Upload

_PIECE_BYTES = 65536
# VirusTotal's front end refuses RFC 5987's `filename*`, so names are sent in plain ASCII
# (https://github.com/VirusTotal/vt-py, vt/client.py).
_UNSAFE = pattern(r"[^ !#-\[\]-~]")


def sent_name(filename: str) -> str:
    """The name under which a file is sent."""
    return _UNSAFE.sub("_", filename) or "file"


class MultipartBody:
    """A file-like object with a length, for streaming with `requests`. `fields` come before the file.

    `taken`: whether the connection has read the first byte.
    """

    def __init__(self, upload: Upload, fields: Mapping[str, str]) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._pending = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ).encode()
        name = sent_name(upload.filename)
        self._pending += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._length = len(self._pending) + upload.size + len(self._tail)
        self._upload = upload
        self._left = upload.size
        self.taken = False

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(_PIECE_BYTES):
            yield piece

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; empty at the end. Raises the errors of the upload's `read`."""
        self.taken = True
        size = _PIECE_BYTES if size is None or size < 0 else size
        if not self._pending and self._left:
            piece = self._upload.read(min(max(size, _PIECE_BYTES), self._left))
            self._left -= len(piece)
            self._pending = piece
            self._upload.sent(self._upload.size - self._left, self._upload.size)
        if not self._pending and not self._left:
            # When its last byte is read, the upload checks that the file has not changed.
            self._upload.read(0)
            self._pending, self._tail = self._tail, b""
        given, self._pending = self._pending[:size], self._pending[size:]
        return given
