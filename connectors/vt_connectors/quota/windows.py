"""The windows of a quota.

VirusTotal's public API: 4 a minute, 500 a day, 15,500 a month; days and months end at 00:00 UTC
(https://docs.virustotal.com/docs/consumption-quotas-handled).
"""

from __future__ import annotations

import functools
import math

from ..errors import ConfigError
from ..light_typing import Literal, NamedTuple, Union
from ..quick_imports import pattern

# The part of a day that a drain reserves for people. A drain runs day and night, and a long queue would use the whole
# quota of the day before people need it. A quarter of a public key's day is 125 lookups; the rest still looks up
# 2,600 entries in the week for which they are queued.
KEPT_SHARE = 0.25
_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
_NAMES = {length: name for name, length in _SECONDS.items()}
_DAY_S = 86400
_WINDOW = pattern(r"([0-9]{1,12})\s*/\s*(second|minute|hour|day|month|([0-9]{1,7}(?:\.[0-9]{1,3})?)s)")

Period = Literal["day", "month"]
PERIODS: tuple[Period, ...] = ("day", "month")


class Sliding(NamedTuple):
    """At most `limit` requests in any stretch of `seconds`."""

    limit: int
    seconds: float

    @property
    def name(self) -> str:
        return _NAMES.get(self.seconds) or f"{self.seconds:g}s"


class Calendar(NamedTuple):
    """At most `limit` requests in one UTC day or month. `kept`: how many more this caller leaves to others."""

    limit: int
    period: Period
    kept: int = 0

    @property
    def name(self) -> str:
        return self.period

    def key(self, now: float) -> str:
        return period_key(self.period, now)

    def end(self, now: float) -> float:
        return period_end(self.period, now)


Window = Union[Sliding, Calendar]


class Quota(NamedTuple):
    """The windows; none means no limit of our own. `auto`: these apply until the account's own limits are known."""

    windows: tuple[Window, ...] = ()
    auto: bool = False

    @property
    def sliding(self) -> list[Sliding]:
        return [window for window in self.windows if isinstance(window, Sliding)]

    @property
    def calendar(self) -> list[Calendar]:
        return [window for window in self.windows if isinstance(window, Calendar)]

    @property
    def kept(self) -> int:
        """How many of the day's requests are left to others."""
        return sum(window.kept for window in self.calendar)

    @property
    def pace_s(self) -> float:
        """Seconds per request that the sliding windows allow in the long run."""
        return max((window.seconds / max(1, window.limit) for window in self.sliding), default=0.0)

    def leaving(self, keep: int | None) -> Quota:
        """The quota that remains if `keep` of the day's requests are reserved for others; None: the usual share.

        It may be 0. A quota without a daily window stays the same.
        """
        if keep == 0:
            return self
        return Quota(tuple(_less(window, keep) for window in self.windows), self.auto)

    def share(self, part: int) -> Quota:
        """One `part`-th of the quota, at least one request a window: for a process that cannot see the others."""
        return Quota(tuple(_scaled(window, part) for window in self.windows), self.auto)

    def __str__(self) -> str:
        return ",".join(f"{window.limit}/{window.name}" for window in self.windows) or "none"


def _less(window: Window, keep: int | None) -> Window:
    if not isinstance(window, Calendar) or window.period != "day":
        return window
    kept = min(window.limit, math.ceil(window.limit * KEPT_SHARE) if keep is None else keep)
    return Calendar(window.limit - kept, "day", kept)


def _scaled(window: Window, part: int) -> Window:
    limit = max(1, window.limit // part)
    if isinstance(window, Sliding):
        return Sliding(limit, window.seconds)
    return Calendar(limit, window.period)


_OF_PUBLIC_KEYS = Quota((Sliding(4, 60.0), Calendar(500, "day"), Calendar(15500, "month")))
PUBLIC = str(_OF_PUBLIC_KEYS)


def parse_quota(text: str, name: str = "VT_QUOTA") -> Quota:
    """`4/minute,500/day`, `10/20s`, `auto` or `none`. Raises `ConfigError`, which names where the text was typed."""
    text = text.strip().lower()
    if text == "none":
        return Quota()
    if text == PUBLIC:
        return _OF_PUBLIC_KEYS
    if text == "auto":
        return Quota(_OF_PUBLIC_KEYS.windows, auto=True)
    return Quota(tuple(_parse_window(part.strip(), name) for part in text.split(",")))


def _parse_window(text: str, name: str) -> Window:
    match = _WINDOW.fullmatch(text)
    if match is None or int(match.group(1)) == 0:
        raise ConfigError(
            f"{name}: {text!r} is not a window; write N/second, N/minute, N/hour, N/20s, N/day or N/month "
            "(several with commas), or auto, or none"
        )
    limit, unit, seconds = int(match.group(1)), match.group(2), match.group(3)
    for period in PERIODS:
        if unit == period:
            return Calendar(limit, period)
    length = float(seconds) if seconds else _SECONDS[unit]
    if length <= 0:
        raise ConfigError(f"{name}: {text!r} has no length")
    return Sliding(limit, length)


def period_key(period: Period, now: float) -> str:
    """`2026-11-22` or `2026-11`, in UTC."""
    return _key_and_end(period, int(now // _DAY_S))[0]


def period_end(period: Period, now: float) -> float:
    """The epoch second at which the period of `now` ends."""
    return _key_and_end(period, int(now // _DAY_S))[1]


@functools.lru_cache(maxsize=64)
def _key_and_end(period: Period, day: int) -> tuple[str, float]:
    """Of the period with this day, counted from 1970. Each decision asks a dozen times, about few days."""
    from datetime import datetime, timedelta, timezone

    start = datetime.fromtimestamp(day * _DAY_S, timezone.utc)
    if period == "day":
        return start.strftime("%Y-%m-%d"), (start + timedelta(days=1)).timestamp()
    return start.strftime("%Y-%m"), (start.replace(day=1) + timedelta(days=32)).replace(day=1).timestamp()
