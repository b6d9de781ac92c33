"""A clock that is set at random moments, while the server's time continues."""

from __future__ import annotations

import random

from tests.fake_clock import FakeClock

# Within half a day of the right time, because the count of a day is stored for one more day.
FURTHEST_S = 43200.0
_SIZES_S = (0.2, 1.0, 4.0, 7.0, 59.0, 61.0, 300.0, 3600.0, 20000.0, 43000.0)


def step_from(draw: random.Random, off_by: float) -> float:
    """The next change of a clock that is off by `off_by`: to the right time, or to a wrong one."""
    if off_by and draw.random() < 0.3:
        return -off_by
    step = draw.choice(_SIZES_S) * draw.choice((1, -1)) * draw.uniform(0.6, 1.0)
    return step if abs(off_by + step) <= FURTHEST_S else -step


class SetClock(FakeClock):
    """A clock that is set with the probability `often` whenever time passes. `true` is the unchanged time."""

    def __init__(self, now: float, draw: random.Random, often: float) -> None:
        super().__init__(now)
        self._draw = draw
        self._often = often
        self._began = now - self.monotonic()
        self._off_by = 0.0
        self.steps: list[float] = []

    @property
    def true(self) -> float:
        return self._began + self.monotonic()

    def advance(self, seconds: float) -> None:
        before = self._draw.uniform(0.0, seconds)
        super().advance(before)
        if self._draw.random() < self._often:
            self._set()
        super().advance(seconds - before)

    def _set(self) -> None:
        step = step_from(self._draw, self._off_by)
        self.step(step)
        self.steps.append(step)
        self._off_by += step
