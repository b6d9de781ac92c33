"""The options of a call in the words of HTTP: `Cache-Control` and `Prefer` (RFC 9111, RFC 7240)."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ....contract.documents import CacheMode
from ..callers import LONGEST_WAIT_S
from ..messages import Call

_DIRECTIVE = re.compile(r"([a-z-]+)(?:\s*=\s*\"?([0-9]{1,9})\"?)?")


class HttpOptions(NamedTuple):
    """`max_age_s`: None means the lifetime of the settings. `wait_s`: for quota, if the token allows it."""

    cache: CacheMode = "default"
    max_age_s: float | None = None
    wait_s: float = LONGEST_WAIT_S

    @property
    def document(self) -> dict[str, Any]:
        """Those of a request document that are not the default."""
        cache = {} if self.cache == "default" else {"cache": self.cache}
        return cache if self.max_age_s is None else {**cache, "max_age_s": self.max_age_s}


def options_of(call: Call) -> HttpOptions:
    """What the headers ask for. Directives that are not understood are ignored, as both RFCs demand.

    `no-cache` means a new answer, `only-if-cached` no request, `max-age` the oldest answer, `wait` the longest wait for
    quota, both in seconds.
    """
    cache, prefer = (_directives(call.headers.get(name, "")) for name in ("cache-control", "prefer"))
    mode: CacheMode = "default"
    if "only-if-cached" in cache:
        mode = "only"
    elif "no-cache" in cache or "no-store" in cache:
        mode = "refresh"
    max_age, wait = cache.get("max-age"), prefer.get("wait")
    return HttpOptions(mode, float(max_age) if max_age else None, float(wait) if wait else LONGEST_WAIT_S)


def _directives(header: str) -> dict[str, str]:
    found = (_DIRECTIVE.fullmatch(part.strip()) for part in header.lower().replace(";", ",").split(","))
    return {directive[1]: directive[2] or "" for directive in found if directive is not None}
