"""How often to poll a running scan. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator

_FIRST_S = 5.0
_GROWTH = 1.5
_LONGEST_S = 60.0
# Polling uses at most every second request of the quota.
_SHARE = 2


def intervals(quota_pace_s: float) -> Iterator[float]:
    """An endless series of seconds between polls. `quota_pace_s`: the seconds in which the quota allows one request."""
    interval = _FIRST_S
    while True:
        yield max(interval, _SHARE * quota_pace_s)
        interval = min(interval * _GROWTH, _LONGEST_S)


def first_interval(quota_pace_s: float) -> float:
    """The seconds after which a caller should poll again."""
    return next(intervals(quota_pace_s))
