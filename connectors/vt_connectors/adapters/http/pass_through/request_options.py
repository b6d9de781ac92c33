"""HTTP's own words for options of a request document: `Cache-Control` and `Prefer` (RFC 9111, RFC 7240)."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ..messages import Call

_DIRECTIVE = re.compile(r"([a-z-]+)(?:\s*=\s*\"?([0-9]{1,9})\"?)?")


class Asked(NamedTuple):
    """`options`: those of a request document. `longest_wait_s`: for quota; None: the caller's own."""

    options: dict[str, Any]
    longest_wait_s: float | None = None


def asked_by(call: Call) -> Asked:
    """Unknown directives are ignored, as both RFCs demand. `no-cache` means a new answer, `only-if-cached` no request,
    `max-age` the oldest answer, `wait` the longest wait for quota, both in seconds.
    """
    cache, prefer = (_directives(call.headers.get(name, "")) for name in ("cache-control", "prefer"))
    options: dict[str, Any] = {}
    if "only-if-cached" in cache:
        options["cache"] = "only"
    elif "no-cache" in cache or "no-store" in cache:
        options["cache"] = "refresh"
    elif cache.get("max-age"):
        options["max_age_s"] = float(cache["max-age"])
    return Asked(options, float(prefer["wait"]) if prefer.get("wait") else None)


def _directives(header: str) -> dict[str, str]:
    found = (_DIRECTIVE.fullmatch(part.strip()) for part in header.lower().replace(";", ",").split(","))
    return {directive[1]: directive[2] or "" for directive in found if directive is not None}
