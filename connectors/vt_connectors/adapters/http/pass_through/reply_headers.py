"""What replies of both versions say beside the answer: its source and age, when to ask again, and whose fault it is."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ....contract.response import Response

Headers = tuple[tuple[str, str], ...]
VIA = ("Via", "1.1 vtaction")
# What is wrong with the server is not the client's to know, or to look for in its own token.
OF_SERVER = {
    "access_denied": "the server's VirusTotal key is not accepted",
    "config_error": "the server has no VirusTotal key, or a wrong setting",
}


def reason_of(response: Response) -> str | None:
    """Why no request was sent for it."""
    reason = (response["data"] or {}).get("reason")
    return reason if isinstance(reason, str) else None


def headers_of(*responses: Response) -> Headers:
    """Where the oldest answer came from, its age in seconds, and the first reason why there is none."""
    known = [each["meta"] for each in responses if each["meta"]["source"] is not None]
    oldest = max(known, key=lambda meta: meta["age_s"] or 0, default=None)
    headers = []
    if oldest is not None:
        headers.append(("X-Vtaction-Source", str(oldest["source"])))
        if oldest["age_s"] is not None:
            headers.append(("Age", str(oldest["age_s"])))
    reasons = [reason for each in responses if (reason := reason_of(each)) is not None]
    return (*headers, *(reason_header(reason) for reason in reasons[:1]))


def reason_header(reason: str) -> tuple[str, str]:
    """Why there is no answer, as a word."""
    return "X-Vtaction-Reason", reason


def retry_after(seconds: Iterable[float | None]) -> Headers:
    """The header for the longest of these times, in whole seconds, rounded up. A client that waits for none of them
    would be refused again, so it is at least one.
    """
    longest = max((each for each in seconds if each is not None), default=None)
    return () if longest is None else (("Retry-After", str(max(1, math.ceil(longest)))),)
