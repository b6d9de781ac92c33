"""A request as splunkd passes it to a persistent handler, and the reply that it takes."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from ..splunkd import Splunkd


class RestRequest(NamedTuple):
    """`user` is the caller's session at splunkd, `system` splunkd's own: only the latter may see the key.

    `name` is the caller's, as splunkd knows it.
    """

    method: str
    body: str
    user: Splunkd
    system: Splunkd
    name: str = ""


class NotFromSplunkd(Exception):
    """It lacks what splunkd always passes, as restmap.conf tells it to."""


def read_rest_request(passed: str | bytes) -> RestRequest:
    """Raises `NotFromSplunkd`."""
    try:
        given = json.loads(passed)
        uri, system, user = given["server"]["rest_uri"], given["system_authtoken"], given["session"]["authtoken"]
        method, body, name = given["method"], given.get("payload") or "", str(given["session"].get("user", ""))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise NotFromSplunkd from None
    if not all(isinstance(text, str) for text in (uri, system, user, method, body)):
        raise NotFromSplunkd
    return RestRequest(method.upper(), body, Splunkd(uri, user), Splunkd(uri, system), name)


def reply(status: int, document: Any) -> dict[str, Any]:
    """What splunkd sends on: `document` as JSON."""
    payload = json.dumps(document, separators=(",", ":"))
    return {"status": status, "headers": {"Content-Type": "application/json"}, "payload": payload}
