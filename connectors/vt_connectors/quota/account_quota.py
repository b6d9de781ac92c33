"""The quota figures of an account: the resulting windows, the requests left, and unreadable figures. Pure.

Shape: https://docs.virustotal.com/reference/get-user-overall-quotas. Each figure has the `user`'s pool and, for members
of a group, the `group`'s pool, which all members share (https://docs.virustotal.com/docs/quota-consumption). A request
counts against both, so the pool that runs out first decides.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Callable, Literal, NamedTuple

from .windows import Calendar, Quota, Sliding, Window

# VirusTotal reports "no limit" as 1,000,000,000 or 60,000,000,000. Much larger numbers are not valid figures.
_UNLIMITED, _LARGEST = 1_000_000_000, 1_000_000_000_000
_HOUR_S = 3600.0
_MOST_FIGURES, _LONGEST_NAME, _LONGEST_VALUE = 100, 100, 60

# The periods that an account reports.
AccountPeriod = Literal["hour", "day", "month"]
Holder = Literal["user", "group"]
_REQUESTS: dict[AccountPeriod, str] = {
    "hour": "api_requests_hourly",
    "day": "api_requests_daily",
    "month": "api_requests_monthly",
}
_HOLDERS: tuple[Holder, ...] = ("user", "group")


class Pool(NamedTuple):
    """The requests of one holder, as reported; None for a number that cannot be read."""

    holder: Holder
    allowed: int | None
    used: int | None

    @property
    def is_unlimited(self) -> bool:
        return self.allowed is not None and self.allowed >= _UNLIMITED

    @property
    def left(self) -> int | None:
        """None if a number cannot be read."""
        return None if self.allowed is None or self.used is None else max(0, self.allowed - self.used)


class Figure(NamedTuple):
    """One quota of an account. `unread`: the fields that cannot be read, with their values."""

    pools: tuple[Pool, ...]
    unread: tuple[str, ...] = ()

    @property
    def limiting(self) -> tuple[Pool, ...]:
        """The pools with a limit. For a member of a group, a 0 of the user is not a limit: the group pays."""
        has_group = any(pool.holder == "group" for pool in self.pools)
        limited = [pool for pool in self.pools if pool.allowed is not None and not pool.is_unlimited]
        return tuple(pool for pool in limited if not (has_group and pool.holder == "user" and pool.allowed == 0))

    @property
    def is_readable(self) -> bool:
        """Whether all limits can be read."""
        return bool(self.pools) and all(pool.allowed is not None for pool in self.pools)

    @property
    def is_unlimited(self) -> bool:
        return self.is_readable and not self.limiting

    @property
    def first(self) -> Pool | None:
        """The pool that runs out first. If it is unknown how much is left: the first with a limit, else the first."""
        known = [pool for pool in self.limiting if pool.left is not None]
        return min(known, key=lambda pool: pool.left or 0, default=None) or next(
            iter(self.limiting or self.pools), None
        )

    @property
    def left(self) -> int | None:
        """Requests left in the pool that runs out first; None without a limit, or if it cannot be read."""
        return self.first.left if self.limiting and self.first is not None else None


class AccountUse(NamedTuple):
    """The use of an account, as far as it can be read; the figures are `age_s` seconds old.

    `used`: by the user. `left`: in the pool that runs out first, or None without a limit. `clear`: the periods whose
    figures can all be read.
    """

    used: Mapping[AccountPeriod, int]
    left: Mapping[AccountPeriod, int | None]
    clear: frozenset[AccountPeriod] = frozenset()
    age_s: float = 0.0

    def has_left(self, period: AccountPeriod) -> bool:
        """Whether there certainly are requests left."""
        return period in self.clear and self.left[period] != 0


class Measured(NamedTuple):
    """`unread`: the unreadable fields, for people. `is_shared`: the pool of a group is one of the limits."""

    quota: Quota
    unread: tuple[str, ...]
    is_shared: bool


def measured(figures: Mapping[str, Any], otherwise: Quota, redact: Callable[[str], str] = str) -> Measured:
    """The account's windows. A window is omitted only if the account clearly reports that there is no limit.

    For a figure that cannot be read, the window is that of `otherwise`, or a stricter one if a part can be read.
    `redact` removes secrets from quoted values.
    """
    windows: list[Window] = []
    read = {period: _figure(figures, name) for period, name in _REQUESTS.items()}
    for period, figure in read.items():
        found = [_window(period, pool.allowed or 0) for pool in figure.limiting]
        if not figure.is_readable:
            found += [window for window in otherwise.windows if _period(window) == period]
        if found:
            windows.append(min(found, key=_rate))
    unread = tuple(
        f"{_REQUESTS[period]}: {redact(what)[:_LONGEST_VALUE]}"
        for period, figure in read.items()
        for what in figure.unread
    )
    is_shared = any(pool.holder == "group" for figure in read.values() for pool in figure.limiting)
    return Measured(Quota(tuple(windows), auto=True), unread, is_shared)


def use_of(figures: Mapping[str, Any], age_s: float = 0.0) -> AccountUse:
    """The use of this hour, day and month, without the figures that cannot be read."""
    used: dict[AccountPeriod, int] = {}
    left: dict[AccountPeriod, int | None] = {}
    for period, name in _REQUESTS.items():
        figure = _figure(figures, name)
        used.update((period, pool.used) for pool in figure.pools if pool.holder == "user" and pool.used is not None)
        if figure.left is not None or figure.is_unlimited:
            left[period] = figure.left
    clear = frozenset(period for period, name in _REQUESTS.items() if not _figure(figures, name).unread)
    return AccountUse(used, left, clear, age_s)


def shown(figures: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Each quota for people: `allowed`, `used` and `left` of the pool that runs out first, `pool` (`user` or `group`)
    names that pool, and both pools by their names. None for an unreadable number, and for `pool` without a limit.
    """
    names = [name for name in figures if isinstance(name, str) and len(name) <= _LONGEST_NAME]
    return {name: _shown(_figure(figures, name)) for name in names[:_MOST_FIGURES]}


