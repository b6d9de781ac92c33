"""The contents of the cache, for people. No request is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..cache import Entry, any_entry
from ..indicators import without_user
from ..redaction import redacted
from ..verdict import judged
from .context import Context
from .read_through import space_begin

_KINDS = ("hash", "url", "domain", "ip")
_VERSIONS = ("3", "2")
# The begin of the key of an answer that is stored for one API key (`answer_parts`).
_OF_ONE_KEY = "key-"


class CachedRow(NamedTuple):
    """A cached answer. `kind`: the indicator's kind, or the name of another query. `verdict`: for indicators only.

    `fetched_at` in epoch seconds. `malicious`: the number of engines, out of `total`, with that verdict, if known.
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
    """The newest `limit` answers of this server, newest first, judged by the settings' rules."""
    rows = context.cache.keys(limit, [space_begin(context, version) for version in _VERSIONS])
    context.guard.look_at(rows)
    entries = context.cache.find_many([key for key, _, _ in rows], any_entry)
    now = context.clock.now()
    found = []
    for key, status, fetched_at in rows:
        kind, indicator = _parts(key)
        verdict, stats = _verdict(context, kind, entries.get(key))
        age_s = max(0, int(now - fetched_at))
        counts = (stats["malicious"], stats["total"]) if stats is not None else (None, None)
        found.append(CachedRow(kind, redacted(without_user(indicator)), status, verdict, fetched_at, age_s, *counts))
    return found


def _parts(key: str) -> tuple[str, str]:
    """The kind and the indicator in a key without the part for one API key."""
    _, kind, indicator, *_ = [*key.split(":", 2), "", ""]
    return kind, indicator


def _verdict(context: Context, kind: str, entry: Entry | None) -> tuple[str | None, Mapping[str, int] | None]:
    """The verdict and the engines' counts. An answer that was removed in the meantime has none."""
    if kind not in _KINDS or entry is None:
        return None, None
    verdict, _, stats, _ = judged(entry.report, context.rules)
    return verdict, stats


class Listed(NamedTuple):
    """A row of the whole cache. `key` omits the server if it is the configured one. `verdict`: for indicators only."""

    key: str
    status: str
    fetched_at: float
    kind: str
    indicator: str
    verdict: str | None


def listed(context: Context, limit: int) -> list[Listed]:
    """The newest `limit` answers of all servers, newest first.

    API keys are removed from them: an earlier version may have stored some.
    """
    _, at, server = context.space.partition("@")
    rows, known = [], context.cache.keys(limit)
    context.guard.look_at(known)
    entries = context.cache.find_many([key for key, _, _ in known], any_entry)
    for key, status, fetched_at in known:
        space, colon, rest = key.partition(":")
        version, _, other = space.partition("@")
        is_ours = bool(at) and other == server
        shown = redacted(without_user(f"{version}{colon}{rest}" if is_ours else key))
        kind, indicator = _parts(rest if space.startswith(_OF_ONE_KEY) else key)
        verdict, _ = _verdict(context, kind, entries.get(key))
        rows.append(Listed(shown, status, fetched_at, kind, redacted(without_user(indicator)), verdict))
    return rows


class CacheListing:
    """Lists and clears the cache."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def ttl_s(self) -> float:
        """How long answers are fresh, in seconds."""
        return self._context.freshness.ttl_s

    def stats(self) -> dict[str, Any]:
        """Entries, bytes and other figures of the store."""
        return self._context.cache.stats()

    def clear(self) -> int:
        """Remove all answers. Returns their number."""
        return self._context.cache.clear()

    def newest(self, limit: int) -> list[CachedRow]:
        """The newest `limit` answers of this server, newest first."""
        return newest(self._context, limit)

    def listed(self, limit: int) -> list[Listed]:
        """The newest `limit` answers of all servers, newest first."""
        return listed(self._context, limit)
