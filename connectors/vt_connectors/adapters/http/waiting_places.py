"""Half of the threads may wait for quota and a quarter may send at once; the rest always answers from the cache."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator

from .messages import Refused

_RETRY_AFTER_S = 1
# One in so many places is kept for clients that have none, so that one that floods the server leaves some.
_KEPT = 8


class WaitingPlaces:
    """A request without a place does not wait for quota: it is sent at once, or refused with the time when to return.

    If VirusTotal does not respond, requests that are being sent occupy their threads too, so their number is limited.
    """

    def __init__(self, threads: int) -> None:
        self._waiting = _Places(max(1, threads // 2))
        self._sending = _Places(max(1, threads // 4))

    @contextlib.contextmanager
    def place(self, client: str = "") -> Iterator[bool]:
        """Whether the request of `client` (empty: of anybody) may wait for quota. The place is given back at the end.

        Raises `Refused` (429) if so many requests are in progress that it can neither wait nor be sent.
        """
        for places in (self._waiting, self._sending):
            if places.take(client):
                try:
                    yield places is self._waiting
                finally:
                    places.give_back(client)
                return
        raise Refused(429, "busy", "too many requests wait for VirusTotal", (("Retry-After", str(_RETRY_AFTER_S)),))

    @property
    def taken(self) -> int:
        """How many requests may be waiting for quota."""
        return self._waiting.taken


class _Places:
    def __init__(self, most: int) -> None:
        self._most = most
        self._kept = most // _KEPT
        self._lock = threading.Lock()
        self._of_clients: Counter[str] = Counter()
        self.taken = 0

    def take(self, client: str) -> bool:
        with self._lock:
            kept = self._kept if client and client in self._of_clients else 0
            if self.taken >= self._most - kept:
                return False
            self._of_clients[client] += 1
            self.taken += 1
            return True

    def give_back(self, client: str) -> None:
        with self._lock:
            self._of_clients[client] -= 1
            if not self._of_clients[client]:
                del self._of_clients[client]
            self.taken -= 1