def _shown(figure: Figure) -> dict[str, Any]:
    first = figure.first
    fields: dict[str, Any] = {**_numbers(first), "pool": first.holder if first in figure.limiting and first else None}
    for pool in figure.pools:
        fields[pool.holder] = _numbers(pool)
    return fields


def _numbers(pool: Pool | None) -> dict[str, int | None]:
    if pool is None:
        return {"allowed": None, "used": None, "left": None}
    return {"allowed": pool.allowed, "used": pool.used, "left": pool.left}


def _figure(figures: Mapping[str, Any], name: str) -> Figure:
    quota = figures.get(name)
    if not isinstance(quota, Mapping):
        return Figure((), (f"is {_quoted(quota) if name in figures else 'missing'}",))
    pools, unread = [], []
    for holder in _HOLDERS:
        if holder == "group" and holder not in quota:
            continue
        reported = quota.get(holder)
        numbers = reported if isinstance(reported, Mapping) else {}
        pool = Pool(holder, _count(numbers.get("allowed")), _count(numbers.get("used")))
        pools.append(pool)
        if not isinstance(reported, Mapping):
            unread.append(f"{holder} is {_quoted(reported) if holder in quota else 'missing'}")
            continue
        for field, number in (("allowed", pool.allowed), ("used", pool.used)):
            if number is None:
                unread.append(f"{holder}.{field} is {_quoted(reported[field]) if field in reported else 'missing'}")
    return Figure(tuple(pools), tuple(unread))


def _count(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= _LARGEST else None


def _quoted(value: object) -> str:
    """A value that is not a number, as JSON; for an object or a list, its kind."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return json.dumps(value)


def _window(period: AccountPeriod, allowed: int) -> Window:
    """VirusTotal's hourly figure is sixty times the minute's: 240 for 4 a minute.

    A window has at least one request. If none is left, the ledger shows that (`usage.take_over`).
    """
    if period != "hour":
        return Calendar(max(1, allowed), period)
    if allowed >= 60:
        return Sliding(allowed // 60, 60.0)
    return Sliding(1, float(math.ceil(_HOUR_S / max(1, allowed))))


def _period(window: Window) -> AccountPeriod:
    return window.period if isinstance(window, Calendar) else "hour"


def _rate(window: Window) -> float:
    """The requests that a window allows, to compare windows of the same period."""
    return window.limit / window.seconds if isinstance(window, Sliding) else window.limit
