"""The quota, as we keep it and as the account tells it."""

from __future__ import annotations

from ..contract import Outcome, Request
from ..quota.account import allowed_and_used
from ..virustotal.budget import Budget
from .context import Context


def show_quota(context: Context, request: Request, budget: Budget) -> Outcome:
    """Asks the account (VirusTotal does not count that), takes over what it says is used, and shows both sides."""
    account = context.account(request.api_key)
    figures = account.own_figures(budget)
    windows = account.limiter.usage()
    told = ", ".join(f"{seen['used']} of {seen['limit']} a {name}" for name, seen in windows.items() if "limit" in seen)
    data = {"windows": windows, "account": allowed_and_used(figures)}
    return Outcome("ok", f"used: {told or 'no windows set'}", data, "api", context.clock.now())
