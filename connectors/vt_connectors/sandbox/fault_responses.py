"""Responses for injected faults."""

from __future__ import annotations

from .errors import faulty, quota_exceeded
from .http.messages import Response, error_response, html_response
from .v2.routes import OUT_OF_QUOTA, REFUSED

_PROXY_PAGE = html_response(200, "Sign in to the proxy")
_TRUNCATED = {
    2: b'{"response_code": 1, "verbose_msg": "Scan fin',
    3: b'{"data": {"type": "file", "attributes": {"last_ana',
}
_QUOTAS = ("204", "429")


def bad_answer(what: str, version: int, retry_after_s: int | None) -> Response | None:
    """The response for a fault, in the form of API `version` (2 or 3).

    None if the fault only affects the transfer of the normal response. `retry_after_s` goes into a 429's Retry-After.
    """
    if what == "html":
        return _PROXY_PAGE
    if what == "garbage":
        return Response(200, _TRUNCATED[version])
    if what == "reset":
        return Response(200, b"", close=True, fault=what)
    if not what.isdigit():
        return None
    if version == 3:
        return error_response(quota_exceeded(retry_after_s) if what in _QUOTAS else faulty(int(what)))
    if what in _QUOTAS:
        return OUT_OF_QUOTA
    return REFUSED if what == "403" else html_response(int(what), "On purpose")
