"""What a response means to a platform. The only place that decides it, for all codecs. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

# VirusTotal has the object, or the action was done.
FOUND = "found"
# VirusTotal does not know the object. An answer, not a failure.
UNKNOWN = "unknown"
# A scan was accepted and is not finished.
PENDING = "pending"
# The value is private, or on the list of values that are never sent. No request was made.
SKIPPED = "skipped"
# The quota is used up. The same request succeeds later.
OUT_OF_QUOTA = "out_of_quota"
# No answer came in time or at all, or not one of VirusTotal's. The same request may succeed later.
UNREACHABLE = "unreachable"
# An administrator has to act: the key, its licence, a token, a setting.
REFUSED = "refused"
# The value or the request is malformed.
INVALID = "invalid"
# Anything else: a write whose outcome is not known, a file that is too large, a bug.
FAILED = "failed"

OUTCOMES = (FOUND, UNKNOWN, PENDING, SKIPPED, OUT_OF_QUOTA, UNREACHABLE, REFUSED, INVALID, FAILED)
# What came is an answer; all others are failures.
ANSWERS = frozenset((FOUND, UNKNOWN, PENDING, SKIPPED))
# The same request may succeed later.
TEMPORARY = frozenset((OUT_OF_QUOTA, UNREACHABLE))

BY_STATUS = {"ok": FOUND, "not_found": UNKNOWN, "pending": PENDING, "skipped": SKIPPED}
BY_CODE = {
    "rate_limited": OUT_OF_QUOTA,
    "timeout": UNREACHABLE,
    "unavailable": UNREACHABLE,
    "invalid_response": UNREACHABLE,
    "cancelled": UNREACHABLE,
    "access_denied": REFUSED,
    "forbidden": REFUSED,
    "config_error": REFUSED,
    "invalid_indicator": INVALID,
    "invalid_request": INVALID,
    "unknown_action": INVALID,
    "unsupported_version": INVALID,
}


def outcome_of(response: Mapping[str, Any]) -> str:
    """One of `OUTCOMES`."""
    by_status = BY_STATUS.get(response["status"])
    code = str((response.get("error") or {}).get("code"))
    return by_status or BY_CODE.get(code, FAILED)


def is_answer(response: Mapping[str, Any]) -> bool:
    """Whether it is an answer rather than a failure."""
    return outcome_of(response) in ANSWERS


def message_of(response: Mapping[str, Any]) -> str:
    """One sentence or two for people: the summary of an answer; of a failure the code, what happened, and when the
    same request may succeed.
    """
    error = response.get("error")
    if not error:
        return str(response.get("summary") or response["status"])
    after = retry_after_s(response)
    later = "" if after is None else f" Try again in {after} s."
    return f"{error['code']}: {error['message']}{later}"


def retry_after_s(response: Mapping[str, Any]) -> int | None:
    """Whole seconds until the same request, or the next poll of a scan, makes sense; None if that is not known."""
    error = response.get("error") or {}
    seconds = error.get("retry_after_s")
    if seconds is None:
        seconds = (response.get("meta") or {}).get("poll_after_s")
    return None if seconds is None else max(1, int(-(-float(seconds) // 1)))


def verdict_of(response: Mapping[str, Any]) -> str:
    """`malicious`, `suspicious`, `undetected` or `unknown`. Without a report it is `unknown`."""
    return str((response.get("data") or {}).get("verdict") or "unknown")


def is_harmless(response: Mapping[str, Any]) -> bool:
    """Whether engines call it harmless and none detects it. `undetected` alone does not mean harmless."""
    stats = (response.get("data") or {}).get("stats") or {}
    return verdict_of(response) == "undetected" and stats.get("harmless", 0) > 0


def detections(response: Mapping[str, Any]) -> tuple[int, int] | None:
    """How many engines object (malicious or suspicious), and how many gave an opinion. None without a report."""
    stats = (response.get("data") or {}).get("stats")
    if not stats:
        return None
    return stats.get("malicious", 0) + stats.get("suspicious", 0), stats.get("total", 0)


def ratio_of(response: Mapping[str, Any]) -> str:
    """How many engines object of those that gave an opinion, such as 58/72. Empty without a report."""
    found = detections(response)
    return f"{found[0]}/{found[1]}" if found else ""


def text_of(value: Any) -> str:
    """A value of `data` as one line of text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
