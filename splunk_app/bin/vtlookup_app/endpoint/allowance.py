"""Limits the events that a user may have written in a period, so that one user cannot fill an index."""

from __future__ import annotations

import threading

from vt_connectors.clock import Clock

_MOST_USERS = 10_000


class Allowance:
    """`most` events in `seconds` for each user. Each process counts separately."""

    def __init__(self, clock: Clock, most: int, seconds: float) -> None:
        self._clock = clock
        self._most = most
        self._seconds = seconds
        self._began = clock.monotonic()
        self._used: dict[str, int] = {}
        self._lock = threading.Lock()

    def take(self, user: str, count: int) -> float:
        """Returns 0 and counts them if `count` more are allowed; else the seconds until a retry."""
        with self._lock:
            now = self._clock.monotonic()
            if now - self._began >= self._seconds or len(self._used) >= _MOST_USERS:
                self._began, self._used = now, {}
            used = self._used.get(user, 0)
            if used + count > self._most:
                return max(1.0, self._began + self._seconds - now)
            self._used[user] = used + count
            return 0.0
