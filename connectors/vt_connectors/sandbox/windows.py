"""Windows over the times of granted requests: sliding ones, and days and months of UTC."""

from __future__ import annotations

import calendar
from collections import deque
from datetime import datetime, timedelta, timezone
from typing import Callable


class Window:
    """A sliding window over the times of granted requests; without a limit it only counts."""

    def __init__(self, limit: int | None, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._times: deque[float] = deque()

    def used(self, now: float) -> int:
        """The requests in the window."""
        while self._times and self._times[0] <= now - self._seconds:
            self._times.popleft()
        return len(self._times)

    def wait(self, now: float, cost: int) -> float:
        """The seconds until there is room for `cost` requests."""
        used = self.used(now)
        if self._limit is None or used + cost <= self._limit:
            return 0.0
        if cost > self._limit:
            return self._seconds
        # Rounding must not turn "no quota" into "no wait".
        return max(self._times[used + cost - 1 - self._limit] + self._seconds - now, 0.001)

    def spend(self, now: float) -> None:
        """Count a request."""
        self._times.append(now)


class Period:
    """A day or a month of UTC: `name_of` names the period of a time, `end_of` returns its end."""

    def __init__(
        self, limit: int | None, name_of: Callable[[datetime], str], end_of: Callable[[datetime], datetime]
    ) -> None:
        self._limit = limit
        self._name_of = name_of
        self._end_of = end_of
        self._name = ""
        self._used = 0

    def used(self, now: float) -> int:
        """The requests in the current period."""
        name = self._name_of(_utc(now))
        if name != self._name:
            self._name, self._used = name, 0
        return self._used

    def exhaust(self, now: float) -> None:
        """Count as many requests as the current period allows."""
        if self._limit is not None:
            self._used = max(self.used(now), self._limit)

    def wait(self, now: float, cost: int) -> float:
        """The seconds until there is room for `cost` requests."""
        if self._limit is None or self.used(now) + cost <= self._limit:
            return 0.0
        return self._end_of(_utc(now)).timestamp() - now

    def spend(self, now: float) -> None:
        """Count a request."""
        self._used = self.used(now) + 1


def day_period(limit: int | None) -> Period:
    """Days of UTC."""
    return Period(limit, lambda at: at.strftime("%Y-%m-%d"), _end_of_day)


def month_period(limit: int | None) -> Period:
    """Months of UTC."""
    return Period(limit, lambda at: at.strftime("%Y-%m"), _end_of_month)


def _utc(now: float) -> datetime:
    return datetime.fromtimestamp(now, timezone.utc)


def _end_of_day(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _end_of_month(at: datetime) -> datetime:
    days = calendar.monthrange(at.year, at.month)[1]
    return _end_of_day(at.replace(day=days))
