"""A file to be scanned: opened, measured and hashed before it is sent, and checked for changes while it is sent."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Callable, NamedTuple

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
    """`hashes`: md5, sha1 and sha256, in hexadecimal digits. The upload can be read once only."""

    filename: str
    size: int
    hashes: Mapping[str, str]
    _read: Callable[[int], bytes]

    @property
    def sha256(self) -> str:
        return self.hashes["sha256"]

    def upload(self, sent: Sent) -> Upload:
        return Upload(self.filename, self.size, self._read, sent)


class ReceivedFile(NamedTuple):
    """A file of `size` bytes that came with a request, and does not change.

    `opened()` returns a function that reads its next bytes, from the beginning: at most so many; none at the end.
    """

    name: str
    size: int
    opened: Callable[[], Callable[[int], bytes]]


@contextlib.contextmanager
def opened(
    params: Mapping[str, Any],
    access: FileAccess = EVERY_FILE,
    keys: Collection[ApiKey] = (),
    received: ReceivedFile | None = None,
) -> Iterator[Sample]:
    """The sample from `path`, or from `content_base64` with `filename`; or `received`, perhaps with another `filename`.
    `access` must allow the file, and it must not contain any of `keys`.

    Raises `InvalidRequest` with `details.path`, and `TooLarge`.
    """
    if received is not None:
        if "path" in params or "content_base64" in params:
            raise refused("", "needs neither path nor content_base64: the file came with the request")
        yield received_sample(received, keys, params.get("filename") or "")
        return
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


def received_sample(received: ReceivedFile, keys: Collection[ApiKey], filename: str = "") -> Sample:
    """The sample of a received file, perhaps with another name. Raises like `opened`."""
    _check_size(received.size, "filename", "the file")
    read = received.opened()
    pieces = iter(lambda: read(_PIECE_BYTES), b"")
    hashes = _hashes(_without_keys(pieces, keys, "filename", "the file"))
    return Sample(last_component(filename or received.name), received.size, hashes, received.opened())


def _opened(path: str, access: FileAccess) -> BinaryIO:
    """Open a regular file that may be sent. A pipe or device is refused without waiting for it."""
    why_not = access.why_not_opened(path)
    if why_not is not None:
        raise refused("path", f"{_shown(path)} {why_not}")
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise refused("path", f"{_shown(path)} does not exist") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it cannot be a path"
        raise refused("path", f"{_shown(path)} cannot be read: {why}") from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        raise refused("path", f"{_shown(path)} is {kind}; name a file")
    why_not = access.why_not(descriptor)
    if why_not is not None:
        os.close(descriptor)
        raise refused("path", f"{_shown(path)} {why_not}")
    return os.fdopen(descriptor, "rb", buffering=0)


def _sample(file: BinaryIO, filename: str, keys: Collection[ApiKey]) -> Sample:
    name = _shown(filename)
    before = _file_state(file)
    _check_size(before.size, "path", name)
    pieces = iter(lambda: file.read(_PIECE_BYTES), b"")
    hashes = _hashes(_without_keys(pieces, keys, "path", name))
    changed = refused(
        "path", f"{name} changed while it was read, so nothing was submitted; try again when it is complete"
    )
    if _file_state(file) != before:
        raise changed
    file.seek(0)
    return Sample(filename, before.size, hashes, _Reread(file, before, hashes["sha256"], changed).read)


class _Reread:
    """Reads the file again after it was hashed. The last piece is returned only if the hash of the whole file is the
    same, so a changed file is never sent completely, even if its times are unchanged.
    """

    def __init__(self, file: BinaryIO, before: _FileState, sha256: str, changed: InvalidRequest) -> None:
        self._file = file
        self._before = before
        self._expected = sha256
        self._changed = changed
        self._hash = hashlib.sha256()
        self._left = before.size

    def read(self, size: int) -> bytes:
        """The next bytes. With `size` 0, only check that the file is unchanged. Raises `InvalidRequest`."""
        piece = self._file.read(min(size, self._left))
        self._hash.update(piece)
        self._left -= len(piece)
        ended_early = size > 0 and not piece
        is_last = not self._left
        if ended_early or (is_last and self._hash.hexdigest() != self._expected):
            raise self._changed
        if size == 0 and _file_state(self._file) != self._before:
            raise self._changed
        return piece


def _without_keys(pieces: Iterable[bytes], keys: Collection[ApiKey], param: str, name: str) -> Iterator[bytes]:
    """The same pieces. Raises `InvalidRequest` if they contain one of `keys`, even across two pieces."""
    overlap = max((key.longest_form for key in keys), default=0)
    end = b""
    for piece in pieces:
        if any(key.is_in_bytes(end + piece) for key in keys):
            raise refused(param, f"{name} contains an API key, so it was not sent; remove the key")
        end = (end + piece)[-overlap:] if overlap else b""
        yield piece


@dataclass(frozen=True)
class _FileState:
    size: int
    written_ns: int


def _file_state(file: BinaryIO) -> _FileState:
    seen = os.fstat(file.fileno())
    return _FileState(seen.st_size, seen.st_mtime_ns)


def _hashes(pieces: Any) -> dict[str, str]:
    # VirusTotal identifies files by these hashes; their strength does not matter here.
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
            f"{name} has {size} bytes; VirusTotal accepts at most {LARGEST_BYTES} (650 MB)",
            details={"path": f"/params/{param}"},
        )


def _shown(path: str) -> str:
    text = path if len(path) <= 200 else path[:200] + "..."
    return repr(printable(text))
