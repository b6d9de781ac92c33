"""Uploaded files: hashed while they are received, never stored."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from .data.catalogue import FileFacts
from .data.kinds import Item
from .errors import bad_request
from .http.messages import Readable
from .http.multipart import Multipart, Part, boundary_of

_TEXT_LIMIT = 65536


def receive_file(body: Readable, content_type: str) -> FileFacts:
    """The hashes, size (bytes) and name of the part `file` in a multipart body. Raises ApiError 400."""
    received = receive_form(body, content_type).file
    if received is None:
        raise bad_request("The body has no part named file")
    return received


@dataclass(frozen=True)
class Form:
    """A multipart form: the part `file`, if there is one, and the texts of the other parts by name."""

    file: FileFacts | None
    fields: Mapping[str, str]


def receive_form(body: Readable, content_type: str) -> Form:
    """A multipart body. Raises ApiError 400."""
    file: FileFacts | None = None
    fields: dict[str, str] = {}
    for part in Multipart(body, boundary_of(content_type)).parts():
        if part.name == "file":
            file = measured(part)
        else:
            fields[part.name] = _text(part)
    return Form(file, fields)


def _text(part: Part) -> str:
    text = b""
    for block in part.blocks:
        text += block
        if len(text) > _TEXT_LIMIT:
            raise bad_request(f"The part {part.name} is too large")
    return text.decode("utf-8", "replace")


def measured(part: Part) -> FileFacts:
    """Read a part to its end, and return its hashes, size (bytes) and name."""
    md5 = hashlib.md5(usedforsecurity=False)
    sha1 = hashlib.sha1(usedforsecurity=False)
    sha256 = hashlib.sha256()
    size = 0
    for block in part.blocks:
        size += len(block)
        for measure in (md5, sha1, sha256):
            measure.update(block)
    return FileFacts(md5.hexdigest(), sha1.hexdigest(), sha256.hexdigest(), size, part.filename)


class UploadTimes:
    """The time of each file's last upload, in epoch seconds. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._received: dict[Item, float] = {}

    def note(self, item: Item, now: float, apart_s: float = 0.0) -> bool:
        """Record the upload, unless the last is less than `apart_s` seconds old. Returns whether it was recorded."""
        with self._lock:
            before = self._received.get(item)
            if before is not None and now - before < apart_s:
                return False
            self._received[item] = now
            return True


class UploadTickets:
    """Upload URLs, each valid for one upload. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[str] = set()

    def issue(self) -> str:
        """A new ticket."""
        ticket = secrets.token_urlsafe(24)
        with self._lock:
            self._open.add(ticket)
        return ticket

    def redeem(self, ticket: str) -> bool:
        """Invalidate `ticket`. Returns whether it was valid."""
        with self._lock:
            was_open = ticket in self._open
            self._open.discard(ticket)
        return was_open
