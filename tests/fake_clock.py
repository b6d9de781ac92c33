"""A clock that advances only by calls of the test."""

from __future__ import annotations

from vt_connectors.clock import Uptime

START = 1_767_323_045.0  # 2026-01-02T03:04:05Z


class FakeClock:
    """`vt_connectors.clock.Clock`. Sleeping advances its time; `slept` has the length of each sleep."""

    def __init__(self, now: float = START) -> None:
        self._now = now
        self._monotonic = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def uptime(self) -> Uptime:
        return Uptime("this one", self._monotonic)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self._now += max(0.0, seconds)
        self._monotonic += max(0.0, seconds)

    def step(self, seconds: float) -> None:
        """Set the wall clock forward or back, like an administrator or a time server."""
        self._now += seconds
