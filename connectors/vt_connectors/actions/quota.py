"""The quota, as we keep it and as the account tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..contract.documents import Outcome, Request
from ..quota.account_quota import shown
from ..virustotal.budget import Budget
from .context import Context

_WORDS = {"api_requests_hourly": "this hour", "api_requests_daily": "today", "api_requests_monthly": "this month"}


def show_quota(context: Context, request: Request, budget: Budget) -> Outcome:
    """Asks the account (VirusTotal does not count that), takes over what it tells, and shows both sides.

    With `cache=only` nothing is asked, and our own side is shown.
    """
    account = context.account(request.api_key)
    if request.options.cache == "only":
        windows = account.limiter.usage()
        return Outcome("ok", _summary(windows, {}), {"windows": windows})
    figures = shown(account.own_figures(budget))
    windows = account.limiter.usage()
    data = {"windows": windows, "account": figures}
    return Outcome("ok", _summary(windows, figures), data, "api", context.clock.now())


def _summary(windows: Mapping[str, Any], account: Mapping[str, Any]) -> str:
    used = [f"{seen['used']} of {seen['limit']} a {name}" for name, seen in windows.items() if "limit" in seen]
    told = [f"used: {', '.join(used) or 'no windows set'}"]
    left = [
        f"{account[name]['left']} {word}"
        for name, word in _WORDS.items()
        if name in account and account[name]["pool"] == "group" and account[name]["left"] is not None
    ]
    if left:
        told.append(f"left in the group's pool: {', '.join(left)}")
    if "blocked" in windows:
        told.append(f"paused until {windows['blocked']['until']}")
    return "; ".join(told)
