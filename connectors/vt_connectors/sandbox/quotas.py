"""The server's quotas: allowed and used requests of each key."""

from __future__ import annotations

import calendar
import math
import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Callable

Clock = Callable[[], float]

UNLIMITED = 1_000_000_000  # VirusTotal's value for a quota without a limit
_HOUR_S = 3600.0


@dataclass(frozen=True)
class Quota:
    """The quota of every key.

    `windows` are pairs of (requests, seconds), each a sliding window; `per_day` and `per_month` are requests
    per day and month of UTC, None for no limit. The default is VirusTotal's public quota.
    """

    windows: tuple[tuple[int, float], ...] = ((4, 60.0),)
    per_day: int | None = 500
    per_month: int | None = 15500

    @classmethod
    def unlimited(cls) -> Quota:
        """No quota at all."""
        return cls(windows=(), per_day=None, per_month=None)

    @property
    def per_hour(self) -> int | None:
        """The requests per hour that the sliding windows allow; None if unlimited."""
        return min((int(limit * _HOUR_S / seconds) for limit, seconds in self.windows), default=None)


@dataclass(frozen=True)
class Arrival:
    """A request's arrival: its time (epoch seconds), and if it was refused, the seconds until there is quota again."""

    at: float
    wait_s: float | None = None


@dataclass(frozen=True)
class Allowance:
    """One quota of a key: allowed and used requests."""

    allowed: int
    used: int


class _Window:
    """A sliding window over the times of granted requests; without a limit it only counts."""

    def __init__(self, limit: int | None, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._times: deque[float] = deque()

    def used(self, now: float) -> int:
        while self._times and self._times[0] <= now - self._seconds:
            self._times.popleft()
        return len(self._times)

    def wait(self, now: float, cost: int) -> float:
        used = self.used(now)
        if self._limit is None or used + cost <= self._limit:
            return 0.0
        if cost > self._limit:
            return self._seconds
        # Rounding must not turn "no quota" into "no wait".
        return max(self._times[used + cost - 1 - self._limit] + self._seconds - now, 0.001)

    def spend(self, now: float) -> None:
        self._times.append(now)


class _Period:
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
        name = self._name_of(_utc(now))
        if name != self._name:
            self._name, self._used = name, 0
        return self._used

    def wait(self, now: float, cost: int) -> float:
        if self._limit is None or self.used(now) + cost <= self._limit:
            return 0.0
        return self._end_of(_utc(now)).timestamp() - now

    def spend(self, now: float) -> None:
        self._used = self.used(now) + 1


class _Account:
    """The used quota of one key."""

    def __init__(self, quota: Quota) -> None:
        self.hour = _Window(None, _HOUR_S)
        self.day = _Period(quota.per_day, lambda at: at.strftime("%Y-%m-%d"), _end_of_day)
        self.month = _Period(quota.per_month, lambda at: at.strftime("%Y-%m"), _end_of_month)
        self._windows = [_Window(limit, seconds) for limit, seconds in quota.windows]

    def wait(self, now: float, cost: int) -> float:
        calendar_wait = max(self.day.wait(now, cost), self.month.wait(now, cost))
        return max(calendar_wait, *(window.wait(now, cost) for window in self._windows), 0.0)

    def spend(self, now: float) -> None:
        for window in (self.hour, *self._windows):
            window.spend(now)
        self.day.spend(now)
        self.month.spend(now)


class QuotaCounters:
    """The used quota of all keys. Safe to share between threads."""

    def __init__(self, quota: Quota, clock: Clock) -> None:
        self._quota = quota
        self._clock = clock
        self._lock = threading.Lock()
        self._accounts: dict[str, _Account] = {}

    def arrive(self, key: str, cost: int = 1) -> Arrival:
        """Charge `cost` requests to `key` now; if there is no quota, refuse the request and charge nothing."""
        with self._lock:  # the clock is read under the lock, so that times never run backwards
            now = self._clock()
            account = self._account(key)
            wait_s = account.wait(now, cost)
            if wait_s > 0:
                return Arrival(now, wait_s)
            for _ in range(cost):
                account.spend(now)
            return Arrival(now)

    def allowances(self, key: str) -> dict[str, Allowance]:
        """The allowed and used requests of `key` by quota, such as `api_requests_daily`."""
        with self._lock:
            now = self._clock()
            account = self._account(key)
            lines: list[tuple[str, int | None, int]] = [
                ("hourly", self._quota.per_hour, account.hour.used(now)),
                ("daily", self._quota.per_day, account.day.used(now)),
                ("monthly", self._quota.per_month, account.month.used(now)),
            ]
        return {
            f"api_requests_{name}": Allowance(UNLIMITED if limit is None else limit, used)
            for name, limit, used in lines
        }

    def _account(self, key: str) -> _Account:
        return self._accounts.setdefault(key, _Account(self._quota))


def retry_after_s(arrival: Arrival) -> int:
    """The whole seconds to send in Retry-After for a refused arrival."""
    return max(1, math.ceil(arrival.wait_s or 0.0))


def _utc(now: float) -> datetime:
    return datetime.fromtimestamp(now, timezone.utc)


def _end_of_day(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _end_of_month(at: datetime) -> datetime:
    days = calendar.monthrange(at.year, at.month)[1]
    return _end_of_day(at.replace(day=days))
