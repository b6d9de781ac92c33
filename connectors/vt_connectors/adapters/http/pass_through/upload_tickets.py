"""The addresses that clients get for one upload each, in place of VirusTotal's."""

from __future__ import annotations

import secrets
import threading
from typing import NamedTuple

from ....clock import Clock

_LIVES_S = 600.0
_MOST = 1000


class _Ticket(NamedTuple):
    token: str
    until: float


class UploadTickets:
    """A client uploads with the ticket alone, so the ticket stands for its token, for ten minutes and one upload.

    Kept in memory only. Safe for many threads.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, _Ticket] = {}
        self._lock = threading.Lock()

    def issue(self, token: str) -> str:
        """A ticket for the client with this token. The oldest one ends early if there are too many."""
        ticket = secrets.token_urlsafe(24)
        with self._lock:
            now = self._clock.monotonic()
            self._known = {name: known for name, known in self._known.items() if known.until > now}
            if len(self._known) >= _MOST:
                del self._known[next(iter(self._known))]
            self._known[ticket] = _Ticket(token, now + _LIVES_S)
        return ticket

    def token(self, ticket: str) -> str | None:
        """The token of its client; None if the ticket is not valid."""
        with self._lock:
            known = self._known.get(ticket)
            return known.token if known is not None and known.until > self._clock.monotonic() else None

    def take(self, ticket: str) -> bool:
        """Use the ticket up. Whether it was valid."""
        is_valid = self.token(ticket) is not None
        with self._lock:
            return self._known.pop(ticket, None) is not None and is_valid
