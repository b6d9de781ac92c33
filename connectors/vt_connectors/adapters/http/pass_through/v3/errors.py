"""Outcomes and refusals as the error objects of API v3.

Codes and statuses: https://docs.virustotal.com/reference/errors.
"""

from __future__ import annotations

from typing import Any

from .....actions.forward import said_by_virustotal
from .....contract.response import Response
from ...messages import NO_NOTE, Note, Refused, Reply, json_reply
from ...token_text import without_secrets
from ..reply_headers import OF_SERVER, reason_of, retry_after

_BY_ERROR = {
    "rate_limited": (429, "QuotaExceededError"),
    "forbidden": (403, "ForbiddenError"),
    "conflict": (409, "AlreadyExistsError"),
    "invalid_indicator": (400, "InvalidArgumentError"),
    "too_large": (413, "BadRequestError"),
    "timeout": (504, "DeadlineExceededError"),
    "outcome_unknown": (504, "DeadlineExceededError"),
    "unavailable": (503, "TransientError"),
    "cancelled": (503, "TransientError"),
    "config_error": (503, "TransientError"),
    "access_denied": (503, "TransientError"),
    "invalid_response": (502, "TransientError"),
    "internal": (500, "TransientError"),
}
# VirusTotal's own status and code are passed on, except if they are about the server's key or its quota.
_NOT_PASSED_ON = ("access_denied", "rate_limited")
_BY_REFUSAL = {
    401: "WrongCredentialsError",
    403: "ForbiddenError",
    404: "NotFoundError",
    429: "QuotaExceededError",
    500: "TransientError",
    503: "TransientError",
    504: "DeadlineExceededError",
}
# The words of this face for the contract's option.
_WAIT = "Prefer: wait=SECONDS"
_NOUNS = {"files": "File", "urls": "URL", "domains": "Domain", "ip_addresses": "IP address", "analyses": "Analysis"}


def refusal_reply(refused: Refused) -> Reply:
    """A refusal of the server itself."""
    code = _BY_REFUSAL.get(refused.status, "BadRequestError")
    return _reply(refused.status, code, refused.message, refused.headers, Note(outcome=refused.reason))


def error_reply(response: Response, note: Note) -> Reply:
    """The reply to a response with the status `error`."""
    error = response["error"]
    assert error is not None, "the response is an error"
    code = error["code"]
    told = error["message"].replace("max_wait_s", _WAIT)
    status, name = _BY_ERROR.get(code, (400, "BadRequestError"))
    vt_code, http_status = error["vt_code"], error["http_status"]
    if vt_code is not None and http_status is not None and http_status >= 400 and code not in _NOT_PASSED_ON:
        status, name = http_status, vt_code
    if status == 429:
        return _reply(429, name, told, retry_after([error["retry_after_s"]]), note)
    message = OF_SERVER.get(code) or said_by_virustotal(told)
    return _reply(status, name, message, (), note)


def not_found_reply(collection: str, told: str, note: Note) -> Reply:
    """VirusTotal's 404, in its words: `told` is the id as it was sent."""
    noun = _NOUNS.get(collection, "Item")
    return _reply(404, "NotFoundError", f'{noun} "{told}" not found', (), note)


def skipped_reply(response: Response, note: Note) -> Reply:
    """Nothing was sent: 504 if only the cache was allowed, else 404 with the reason."""
    if reason_of(response) == "not_cached":
        return _reply(504, "DeadlineExceededError", "only-if-cached: the answer is not in the cache", (), note)
    return _reply(404, "NotFoundError", response["summary"], (), note)


def _reply(
    status: int, code: str, message: str, headers: tuple[tuple[str, str], ...] = (), note: Note = NO_NOTE
) -> Reply:
    document: dict[str, Any] = {"error": {"code": code, "message": without_secrets(message)}}
    return json_reply(status, document, headers, note)
