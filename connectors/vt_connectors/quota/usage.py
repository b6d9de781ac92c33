"""How much of the quota is used, as people and answers see it. Pure."""

from __future__ import annotations

from bisect import insort
from typing import Any

from ..clock import iso
from . import policy
from .account_quota import AccountUse
from .ledger import Ledger
from .timeline import Timeline
from .windows import Period, Quota, period_key

_PERIODS: tuple[Period, ...] = ("day", "month")
# What is gone of a larger window is not written down one by one: all pause for a while instead.
_MOST_STAMPS, _PAUSE_S = 1000, 60.0


def usage(ledger: Ledger, quota: Quota, now: float) -> dict[str, Any]:
    """Window name to `limit`, `used`, `resets_in_s` (of a sliding window: until its oldest slot is free again).

    `blocked` while a pause is waited out: `resets_in_s`, `until` (UTC).
    """
    policy.tidy(ledger, quota, now)
    timeline = Timeline(ledger)
    seen: dict[str, Any] = {}
    for window in quota.sliding:
        used, oldest = timeline.after(now - window.seconds)
        resets = oldest + window.seconds - now if used else 0.0
        if ledger.reset_at + window.seconds > now:
            used, resets = window.limit, ledger.reset_at + window.seconds - now
        seen[window.name] = {"limit": window.limit, "used": used, "resets_in_s": round(resets, 1)}
    for calendar in quota.calendar:
        used = ledger.used[calendar.period].get(calendar.key(now), 0)
        resets = calendar.end(now) - now
        seen[calendar.name] = {"limit": calendar.limit, "used": used, "resets_in_s": round(resets, 1)}
    if ledger.blocked_until > now:
        seen["blocked"] = {"resets_in_s": round(ledger.blocked_until - now, 1), "until": iso(ledger.blocked_until)}
    return seen


def take_over(ledger: Ledger, quota: Quota, told: AccountUse, now: float) -> None:
    """Correct the record by what the account tells: other programs, and a group's other members, use its quota too.

    The use of the day and month is raised, never lowered: to what the account has used, and so far that no more is left
    of the window than of the pool that runs out first (limit - used = what is left). So it counts what no user may send
    any more, whoever has sent it. The limit stays the least that any pool allows, as all are full when the next period
    begins.

    Of the account's hour, no more goes within a sliding window from now on than is left of it. After that, only
    recorded requests fill it: whether the account's hour slides is not known. A pause after a 429 is cut down to a
    minute if the account clearly has requests left.
    """
    limits = {window.period: window.limit for window in quota.calendar}
    for period in _PERIODS:
        key = period_key(period, now)
        if period_key(period, now - told.age_s) != key:
            continue  # told of the period before, which has ended since
        left, counts = told.left.get(period), ledger.used[period]
        gone = 0 if left is None or period not in limits else limits[period] - left
        counts[key] = max(counts.get(key, 0), told.used.get(period, 0), gone)
    hour = told.left.get("hour")
    if hour is not None:
        _leave_of_the_hour(ledger, quota, hour, now)
    if hour != 0 and told.has_left("day") and told.has_left("month"):
        policy.shorten_block(ledger, quota, now)


def _leave_of_the_hour(ledger: Ledger, quota: Quota, left: int, now: float) -> None:
    timeline = Timeline(ledger)
    gone = 0
    for window in quota.sliding:
        gone = max(gone, window.limit - left - timeline.after(now - window.seconds).requests)
    if gone > _MOST_STAMPS:
        policy.block(ledger, now, _PAUSE_S)
    for _ in range(min(gone, _MOST_STAMPS)):
        insort(ledger.settled, now + ledger.max_clock_skew_s)
