"""The HTTP status of an outcome, for platforms that repeat by status: the only table of it. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ....contract.response import Response

OF_STATUS: Mapping[str, int] = {"ok": 200, "not_found": 200, "skipped": 200, "pending": 202}
# A refusal by VirusTotal is not the caller's mistake: hence 502.
OF_ERROR: Mapping[str, int] = {
    "invalid_request": 400,
    "invalid_indicator": 400,
    "unknown_action": 400,
    "unsupported_version": 400,
    "conflict": 409,
    "too_large": 413,
    "rate_limited": 429,
    "internal": 500,
    "access_denied": 502,
    "forbidden": 502,
    "invalid_response": 502,
    "outcome_unknown": 502,
    "unavailable": 503,
    "cancelled": 503,
    "config_error": 503,
    "timeout": 504,
}


def status_of(response: Response) -> int:
    """The HTTP status for a response document."""
    error = response["error"]
    return OF_STATUS.get(response["status"], 200) if error is None else OF_ERROR.get(error["code"], 500)


def retry_after(response: Response) -> tuple[tuple[str, str], ...]:
    """The header `Retry-After` if the response says when to ask again: whole seconds, rounded up."""
    error = response["error"]
    seconds = error["retry_after_s"] if error is not None else response["meta"].get("poll_after_s")
    return () if seconds is None else (("Retry-After", str(max(0, math.ceil(seconds)))),)
