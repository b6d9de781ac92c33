"""How much of the quota is used, as people and answers see it. Pure."""

from __future__ import annotations

from typing import Any

from . import policy
from .ledger import Ledger
from .windows import Period, Quota, period_key


def usage(ledger: Ledger, quota: Quota, now: float) -> dict[str, Any]:
    """Window name to `limit`, `used`, `resets_in_s` (of a sliding window: until its oldest slot is free again)."""
    policy.tidy(ledger, quota, now)
    stamps = sorted([*ledger.settled, *ledger.flights.values()])
    seen: dict[str, Any] = {}
    for window in quota.sliding:
        inside = [stamp for stamp in stamps if stamp > now - window.seconds]
        used, resets = len(inside), inside[0] + window.seconds - now if inside else 0.0
        if ledger.lost_at + window.seconds > now:
            used, resets = window.limit, ledger.lost_at + window.seconds - now
        seen[window.name] = {"limit": window.limit, "used": used, "resets_in_s": round(resets, 1)}
    for calendar in quota.calendar:
        used = ledger.used[calendar.period].get(calendar.key(now), 0)
        resets = calendar.end(now) - now
        seen[calendar.name] = {"limit": calendar.limit, "used": used, "resets_in_s": round(resets, 1)}
    if ledger.blocked_until > now:
        seen["blocked"] = {"resets_in_s": round(ledger.blocked_until - now, 1)}
    return seen


def take_over(ledger: Ledger, used: dict[str, int], now: float) -> None:
    """Raise, never lower, the use of the current periods: other programs may use the same key."""
    periods: dict[str, Period] = {"day": "day", "month": "month"}
    for name, count in used.items():
        counts, key = ledger.used[name], period_key(periods[name], now)
        counts[key] = max(counts.get(key, 0), count)
