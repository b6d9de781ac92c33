"""A log of requests for tests and demonstrations."""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass
from enum import Enum
from urllib.parse import unquote, unquote_plus

from .accounts import USER_PREFIX


class Charge(Enum):
    """The charge for a request: one request of the quota, nothing, or a refusal for lack of quota."""

    SPENT = "spent"
    FREE = "free"
    REFUSED = "refused"


@dataclass(frozen=True)
class LoggedRequest:
    """One request: `arrived_at` in epoch seconds; `status` is None until there is a response.

    `key` is a short digest of the API key, "" without one; a key in the path is replaced by `[key]`. `cost` is the
    number of requests charged to the quota: in v2's batches every value counts. `fault` is the injected fault.
    """

    method: str
    path: str
    arrived_at: float
    key: str
    charge: Charge
    status: int | None = None
    cost: int = 1
    fault: str | None = None


class RequestLog:
    """All requests in order of arrival. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[LoggedRequest] = []

    def arrived(self, entry: LoggedRequest) -> int:
        """Add a request; returns its number."""
        with self._lock:
            self._entries.append(entry)
            return len(self._entries) - 1

    def answered(self, number: int, status: int | None, fault: str | None) -> LoggedRequest:
        """Record a request's status and fault. Returns the updated entry."""
        with self._lock:
            entry = dataclasses.replace(self._entries[number], status=status, fault=fault)
            self._entries[number] = entry
            return entry

    def entries(self, charge: Charge | None = None) -> list[LoggedRequest]:
        """A copy of the log, or only of the requests with this charge."""
        with self._lock:
            return [entry for entry in self._entries if charge in (None, entry.charge)]


def path_without_key(path: str, key: str) -> str:
    """`path` with `[key]` for each segment that contains the key, or that is the position of a user's key."""
    segments = path.split("/")
    for place, segment in enumerate(segments):
        may_be_key = segments[:place][-1:] == ["users"] and not segment.startswith(USER_PREFIX)
        if may_be_key or _has(segment, key):
            segments[place] = "[key]"
    hidden = "/".join(segments)
    return "/[key]" if _has(hidden, key) else hidden


def _has(text: str, key: str) -> bool:
    return bool(key) and (key in unquote(text) or key in unquote_plus(text))
