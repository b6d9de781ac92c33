"""The machine's clock, which tells of the threads that wait, and of which time can be skipped."""

from __future__ import annotations

import threading
import time
from typing import Callable

from vt_connectors.clock import SystemClock

_MOST_S = 60.0


class WatchedClock(SystemClock):
    """For a test that lets something go on as soon as others wait for it, however slow the machine is."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: set[int] = set()
        self._skipped_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._skipped_s

    def sleep(self, seconds: float) -> None:
        self._waiting.add(threading.get_ident())
        super().sleep(seconds)

    def until_waiting(self, threads: int) -> None:
        """Return when so many threads have begun to wait; AssertionError if they do not."""
        give_up = time.monotonic() + _MOST_S
        while len(self._waiting) < threads:
            assert time.monotonic() < give_up, f"{len(self._waiting)} of {threads} threads wait"
            time.sleep(0.005)

    def skip_while(self, condition: Callable[[], bool], step_s: float = 0.25) -> None:
        """Let `step_s` seconds pass again and again, far faster than they do, for as long as `condition()` is true."""
        give_up = time.monotonic() + _MOST_S
        while condition():
            assert time.monotonic() < give_up, f"nothing came of {self._skipped_s} seconds"
            self._skipped_s += step_s
            time.sleep(0.01)
