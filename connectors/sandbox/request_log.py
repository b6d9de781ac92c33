"""What came in, as tests and demonstrations want to look back at it."""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass
from enum import Enum


class Charge(Enum):
    """What a request cost: one request of the quota, nothing, or a refusal for want of quota."""

    SPENT = "spent"
    FREE = "free"
    REFUSED = "refused"


@dataclass(frozen=True)
class LoggedRequest:
    """One request: `arrived_at` is epoch seconds, `status` None until it is answered.

    `key` is a short digest of the API key, "" without one; a key in the path is replaced by `[key]`. `cost` is how
    many requests of the quota it was: of v2's batches every value counts.
    """

    method: str
    path: str
    arrived_at: float
    key: str
    charge: Charge
    status: int | None = None
    cost: int = 1


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

    def answered(self, number: int, status: int) -> LoggedRequest:
        """Note the status a request was answered with; what is known of it now."""
        with self._lock:
            entry = self._entries[number] = dataclasses.replace(self._entries[number], status=status)
            return entry

    def entries(self, charge: Charge | None = None) -> list[LoggedRequest]:
        """A copy of the log, or of the requests with one kind of charge."""
        with self._lock:
            return [entry for entry in self._entries if charge in (None, entry.charge)]
