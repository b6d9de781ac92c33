"""VirusTotal's figures for the account. API v2 has no calls for them, so both versions use v3's, with the same key.

The key identifies the account, so it is in the URL of these calls.
"""

from __future__ import annotations

from typing import Any

from ..api_key import ApiKey
from ..errors import InvalidResponse
from ..quota.account_usage import Days, is_usage
from . import endpoints
from .budget import Budget
from .client import Client
from .endpoints import Endpoint, Values
from .responses import NotFound


def overall_quotas(client: Client, key: ApiKey, budget: Budget) -> dict[str, Any]:
    """The quotas by name, each with `user` (`allowed`, `used`) and perhaps `group`. Raises `ConnectorError`."""
    data = _data(client, endpoints.OVERALL_QUOTAS, {"id": key.reveal()}, budget)
    if not isinstance(data, dict):
        raise InvalidResponse("the response with the account's quotas has no data", http_status=200)
    return data


def api_usage(client: Client, key: ApiKey, days: Days, budget: Budget) -> dict[str, Any]:
    """The requests by day and endpoint (`account_usage`). Raises `ConnectorError`."""
    values = {"id": key.reveal(), "start_date": days.first, "end_date": days.last}
    data = _data(client, endpoints.API_USAGE, values, budget)
    if not isinstance(data, dict) or not is_usage(data):
        raise InvalidResponse("the response with the account's use has no data", http_status=200)
    return data


def _data(client: Client, endpoint: Endpoint, values: Values, budget: Budget) -> object:
    try:
        answer = client.ask(endpoint, values, budget)
    except NotFound:
        raise InvalidResponse("VirusTotal does not find the account of the key", http_status=404) from None
    return answer.get("data") if isinstance(answer, dict) else None
