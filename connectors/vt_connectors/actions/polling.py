"""How often to look at a scan that is under way. Pure."""

from __future__ import annotations

from collections.abc import Iterator

_FIRST_S = 5.0
_GROWTH = 1.5
_LONGEST_S = 60.0
# Of the quota, polling takes at most every second request.
_SHARE = 2


def intervals(quota_pace_s: float) -> Iterator[float]:
    """Seconds between looks, without end. `quota_pace_s`: the seconds in which the quota gives one request."""
    interval = _FIRST_S
    while True:
        yield max(interval, _SHARE * quota_pace_s)
        interval = min(interval * _GROWTH, _LONGEST_S)


def first_interval(quota_pace_s: float) -> float:
    """What to tell those who are to ask again."""
    return next(intervals(quota_pace_s))
