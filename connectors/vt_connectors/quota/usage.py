"""The used quota, for people and responses. Pure."""

from __future__ import annotations

from bisect import insort
from typing import Any

from ..clock import iso
from . import policy
from .account_quota import AccountUse
from .ledger import Ledger
from .timeline import Timeline
from .windows import PERIODS, Quota, period_key

# For a larger window, stamps are not written one by one; requests pause for a while instead.
_MOST_STAMPS, _PAUSE_S = 1000, 60.0


def usage(ledger: Ledger, quota: Quota, now: float) -> dict[str, Any]:
    """Window name to `limit`, `used`, `resets_in_s` (of a sliding window: until its oldest request leaves it).

    `blocked` during a pause: `resets_in_s`, `until` (UTC).
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


def take_over(ledger: Ledger, quota: Quota, use: AccountUse, now: float) -> None:
    """Correct the ledger with the account's figures, because other programs and group members use its quota too.

    The use of the day and month is raised, never lowered: to the account's use, and until no more requests are left in
    the window than in the pool that runs out first (limit - used = left). So requests of all users count. The limit
    stays the smallest of all pools, because all pools are full again when the next period begins.

    For the account's hour, a sliding window from now on allows at most what is left of the hour. After that, only
    recorded requests count, because it is not known whether the account's hour slides. A pause after a 429 is
    shortened to a minute if the account clearly has requests left.
    """
    limits = {window.period: window.limit for window in quota.calendar}
    for period in PERIODS:
        key = period_key(period, now)
        if period_key(period, now - use.age_s) != key:
            continue  # the figures are from the period before
        left, counts = use.left.get(period), ledger.used[period]
        gone = 0 if left is None or period not in limits else limits[period] - left
        counts[key] = max(counts.get(key, 0), use.used.get(period, 0), gone)
    hour = use.left.get("hour")
    if hour is not None:
        _leave_of_the_hour(ledger, quota, hour, now)
    if hour != 0 and use.has_left("day") and use.has_left("month"):
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
