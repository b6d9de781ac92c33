"""The quota, as we keep it and as the account tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..contract import Outcome, Request
from ..quota.account import allowed_and_used
from ..virustotal.budget import Budget
from .context import Context


def show_quota(context: Context, request: Request, budget: Budget) -> Outcome:
    """Asks the account (VirusTotal does not count that), takes over what it says is used, and shows both sides.

    With `cache=only` nothing is asked, and our own side is shown.
    """
    account = context.account(request.api_key)
    if request.options.cache == "only":
        windows = account.limiter.usage()
        return Outcome("ok", _summary(windows), {"windows": windows})
    figures = account.own_figures(budget)
    windows = account.limiter.usage()
    data = {"windows": windows, "account": allowed_and_used(figures)}
    return Outcome("ok", _summary(windows), data, "api", context.clock.now())


def _summary(windows: Mapping[str, Any]) -> str:
    told = ", ".join(f"{seen['used']} of {seen['limit']} a {name}" for name, seen in windows.items() if "limit" in seen)
    return f"used: {told or 'no windows set'}"
