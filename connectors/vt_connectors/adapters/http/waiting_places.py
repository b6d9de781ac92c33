"""Half of the threads may wait for quota and a quarter may send at once; the rest always answers from the cache."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from .messages import Refused

_RETRY_AFTER_S = 1


class WaitingPlaces:
    """A request without a place does not wait for quota: it is sent at once, or refused with the time when to return.

    If VirusTotal does not respond, requests that are being sent occupy their threads too, so their number is limited.
    """

    def __init__(self, threads: int) -> None:
        self._waiting = _Places(max(1, threads // 2))
        self._sending = _Places(max(1, threads // 4))

    @contextlib.contextmanager
    def place(self) -> Iterator[bool]:
        """Whether the request may wait for quota. The place is given back at the end.

        Raises `Refused` (429) if so many requests are in progress that it can neither wait nor be sent.
        """
        for places in (self._waiting, self._sending):
            if places.take():
                try:
                    yield places is self._waiting
                finally:
                    places.give_back()
                return
        raise Refused(429, "busy", "too many requests wait for VirusTotal", (("Retry-After", str(_RETRY_AFTER_S)),))

    @property
    def taken(self) -> int:
        """How many requests may be waiting for quota."""
        return self._waiting.taken


class _Places:
    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self.taken = 0

    def take(self) -> bool:
        with self._lock:
            if self.taken == self._most:
                return False
            self.taken += 1
            return True

    def give_back(self) -> None:
        with self._lock:
            self.taken -= 1
