"""VirusTotal's figures for the account. API v2 has no call for them, so both versions use v3's, with the same key."""

from __future__ import annotations

from typing import Any

from ..api_key import ApiKey
from ..errors import InvalidResponse
from . import endpoints
from .budget import Budget
from .client import Client
from .responses import NotFound


def overall_quotas(client: Client, key: ApiKey, budget: Budget) -> dict[str, Any]:
    """The quotas by name, each with `user` (`allowed`, `used`) and perhaps `group`.

    `key` identifies the account. Raises `ConnectorError`.
    """
    try:
        data = client.ask(endpoints.OVERALL_QUOTAS, {"id": key.reveal()}, budget).get("data")
    except NotFound:
        raise InvalidResponse("VirusTotal does not find the account of the key", http_status=404) from None
    if not isinstance(data, dict):
        raise InvalidResponse("the response with the account's quotas has no data", http_status=200)
    return data
