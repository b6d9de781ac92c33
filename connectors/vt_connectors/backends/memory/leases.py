"""Leases for the threads of one process."""

from __future__ import annotations

import threading
from collections.abc import Collection

from ...clock import Clock
from ...coalescing.leases import RESULT_LEFT_S, SWEEP_EVERY, Lease, Result, Seen, may_replace
from ...light_typing import Callable
from ...threads import freed_at_fork


class MemoryLeases:
    """For the threads of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._leases: dict[str, Lease] = {}
        # For finished holders: until when (monotonic seconds) their results are stored.
        self._left: dict[str, float] = {}
        self._lock = freed_at_fork(threading.Lock())

    def claim(self, key: str, lease: Lease, dead: Lease | None = None) -> Seen:
        with self._lock:
            found = self._leases.get(key)
            if found is not None and not may_replace(found, dead):
                return Seen(found, False)
            self._leases[key] = lease
            self._left.pop(key, None)
            return Seen(lease, True, found)

    def peek(self, key: str) -> Lease | None:
        with self._lock:
            return self._leases.get(key)

    def waiting(self, key: str, token: str, waiting: bool) -> None:
        self._change(key, token, lambda lease: lease._replace(waiting=waiting, beat=lease.beat + 1))

    def release(self, key: str, token: str, result: Result | None, left_s: float = RESULT_LEFT_S) -> None:
        def finish(lease: Lease) -> Lease | None:
            if result is None:
                return None
            self._left[key] = self._clock.monotonic() + left_s
            return lease._replace(result=result)

        self._change(key, token, finish)
        if len(self._left) > SWEEP_EVERY:
            self._sweep()

    def renew(self, tokens: Collection[str]) -> None:
        with self._lock:
            for key, lease in self._leases.items():
                if lease.token in tokens and lease.result is None:
                    self._leases[key] = lease._replace(beat=lease.beat + 1)

    def _change(self, key: str, token: str, change: Callable[[Lease], Lease | None]) -> None:
        with self._lock:
            found = self._leases.get(key)
            if found is not None and found.token == token and found.result is None:
                changed = change(found)
                if changed is None:
                    del self._leases[key]
                else:
                    self._leases[key] = changed

    def _sweep(self) -> None:
        with self._lock:
            now = self._clock.monotonic()
            for key in [key for key, until in self._left.items() if until < now]:
                del self._left[key]
                self._leases.pop(key, None)
