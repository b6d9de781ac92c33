"""API v3's calls (https://docs.virustotal.com/reference/overview)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from ..errors import InvalidResponse
from ..indicators import Indicator, Kind
from .answers import NotFound
from .budget import Budget
from .client import Client

_COLLECTION: dict[Kind, str] = {"hash": "files", "url": "urls", "domain": "domains", "ip": "ip_addresses"}
_TYPE: dict[Kind, str] = {"hash": "file", "url": "url", "domain": "domain", "ip": "ip_address"}


class ApiV3:
    """What actions ask of VirusTotal. Every method may raise `ConnectorError`."""

    version = "3"

    def __init__(self, client: Client, key_id: str) -> None:
        """`key_id` names the account in the quota call: the key itself or a user's id."""
        self._client = client
        self._key_id = key_id

    def lookup(self, indicator: Indicator, budget: Budget) -> dict[str, Any] | None:
        """VirusTotal's object for it, or None when VirusTotal does not know it."""
        try:
            answer = self._client.get(f"/api/v3/{_COLLECTION[indicator.kind]}/{indicator.path_segment}", budget)
        except NotFound:
            return None
        return _object(answer, _TYPE[indicator.kind])

    def add_comment(self, kind: Kind, object_id: str, text: str, budget: Budget) -> dict[str, Any] | None:
        """The comment as VirusTotal took it, or None when it does not know the object.

        `object_id` is that of VirusTotal's object: writing to a URL's base64 id was answered 404 where reading was not.
        """
        body = {"data": {"type": "comment", "attributes": {"text": text}}}
        path = f"/api/v3/{_COLLECTION[kind]}/{quote(object_id, safe='')}/comments"
        try:
            answer = self._client.post(path, json.dumps(body).encode(), "application/json", budget)
        except NotFound:
            return None
        return _object(answer, "comment")

    def overall_quotas(self, budget: Budget) -> dict[str, Any]:
        """The account's quotas by name, each with `user` (`allowed`, `used`) and perhaps `group`. Not counted."""
        path = f"/api/v3/users/{quote(self._key_id, safe='')}/overall_quotas"
        try:
            data = self._client.get(path, budget, counted=False).get("data")
        except NotFound:
            raise InvalidResponse("VirusTotal does not find the account of the key", http_status=404) from None
        if not isinstance(data, dict):
            raise InvalidResponse("the account's quotas came without data", http_status=200)
        return data


def _object(answer: dict[str, Any], kind: str) -> dict[str, Any]:
    """The one object of an answer, if it is one of `kind`. Only `type` and `id` are promised."""
    data = answer.get("data")
    if not isinstance(data, dict) or data.get("type") != kind or not isinstance(data.get("id"), str):
        raise InvalidResponse(f"VirusTotal's answer is not a {kind} object", http_status=200)
    return data
