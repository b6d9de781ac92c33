"""The server's quotas: allowed and used requests of each key."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import Callable

from .windows import Window, day_period, month_period

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
    """One quota of a key: allowed and used requests, and those of its group if it is in one."""

    allowed: int
    used: int
    group: Allowance | None = None


class _Account:
    """The used quota of one key."""

    def __init__(self, quota: Quota) -> None:
        self.hour = Window(None, _HOUR_S)
        self.day = day_period(quota.per_day)
        self.month = month_period(quota.per_month)
        self._windows = [Window(limit, seconds) for limit, seconds in quota.windows]

    def wait(self, now: float, cost: int) -> float:
        calendar_wait = max(self.day.wait(now, cost), self.month.wait(now, cost))
        return max(calendar_wait, *(window.wait(now, cost) for window in self._windows), 0.0)

    def used(self, now: float) -> dict[str, int]:
        return {
            "api_requests_hourly": self.hour.used(now),
            "api_requests_daily": self.day.used(now),
            "api_requests_monthly": self.month.used(now),
        }

    def spend(self, now: float) -> None:
        for window in (self.hour, *self._windows):
            window.spend(now)
        self.day.spend(now)
        self.month.spend(now)


def _own(key: str) -> str:
    return key


class QuotaCounters:
    """The used quota of all keys. Safe to share between threads.

    `pool_of` names what a key's requests are taken from: the key itself, or the quota that a group shares.
    `exhausted`: the period whose quota is used up when a key is first seen, `day` or `month`; empty for none.
    """

    def __init__(
        self, quota: Quota, clock: Clock, pool_of: Callable[[str], str] = _own, *, exhausted: str = ""
    ) -> None:
        self._exhausted = exhausted
        self._quota = quota
        self._clock = clock
        self._pool_of = pool_of
        self._lock = threading.Lock()
        self._accounts: dict[str, _Account] = {}

    def arrive(self, key: str, cost: int = 1) -> Arrival:
        """Charge `cost` requests to `key` now; if there is no quota, refuse the request and charge nothing."""
        with self._lock:  # the clock is read under the lock, so that times never run backwards
            now = self._clock()
            accounts = self._accounts_of(key)
            wait_s = max(account.wait(now, cost) for account in accounts)
            if wait_s > 0:
                return Arrival(now, wait_s)
            for account in accounts * cost:
                account.spend(now)
            return Arrival(now)

    def allowances(self, key: str) -> dict[str, Allowance]:
        """The allowed and used requests of `key` by quota, such as `api_requests_daily`."""
        with self._lock:
            now = self._clock()
            own, *pools = [account.used(now) for account in self._accounts_of(key)]
        if not pools:
            return {name: Allowance(self._allowed(name), used) for name, used in own.items()}
        # A member has no limit of its own: the group's is what counts.
        return {
            name: Allowance(UNLIMITED, used, Allowance(self._allowed(name), pools[0][name]))
            for name, used in own.items()
        }

    def _allowed(self, name: str) -> int:
        limit = {
            "api_requests_hourly": self._quota.per_hour,
            "api_requests_daily": self._quota.per_day,
            "api_requests_monthly": self._quota.per_month,
        }[name]
        return UNLIMITED if limit is None else limit

    def _accounts_of(self, key: str) -> list[_Account]:
        """The key's own account, and if its requests are taken from a pool, that of the pool too."""
        pool = self._pool_of(key)
        if pool == key:
            return [self._account(key, self._quota)]
        return [self._account(key, Quota.unlimited()), self._account(pool, self._quota)]

    def _account(self, key: str, quota: Quota) -> _Account:
        account = self._accounts.get(key)
        if account is None:
            account = self._accounts[key] = _Account(quota)
            if self._exhausted:
                period = account.day if self._exhausted == "day" else account.month
                period.exhaust(self._clock())
        return account


def retry_after_s(arrival: Arrival) -> int:
    """The whole seconds to send in Retry-After for a refused arrival."""
    return max(1, math.ceil(arrival.wait_s or 0.0))
