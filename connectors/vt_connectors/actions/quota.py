"""The quota: our own record, the account's figures, and on request the use by endpoint."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..api_key import ApiKey
from ..cache import Entry
from ..contract.documents import Outcome, Request
from ..errors import ConnectorError
from ..quota.account_quota import shown
from ..quota.account_usage import Days, last_days, shown_usage
from ..redaction import redacted
from ..virustotal.budget import Budget
from ..virustotal.port import Api
from .context import Context
from .read_through import Query, find

_PERIODS = {"api_requests_hourly": "this hour", "api_requests_daily": "today", "api_requests_monthly": "this month"}
# How long the use by endpoint is cached: long enough for several people who look at the same time.
_USAGE_LIVES_S = 60.0
_MOST_NAMED = 5


def show_quota(context: Context, request: Request, budget: Budget) -> Outcome:
    """Gets the account's figures (VirusTotal does not count the request), records them, and returns both records.

    With `usage_days`, another such request gets the use of the last days by endpoint. With `cache=only` no request is
    sent, and only our own record is returned, and the use if it is cached.
    """
    account = context.account(request.api_key)
    if request.options.cache == "only":
        windows = account.limiter.usage()
        data = _with_usage({"windows": windows}, context, request, budget)
        return Outcome("ok", _summary(windows, {}), data)
    figures: dict[str, Any] = redacted(shown(account.own_figures(budget)))
    now = context.clock.now()
    windows = account.limiter.usage()
    data = _with_usage({"windows": windows, "account": figures}, context, request, budget)
    return Outcome("ok", _summary(windows, figures), data, "api", now)


def known_quota(context: Context, key: ApiKey | None) -> dict[str, Any]:
    """The windows of the key (None: the configured one), at most a second old. Empty if they cannot be read."""
    try:
        refusal = context.refusal(key, -math.inf, None)
        return dict(refusal.usage) if refusal is not None else context.account(key).limiter.usage()
    except ConnectorError:
        return {}


def usage_days(params: Mapping[str, Any], now: float) -> Days | None:
    """The days whose use is asked for, at `now` (epoch seconds); None without `usage_days`."""
    count = params.get("usage_days")
    return None if count is None else last_days(count, now)


def _with_usage(data: dict[str, Any], context: Context, request: Request, budget: Budget) -> dict[str, Any]:
    """`data` with `usage`, if it is asked for and known."""
    days = usage_days(request.params, context.clock.now())
    if days is None:
        return data

    def ask(api: Api) -> Entry:
        return Entry("ok", redacted(shown_usage(api.api_usage(days, budget), days)), context.clock.now())

    query = Query(
        f"usage:{days.first}:{days.last}",
        ask,
        parts=frozenset(),
        lives_s=_USAGE_LIVES_S,
        purpose="api_usage",
        is_per_key=True,
        is_counted=False,
    )
    found = find(query, context, request, budget)
    return data if found is None else {**data, "usage": dict(found[0].report)}


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
    spent = [f"{name} ({figure['pool']})" for name, figure in account.items() if _is_used_up(figure)]
    if spent:
        more = f" and {len(spent) - _MOST_NAMED} more" if len(spent) > _MOST_NAMED else ""
        parts.append(f"used up: {', '.join(spent[:_MOST_NAMED])}{more}")
    if "blocked" in windows:
        parts.append(f"paused until {windows['blocked']['until']}")
    return "; ".join(parts)


def _is_used_up(figure: Mapping[str, Any]) -> bool:
    """Not if nothing was allowed: then the key's licence does not include it."""
    return figure["left"] == 0 and bool(figure["allowed"])
