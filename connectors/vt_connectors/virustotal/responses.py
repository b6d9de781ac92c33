"""Parses VirusTotal's responses: a document, or the matching error. Pure.

API v3's statuses and codes: https://docs.virustotal.com/reference/errors. API v2 has no codes, and three special
statuses: https://docs.virustotal.com/v2.0/reference/api-responses.
"""

from __future__ import annotations

from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import Any, Union
from urllib.parse import urlsplit

from ..api_key import ApiKey
from ..errors import (
    AccessDenied,
    Conflict,
    ConnectorError,
    Forbidden,
    InvalidIndicator,
    InvalidResponse,
    RateLimited,
    Unavailable,
    printable,
)
from ..strict_json import loads_finite
from .http.transport import HttpResponse

_LONGEST_MESSAGE = 300
_WRONG_KEY = "VirusTotal does not accept the API key; check VT_API_KEY or VT_API_KEY_FILE"
_NO_PRIVILEGE = "the API key's tier does not allow this call"
_OUT_OF_QUOTA = "VirusTotal says that the key is out of quota"
_NOT_ACCEPTED = "VirusTotal does not accept the value"
_NOT_NOW = "VirusTotal cannot answer now"
# The longest pause for a limit that is not VirusTotal's, because its origin and scope are unknown.
_LONGEST_FOREIGN_PAUSE_S = 60.0

# API v3's errors, by status and code. An error object with any other code is not VirusTotal's: proxies and gateways
# send such objects too, with other codes.
_MEANINGS: dict[tuple[int, str], tuple[type[ConnectorError], str]] = {
    (400, "BadRequestError"): (InvalidIndicator, _NOT_ACCEPTED),
    (400, "InvalidArgumentError"): (InvalidIndicator, _NOT_ACCEPTED),
    (400, "NotAvailableYet"): (Unavailable, _NOT_NOW),
    (400, "UnselectiveContentQueryError"): (InvalidIndicator, _NOT_ACCEPTED),
    (400, "UnsupportedContentQueryError"): (InvalidIndicator, _NOT_ACCEPTED),
    (401, "AuthenticationRequiredError"): (AccessDenied, _WRONG_KEY),
    (401, "UserNotActiveError"): (AccessDenied, _WRONG_KEY),
    (401, "WrongCredentialsError"): (AccessDenied, _WRONG_KEY),
    (403, "ForbiddenError"): (Forbidden, _NO_PRIVILEGE),
    (409, "AlreadyExistsError"): (Conflict, "VirusTotal has this already"),
    (424, "FailedDependencyError"): (Unavailable, _NOT_NOW),
    (429, "QuotaExceededError"): (RateLimited, _OUT_OF_QUOTA),
    (429, "TooManyRequestsError"): (RateLimited, _OUT_OF_QUOTA),
    # The code in responses of /ioc_stream.
    (429, "TooManyRequests"): (RateLimited, _OUT_OF_QUOTA),
    (503, "TransientError"): (Unavailable, _NOT_NOW),
    (504, "DeadlineExceededError"): (Unavailable, _NOT_NOW),
}
_UNKNOWN = (404, "NotFoundError")


class NotFound(Exception):
    """VirusTotal does not know the object. This is a result, not a `ConnectorError`."""


class ForeignLimit(RateLimited):
    """A 429 without VirusTotal's error object: from a proxy, or from the front end before VirusTotal.

    It says nothing about the key's quota, so only this process pauses, for a minute at most.
    """


Document = Union[dict[str, Any], list[Any]]


def document(answer: HttpResponse, key: ApiKey, now: float, *, may_be_empty: bool = False) -> dict[str, Any]:
    """The JSON object of API v3's 200. Raises `NotFound` or a `ConnectorError`; messages never contain the key.

    `may_be_empty`: a 200 without a body, as after a deletion, is an empty object.

    Only VirusTotal's own error object is taken as an error of key, tier, quota or indicator. Any other response is
    `InvalidResponse`, `Unavailable` (5xx) or `ForeignLimit` (429).
    """
    body = _json(answer)
    if answer.status == 200 and isinstance(body, dict):
        return body
    if may_be_empty and answer.status == 200 and not answer.body and answer.broken is None:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    error = error if isinstance(error, dict) else {}
    code = error.get("code")
    meant = (answer.status, code if isinstance(code, str) else "")
    said = _printable(error.get("message"), key)
    if meant == _UNKNOWN:
        raise NotFound(said)
    if meant not in _MEANINGS:
        raise _foreign_response(answer, key, now, code)
    kind, text = _MEANINGS[meant]
    wait = retry_after(answer.headers.get("retry-after"), now) if kind is RateLimited else None
    raise kind(
        f"{text}: {said}" if said else text,
        retry_after=wait,
        http_status=answer.status,
        vt_code=meant[1],
        details={"source": "upstream", "window": None} if kind is RateLimited else None,
    )


