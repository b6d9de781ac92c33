"""An account's own quota figures as windows. Pure.

Shape: https://docs.virustotal.com/reference/get-user-overall-quotas; `group` is there for accounts in a group only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .windows import Calendar, Quota, Sliding, Window

# "Unlimited" is told as a thousand million and more.
_UNLIMITED = 1_000_000_000


def quota_of(figures: Mapping[str, Any], otherwise: Quota) -> Quota:
    """The windows of `api_requests_hourly`, `_daily` and `_monthly`; `otherwise` where there is none of them.

    The hourly figure is the minute's times sixty (240 for 4 a minute).
    """
    windows: list[Window] = []
    hourly = _allowed(figures, "api_requests_hourly")
    if hourly is not None:
        windows.append(Sliding(max(1, hourly // 60), 60.0))
    daily, monthly = _allowed(figures, "api_requests_daily"), _allowed(figures, "api_requests_monthly")
    if daily is not None:
        windows.append(Calendar(max(1, daily), "day"))
    if monthly is not None:
        windows.append(Calendar(max(1, monthly), "month"))
    known = any(name in figures for name in ("api_requests_hourly", "api_requests_daily", "api_requests_monthly"))
    return Quota(tuple(windows), auto=True) if known else otherwise


def used_of(figures: Mapping[str, Any]) -> dict[str, int]:
    """`{"day": n, "month": n}` as far as told: the user's own use."""
    used: dict[str, int] = {}
    for period, name in (("day", "api_requests_daily"), ("month", "api_requests_monthly")):
        count = _figure(figures, name, "user", "used")
        if count is not None:
            used[period] = count
    return used


def allowed_and_used(figures: Mapping[str, Any]) -> dict[str, dict[str, int | None]]:
    """Each quota's user figures, for people."""
    return {str(name): {word: _figure(figures, name, "user", word) for word in ("allowed", "used")} for name in figures}


def _allowed(figures: Mapping[str, Any], name: str) -> int | None:
    """The stricter of the user's and the group's; None where neither limits."""
    found = [_figure(figures, name, who, "allowed") for who in ("user", "group")]
    limits = [limit for limit in found if limit is not None and limit < _UNLIMITED]
    return min(limits) if limits else None


def _figure(figures: Mapping[str, Any], name: str, who: str, word: str) -> int | None:
    quota = figures.get(name)
    holder = quota.get(who) if isinstance(quota, Mapping) else None
    value = holder.get(word) if isinstance(holder, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
