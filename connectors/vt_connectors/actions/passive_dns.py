"""Passive DNS: the addresses at which a domain was seen, and the names that were seen at an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..clock import iso
from ..contract.documents import Outcome, Request
from ..errors import InvalidIndicator, InvalidRequest
from ..indicators import Indicator, parse_as, recognise
from ..virustotal.budget import Budget
from ..virustotal.port import Resolution
from .context import Context
from .relationships import Listing, listed

DEFAULT_LIMIT = 40


def passive_dns(context: Context, request: Request, budget: Budget) -> Outcome:
    """`ok` with `resolutions`, the newest first: `host`, `ip`, `date` (last seen) and `resolver`."""
    indicator = indicator_of(request.params)
    limit = int(request.params.get("limit", DEFAULT_LIMIT))
    listing = Listing("resolutions", lambda api: api.resolutions(indicator, limit, budget), _row, limit)
    return listed(indicator, listing, context, request, budget)


def indicator_of(params: Mapping[str, Any]) -> Indicator:
    """The one domain or address in `params`. Raises `InvalidRequest`, `InvalidIndicator`."""
    if ("domain" in params) == ("ip" in params):
        raise InvalidRequest("/params needs either domain or ip, and not both", details={"path": "/params"})
    return parse_as("domain", params["domain"]) if "domain" in params else parse_as("ip", params["ip"])


def params_of(value: str) -> dict[str, str]:
    """The parameters for `value`, a domain or an address."""
    try:
        return {"ip": value} if recognise(value).kind == "ip" else {"domain": value}
    except InvalidIndicator:
        return {"domain": value}


def _row(seen: Resolution) -> dict[str, Any]:
    row = {"host": seen.host, "ip": seen.ip, "resolver": seen.resolver}
    row["date"] = iso(seen.date) if seen.date else None
    return {name: value for name, value in row.items() if value is not None}
