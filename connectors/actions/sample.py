"""A file to be scanned: opened, measured and hashed before anything is sent, and watched while it is."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import io
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Callable

from ..errors import InvalidRequest, TooLarge
from ..virustotal.transport import Upload

# https://docs.virustotal.com/reference/files-upload-url
LARGEST_BYTES = 650 * 1024 * 1024
_PIECE_BYTES = 1024 * 1024

Sent = Callable[[int, int], None]


@dataclass(frozen=True)
class Sample:
    """`hashes`: md5, sha1 and sha256, in hexadecimal digits. `upload(sent)` may be read once."""

    filename: str
    size: int
    hashes: Mapping[str, str]
    _read: Callable[[int], bytes]

    @property
    def sha256(self) -> str:
        return self.hashes["sha256"]

    def upload(self, sent: Sent) -> Upload:
        return Upload(self.filename, self.size, self._read, sent)


@contextlib.contextmanager
def opened(params: Mapping[str, Any]) -> Iterator[Sample]:
    """The sample that `path`, or `content_base64` with `filename`, names.

    Raises `InvalidRequest` with `details.path`, and `TooLarge`.
    """
    if ("path" in params) == ("content_base64" in params):
        raise _refused("", "needs either path or content_base64, and not both")
    if "path" in params:
        with _opened(params["path"]) as file:
            yield _sample(file, params.get("filename") or Path(params["path"]).name)
    else:
        content = _decoded(params["content_base64"])
        _check_size(len(content), "content_base64", "the content")
        yield Sample(params.get("filename", "file"), len(content), _hashes([content]), io.BytesIO(content).read)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _refused("content_base64", "is not base64") from None


def _opened(path: str) -> BinaryIO:
    """A regular file, for reading. A pipe or device is refused, and never waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise _refused("path", f"{_shown(path)}: there is no such file") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it cannot be a path"
        raise _refused("path", f"{_shown(path)} cannot be read: {why}") from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        what = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        raise _refused("path", f"{_shown(path)} is {what}; name a file")
    return os.fdopen(descriptor, "rb", buffering=0)


def _sample(file: BinaryIO, filename: str) -> Sample:
    name = _shown(filename)
    before = _standing(file)
    _check_size(before.size, "path", name)
    hashes = _hashes(iter(lambda: file.read(_PIECE_BYTES), b""))
    changed = _refused("path", f"{name} changed while it was read, so nothing was submitted; try again when it is done")
    if _standing(file) != before:
        raise changed
    file.seek(0)

    def read(size: int) -> bytes:
        """The next bytes; asked for none, only whether it is still the same file."""
        piece = file.read(size)
        ended_early = size > 0 and not piece
        if ended_early or (size == 0 and _standing(file) != before):
            raise changed
        return piece

    return Sample(filename, before.size, hashes, read)


@dataclass(frozen=True)
class _Standing:
    size: int
    written_ns: int


def _standing(file: BinaryIO) -> _Standing:
    seen = os.fstat(file.fileno())
    return _Standing(seen.st_size, seen.st_mtime_ns)


def _hashes(pieces: Any) -> dict[str, str]:
    # By these VirusTotal knows files; nothing rests on their strength.
    found = hashlib.md5(usedforsecurity=False), hashlib.sha1(usedforsecurity=False), hashlib.sha256()
    for piece in pieces:
        for measure in found:
            measure.update(piece)
    return {measure.name: measure.hexdigest() for measure in found}


def _check_size(size: int, param: str, name: str) -> None:
    if size == 0:
        raise _refused(param, f"{name} is empty: there is nothing to scan")
    if size > LARGEST_BYTES:
        raise TooLarge(
            f"{name} has {size} bytes; VirusTotal takes {LARGEST_BYTES} at most (650 MB)",
            details={"path": f"/params/{param}"},
        )


def _refused(param: str, why: str) -> InvalidRequest:
    path = f"/params/{param}".rstrip("/")
    return InvalidRequest(f"{path} {why}", details={"path": path})


def _shown(path: str) -> str:
    text = path if len(path) <= 200 else path[:200] + "..."
    return repr("".join(char if char.isprintable() else "?" for char in text))
