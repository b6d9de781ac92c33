"""The quota: our own record and the account's figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..contract.documents import Outcome, Request
from ..quota.account_quota import shown
from ..virustotal.budget import Budget
from .context import Context

_PERIODS = {"api_requests_hourly": "this hour", "api_requests_daily": "today", "api_requests_monthly": "this month"}


def show_quota(context: Context, request: Request, budget: Budget) -> Outcome:
    """Gets the account's figures (VirusTotal does not count the request), records them, and returns both records.

    With `cache=only` no request is sent, and only our own record is returned.
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
    parts = [f"used: {', '.join(used) or 'no windows set'}"]
    left = [
        f"{account[name]['left']} {period}"
        for name, period in _PERIODS.items()
        if name in account and account[name]["pool"] == "group" and account[name]["left"] is not None
    ]
    if left:
        parts.append(f"left in the group's pool: {', '.join(left)}")
    if "blocked" in windows:
        parts.append(f"paused until {windows['blocked']['until']}")
    return "; ".join(parts)