def own_words(message: str) -> str:
    """VirusTotal's words in the message of an error from `document`; the whole message if it has none."""
    for _, text in _MEANINGS.values():
        if message.startswith(f"{text}: "):
            return message[len(text) + 2 :]
    return message


def document_v2(answer: HttpResponse, key: ApiKey, now: float, private: bool) -> Document:
    """The JSON object or array of API v2's 200. `private`: the call needs a privilege.

    v2 refuses with a status and an empty body. Raises like `document`.
    """
    body = _json(answer)
    if answer.status == 200 and body is not None:
        return body
    is_empty = not answer.body and answer.broken is None
    if answer.status == 204 and is_empty:
        raise RateLimited(
            _OUT_OF_QUOTA,
            retry_after=retry_after(answer.headers.get("retry-after"), now),
            http_status=204,
            details={"source": "upstream", "window": None},
        )
    if answer.status == 403 and is_empty and private:
        raise Forbidden(
            "API v2 allows this call only for private (premium) keys; API v3 allows it for all: set VT_API_VERSION=3",
            http_status=403,
        )
    if answer.status == 403 and is_empty:
        raise AccessDenied(_WRONG_KEY, http_status=403)
    if answer.status == 400 and (is_empty or (isinstance(body, dict) and "response_code" in body)):
        raise InvalidIndicator(_NOT_ACCEPTED, http_status=400)
    raise _foreign_response(answer, key, now)


def _foreign_response(answer: HttpResponse, key: ApiKey, now: float, code: object = None) -> ConnectorError:
    """The error for a response from a proxy, or from another server in place of VirusTotal."""
    what = _described(answer, key, code)
    if answer.status == 429:
        told = retry_after(answer.headers.get("retry-after"), now)
        wait = _LONGEST_FOREIGN_PAUSE_S if told is None else max(1.0, min(told, _LONGEST_FOREIGN_PAUSE_S))
        return ForeignLimit(
            f"{what}: the limit is not VirusTotal's; this process pauses for {round(wait)} s",
            retry_after=wait,
            http_status=429,
            details={"source": "upstream", "window": None},
        )
    if answer.status >= 500:
        return Unavailable(f"{_NOT_NOW}, or was not reached: {what}", http_status=answer.status)
    return InvalidResponse(what, http_status=answer.status)


def _described(answer: HttpResponse, key: ApiKey, code: object) -> str:
    if 300 <= answer.status < 400:
        return (
            f"a redirect (HTTP {answer.status}{_target(answer, key)}) came instead of a response; it was not followed: "
            "if the API has moved, set VT_API_URL; else a proxy requires a login"
        )
    kind = _printable(answer.headers.get("content-type", "").split(";")[0], key)[:60]
    what = answer.broken or f"{kind or 'no type'}, {len(answer.body)} bytes"
    other = f", error code {_printable(code, key)[:60]!r}" if isinstance(code, str) and code else ""
    return f"HTTP {answer.status} with a body that is not VirusTotal's ({what}{other}); a proxy may be in between"


def _target(answer: HttpResponse, key: ApiKey) -> str:
    """The server's name in a redirect's target, without the rest of the URL, which may contain anything."""
    try:
        host = urlsplit(answer.headers.get("location", "")).netloc.rpartition("@")[2]
    except ValueError:
        return ""
    shown = _printable(host, key)[:100]
    return f" to {shown}" if shown else ""


def _json(answer: HttpResponse) -> Document | None:
    if answer.broken or not answer.body:
        return None
    try:
        body = loads_finite(answer.body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, (dict, list)) else None


def _printable(text: object, key: ApiKey) -> str:
    """VirusTotal's message without the key (its 401 echoes it) and without control characters."""
    if not isinstance(text, str):
        return ""
    shown = key.redact(text.strip())[:_LONGEST_MESSAGE]
    return printable(shown, " ")


def retry_after(header: str | None, now: float) -> float | None:
    """`Retry-After` in seconds (delta or HTTP date); None if it is missing or invalid. Never negative."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        # HTTP dates are in UTC, even without a time zone.
        return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None
