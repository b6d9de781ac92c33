"""Requests that splunkd passes to a persistent handler, and replies to them."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from ..splunkd import Splunkd


class RestRequest(NamedTuple):
    """`user` is the caller's session with splunkd, `system` splunkd's own: only the latter may see the key.

    `name` is the caller's user name in Splunk.
    """

    method: str
    body: str
    user: Splunkd
    system: Splunkd
    name: str = ""


class NotFromSplunkd(Exception):
    """The request lacks data that splunkd always passes, according to restmap.conf."""


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
    """The reply for splunkd to send: `document` as JSON."""
    payload = json.dumps(document, separators=(",", ":"))
    return {"status": status, "headers": {"Content-Type": "application/json"}, "payload": payload}
