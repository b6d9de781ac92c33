"""What the cache holds, for people who want to see it. Nothing is asked."""

from __future__ import annotations

from typing import NamedTuple

from ..verdict import judge
from .context import Context

_KINDS = ("hash", "url", "domain", "ip")


class Kept(NamedTuple):
    """An answer at rest. `kind` is an indicator's, or what else was asked; `verdict` of indicators only.

    `fetched_at` in epoch seconds. `malicious` of `total` engines call it so, where VirusTotal knows it.
    """

    kind: str
    indicator: str
    status: str
    verdict: str | None
    fetched_at: float
    age_s: int
    malicious: int | None = None
    total: int | None = None


def newest(context: Context, limit: int) -> list[Kept]:
    """The newest `limit` answers, newest first, judged by the settings' thresholds."""
    rows = context.cache.keys(limit)
    entries = context.cache.find_many([key for key, _, _ in rows], lambda entry: True)
    now = context.clock.now()
    found = []
    for key, status, fetched_at in rows:
        _, kind, indicator, *_ = [*key.split(":", 2), "", ""]
        verdict, stats = None, None
        # One that went away meanwhile has no verdict.
        if kind in _KINDS and key in entries:
            stats = entries[key].report.get("stats")
            verdict = judge(stats, context.thresholds)
        age_s = max(0, int(now - fetched_at))
        counts = (stats["malicious"], stats["total"]) if stats is not None else (None, None)
        found.append(Kept(kind, indicator, status, verdict, fetched_at, age_s, *counts))
    return found
