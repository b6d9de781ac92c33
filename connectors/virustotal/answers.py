"""VirusTotal's answers read: a document, or the error that an answer means. Pure.

API v3's statuses and codes: https://docs.virustotal.com/reference/errors. API v2 has no codes, and three statuses of
its own: https://docs.virustotal.com/v2.0/reference/api-responses.
"""

from __future__ import annotations

import json
import math
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import Any, Union

from ..api_key import ApiKey
from ..errors import (
    AccessDenied,
    Conflict,
    ConnectorError,
    Forbidden,
    InvalidIndicator,
    InvalidResponse,
    RateLimited,
    TooLarge,
    Unavailable,
)
from .transport import HttpAnswer

_LONGEST_MESSAGE = 300
_OUT_OF_QUOTA = (429, 204)
_WRONG_KEY = "VirusTotal does not accept the API key; check VT_API_KEY or VT_API_KEY_FILE"


class NotFound(Exception):
    """VirusTotal does not know it. An answer, not a `ConnectorError`."""


Document = Union[dict[str, Any], list[Any]]


def document(answer: HttpAnswer, key: ApiKey, now: float) -> dict[str, Any]:
    """The JSON object of API v3's 200. Raises `NotFound` or a `ConnectorError`; in no message is the key."""
    body = _json(answer)
    if answer.status == 200:
        if not isinstance(body, dict):
            raise InvalidResponse(_not_virustotals(answer, key), http_status=200)
        return body
    raise _refusal(answer, body if isinstance(body, dict) else {}, key, now)


def document_v2(answer: HttpAnswer, key: ApiKey, now: float, private: bool) -> Document:
    """The JSON object or array of API v2's 200. `private`: the call is one that needs a privilege.

    Raises `ConnectorError`; in no message is the key.
    """
    body = _json(answer)
    if answer.status == 200 and body is not None:
        return body
    if answer.status == 403 and private:
        raise Forbidden(
            "API v2 keeps this call for private (premium) keys; API v3 has it for all: set VT_API_VERSION=3",
            http_status=403,
        )
    if answer.status == 403:
        raise AccessDenied(_WRONG_KEY, http_status=403)
    if answer.status == 400 and (body is not None or not answer.body):
        raise InvalidIndicator("VirusTotal does not accept the value", http_status=400)
    if answer.status == 200:
        raise InvalidResponse(_not_virustotals(answer, key), http_status=200)
    raise _refusal(answer, {}, key, now)


def _refusal(answer: HttpAnswer, body: dict[str, Any], key: ApiKey, now: float) -> Exception:
    error = body.get("error")
    error = error if isinstance(error, dict) else {}
    code = _printable(error.get("code"), key) or None
    said = _printable(error.get("message"), key)
    if answer.status == 404 and code == "NotFoundError":
        return NotFound(said)
    said = f": {said}" if said else ""
    if answer.status in _OUT_OF_QUOTA:
        return RateLimited(
            f"VirusTotal says that the key is out of quota{said}",
            retry_after=retry_after(answer.headers.get("retry-after"), now),
            http_status=answer.status,
            vt_code=code,
            details={"source": "upstream", "window": None},
        )
    kind, text = _meaning(answer, code, key)
    return kind(text + said, http_status=answer.status, vt_code=code)


def _meaning(answer: HttpAnswer, code: str | None, key: ApiKey) -> tuple[type[ConnectorError], str]:
    status = answer.status
    if status == 401:
        return AccessDenied, _WRONG_KEY
    if status == 403:
        return Forbidden, "the API key's tier does not allow this call"
    if status == 409:
        return Conflict, "VirusTotal has this already"
    if status == 413:
        return TooLarge, "VirusTotal finds the request too large"
    if status == 424 or status >= 500 or code == "NotAvailableYet":
        return Unavailable, f"VirusTotal cannot answer now (HTTP {status})"
    if status == 400 and code is not None:
        return InvalidIndicator, "VirusTotal does not accept the value"
    return InvalidResponse, _not_virustotals(answer, key)


def _not_virustotals(answer: HttpAnswer, key: ApiKey) -> str:
    if 300 <= answer.status < 400:
        return f"a redirect (HTTP {answer.status}) came instead of an answer; it was not followed: check VT_API_URL"
    kind = _printable(answer.headers.get("content-type", "").split(";")[0], key)[:60]
    what = answer.broken or f"{kind or 'no type'}, {len(answer.body)} bytes"
    return f"HTTP {answer.status} with a body that is not VirusTotal's ({what}); a proxy may stand in between"


def _json(answer: HttpAnswer) -> Document | None:
    if answer.broken or not answer.body:
        return None
    try:
        body = json.loads(answer.body.decode("utf-8"), parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, (dict, list)) else None


def _no_number(text: str) -> float:
    """What JSON has not, though Python reads it: it could not be written again."""
    raise ValueError(f"{text} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _printable(text: object, key: ApiKey) -> str:
    """VirusTotal's own words for people, without the key (its 401 echoes it) and without what a terminal obeys."""
    if not isinstance(text, str):
        return ""
    shown = key.redact(text.strip())[:_LONGEST_MESSAGE]
    return "".join(char if char.isprintable() else " " for char in shown)


def retry_after(header: str | None, now: float) -> float | None:
    """`Retry-After` in seconds (delta or HTTP date); None where it is absent or says nothing. Never negative."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        # HTTP's dates are in UTC, whether they say so or not.
        return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None
