"""A file to be scanned: opened, measured and hashed before anything is sent, and watched while it is."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Callable

from ..api_key import ApiKey
from ..errors import InvalidRequest, TooLarge, printable
from ..virustotal.http.transport import Upload
from .file_access import EVERY_FILE, FileAccess
from .file_content import content_of, last_component, refused

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
def opened(
    params: Mapping[str, Any], access: FileAccess = EVERY_FILE, keys: Collection[ApiKey] = ()
) -> Iterator[Sample]:
    """The sample that `path`, or `content_base64` with `filename`, names: a file that `access` allows, and in which
    none of `keys` is.

    Raises `InvalidRequest` with `details.path`, and `TooLarge`.
    """
    if ("path" in params) == ("content_base64" in params):
        raise refused("", "needs either path or content_base64, and not both")
    if "path" in params:
        with _opened(params["path"], access) as file:
            yield _sample(file, last_component(params.get("filename") or params["path"]), keys)
    else:
        content = content_of(params["content_base64"])
        _check_size(len(content), "content_base64", "the content")
        hashes = _hashes(_without_keys([content], keys, "content_base64", "the content"))
        yield Sample(last_component(params.get("filename", "")), len(content), hashes, io.BytesIO(content).read)


def _opened(path: str, access: FileAccess) -> BinaryIO:
    """A regular file that may be sent, for reading. A pipe or device is refused, and never waited for."""
    why_not = access.why_not_opened(path)
    if why_not is not None:
        raise refused("path", f"{_shown(path)} {why_not}")
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise refused("path", f"{_shown(path)}: there is no such file") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it cannot be a path"
        raise refused("path", f"{_shown(path)} cannot be read: {why}") from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        what = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        raise refused("path", f"{_shown(path)} is {what}; name a file")
    why_not = access.why_not(descriptor)
    if why_not is not None:
        os.close(descriptor)
        raise refused("path", f"{_shown(path)} {why_not}")
    return os.fdopen(descriptor, "rb", buffering=0)


def _sample(file: BinaryIO, filename: str, keys: Collection[ApiKey]) -> Sample:
    name = _shown(filename)
    before = _standing(file)
    _check_size(before.size, "path", name)
    pieces = iter(lambda: file.read(_PIECE_BYTES), b"")
    hashes = _hashes(_without_keys(pieces, keys, "path", name))
    changed = refused("path", f"{name} changed while it was read, so nothing was submitted; try again when it is done")
    if _standing(file) != before:
        raise changed
    file.seek(0)
    return Sample(filename, before.size, hashes, _Reread(file, before, hashes["sha256"], changed).read)


class _Reread:
    """The file as it was hashed. What differs is never sent to its end: its last piece is held back until all of it
    is known to be the same, whatever its times say.
    """

    def __init__(self, file: BinaryIO, before: _Standing, sha256: str, changed: InvalidRequest) -> None:
        self._file = file
        self._before = before
        self._expected = sha256
        self._changed = changed
        self._hash = hashlib.sha256()
        self._left = before.size

    def read(self, size: int) -> bytes:
        """The next bytes; asked for none, only whether it is still the same file. Raises `InvalidRequest`."""
        piece = self._file.read(min(size, self._left))
        self._hash.update(piece)
        self._left -= len(piece)
        ended_early = size > 0 and not piece
        is_last = not self._left
        if ended_early or (is_last and self._hash.hexdigest() != self._expected):
            raise self._changed
        if size == 0 and _standing(self._file) != self._before:
            raise self._changed
        return piece


def _without_keys(pieces: Iterable[bytes], keys: Collection[ApiKey], param: str, name: str) -> Iterator[bytes]:
    """The same pieces. Raises `InvalidRequest` if one of `keys` is in them, also over the end of a piece."""
    overlap = max((key.longest_form for key in keys), default=0)
    end = b""
    for piece in pieces:
        if any(key.is_in_bytes(end + piece) for key in keys):
            raise refused(param, f"{name} has an API key in it, so it is not sent; take it out")
        end = (end + piece)[-overlap:] if overlap else b""
        yield piece


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
        raise refused(param, f"{name} is empty: there is nothing to scan")
    if size > LARGEST_BYTES:
        raise TooLarge(
            f"{name} has {size} bytes; VirusTotal takes {LARGEST_BYTES} at most (650 MB)",
            details={"path": f"/params/{param}"},
        )


def _shown(path: str) -> str:
    text = path if len(path) <= 200 else path[:200] + "..."
    return repr(printable(text))
