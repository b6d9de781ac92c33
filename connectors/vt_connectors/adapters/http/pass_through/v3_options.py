"""The options of a call in the words of HTTP: Cache-Control (RFC 9111) and Prefer (RFC 7240)."""

from __future__ import annotations

import math
from typing import NamedTuple

from ....contract.documents import CacheMode
from ..messages import Call

DEFAULT_WAIT_S = 10.0


class HttpOptions(NamedTuple):
    """`wait_s`: for quota. `max_age_s`: None means the lifetime of the settings."""

    cache: CacheMode = "default"
    max_age_s: float | None = None
    wait_s: float = DEFAULT_WAIT_S


def options_of(call: Call) -> HttpOptions:
    """What the headers ask for. Directives that are not understood are ignored, as HTTP says."""
    told = _directives(call.headers.get("cache-control", ""))
    cache: CacheMode = "default"
    if "only-if-cached" in told:
        cache = "only"
    elif "no-cache" in told or "no-store" in told:
        cache = "refresh"
    wait_s = _seconds(_directives(call.headers.get("prefer", "").replace(";", ",")).get("wait"))
    return HttpOptions(cache, _seconds(told.get("max-age")), DEFAULT_WAIT_S if wait_s is None else wait_s)


def _directives(header: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in header.split(","))
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


def _seconds(text: str | None) -> float | None:
    try:
        seconds = float(text) if text is not None and len(text) < 16 else math.nan
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
