"""What the cache holds, for people who want to see it. Nothing is asked."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..cache import any_entry
from ..indicators import without_user
from ..redaction import redacted
from ..verdict import judge
from .context import Context
from .read_through import space_begin

_KINDS = ("hash", "url", "domain", "ip")
_VERSIONS = ("3", "2")


class CachedRow(NamedTuple):
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


def newest(context: Context, limit: int) -> list[CachedRow]:
    """The newest `limit` answers of this server, newest first, judged by the settings' thresholds."""
    rows = context.cache.keys(limit, [space_begin(context, version) for version in _VERSIONS])
    context.guard.look_at(rows)
    entries = context.cache.find_many([key for key, _, _ in rows], any_entry)
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
        found.append(CachedRow(kind, redacted(without_user(indicator)), status, verdict, fetched_at, age_s, *counts))
    return found


class Listed(NamedTuple):
    """A row of the whole cache. `key` leaves out the server if it is the configured one."""

    key: str
    status: str
    fetched_at: float


def listed(context: Context, limit: int) -> list[Listed]:
    """The newest `limit` answers of all servers, newest first.

    They are without the key, which an earlier version may have stored.
    """
    _, at, server = context.space.partition("@")
    rows, known = [], context.cache.keys(limit)
    context.guard.look_at(known)
    for key, status, fetched_at in known:
        space, colon, rest = key.partition(":")
        version, _, other = space.partition("@")
        is_ours = bool(at) and other == server
        rows.append(Listed(redacted(without_user(f"{version}{colon}{rest}" if is_ours else key)), status, fetched_at))
    return rows


class CacheListing:
    """The cache, for people who want to see what it holds, or to clear it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def ttl_s(self) -> float:
        """How long answers are fresh, in seconds."""
        return self._context.freshness.ttl_s

    def stats(self) -> dict[str, Any]:
        """Entries, bytes and so on, as the store knows them."""
        return self._context.cache.stats()

    def clear(self) -> int:
        """How many answers were forgotten."""
        return self._context.cache.clear()

    def newest(self, limit: int) -> list[CachedRow]:
        """As `newest`."""
        return newest(self._context, limit)

    def listed(self, limit: int) -> list[Listed]:
        """As `listed`."""
        return listed(self._context, limit)
