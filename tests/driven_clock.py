"""A clock for threads: time passes only when all of those that have to wait do so."""

from __future__ import annotations

import threading
from typing import Callable

from vt_connectors.clock import Uptime
from vt_connectors.errors import Cancelled

from .fake_clock import START

_MOST_S = 60.0


class DrivenClock:
    """`vt_connectors.clock.Clock`. A thread that sleeps wakes when `drive` has moved the time that far. After `end`,
    sleeping raises `Cancelled`.
    """

    def __init__(self) -> None:
        self._elapsed = 0.0
        self._wakes: dict[int, float] = {}
        self._is_over = False
        self._changed = threading.Condition()

    def now(self) -> float:
        return START + self._elapsed

    def monotonic(self) -> float:
        return 1000.0 + self._elapsed

    def uptime(self) -> Uptime:
        return Uptime("this one", self.monotonic())

    def sleep(self, seconds: float) -> None:
        me = threading.get_ident()
        with self._changed:
            if self._is_over:
                raise Cancelled("the test ends")
            if seconds <= 0:
                return
            self._wakes[me] = self._elapsed + seconds
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: me not in self._wakes, _MOST_S), "the time stands still"
            if self._is_over:
                raise Cancelled("the test ends")

    def drive(self, sleepers: Callable[[], int]) -> None:
        """Let time pass to the next wake-up whenever `sleepers()` threads sleep, until there are none to wait for."""
        with self._changed:
            while sleepers():
                assert self._changed.wait_for(lambda: len(self._wakes) >= sleepers(), _MOST_S), "a thread never waits"
                if not sleepers():
                    return
                self._elapsed = max(self._elapsed, min(self._wakes.values()))
                for thread in [thread for thread, wake in self._wakes.items() if wake <= self._elapsed]:
                    del self._wakes[thread]
                self._changed.notify_all()

    def end(self) -> None:
        with self._changed:
            self._is_over = True
            self._wakes.clear()
            self._changed.notify_all()

    def notify(self) -> None:
        """What `sleepers` returns has changed."""
        with self._changed:
            self._changed.notify_all()
