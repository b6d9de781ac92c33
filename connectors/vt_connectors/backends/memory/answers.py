"""The answers of one process: the first level, and the only level with `VT_STATE=memory`."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable

from ...cache.entry import Entry
from ...clock import Clock
from ...light_typing import TYPE_CHECKING, Any, Callable
from ...threads import freed_at_fork

if TYPE_CHECKING:
    from cachetools import TTLCache


# The parts of a report that may have hundreds of KB in memory, and how many plain reports such an answer counts as.
_LARGE_PARTS = ("raw", "response")
_LARGE_COUNTS_AS = 16


def _weight(entry: Entry) -> int:
    return _LARGE_COUNTS_AS if any(part in entry.report for part in _LARGE_PARTS) else 1


class MemoryAnswers:
    """The most recently used answers, `most` at most, each for `ttl_s` seconds at most. Large ones count as several.

    `cachetools` keeps them. It is imported with the second answer, because many processes look up one indicator and
    importing it takes as long as reading the answer from the file.
    """

    def __init__(self, clock: Clock, most: int = 10_000, ttl_s: float = 30 * 86400.0) -> None:
        self._time: Callable[[], float] = clock.monotonic
        self._most = most
        self._ttl_s = ttl_s
        # The only answer, by its key, and when it was put here.
        self._first: dict[str, Entry] = {}
        self._first_at = 0.0
        # All answers, from the second one on.
        self._entries: TTLCache[str, Entry] | None = None
        self._lock = freed_at_fork(threading.Lock())

    def get(self, key: str) -> Entry | None:
        with self._lock:
            if self._entries is None:
                return self._living_first().get(key)
            # `get` would do two look-ups.
            try:
                return self._entries[key]
            except KeyError:
                return None

    def get_many(self, keys: Collection[str]) -> dict[str, Entry]:
        with self._lock:
            entries = self._living_first() if self._entries is None else self._entries
            return {key: entry for key in keys if (entry := entries.get(key)) is not None}

    def put(self, key: str, entry: Entry) -> bool:
        with self._lock:
            if self._entries is None and self._living_first().keys() <= {key}:
                self._first, self._first_at = {key: entry}, self._time()
            else:
                try:
                    self._all()[key] = entry
                except ValueError:
                    return False  # it is larger than the store
        return True

    def forget(self, key: str) -> None:
        with self._lock:
            self._first.pop(key, None)
            if self._entries is not None:
                self._entries.pop(key, None)

    def clear(self) -> int:
        count = int(self.stats()["entries"])
        with self._lock:
            self._first.clear()
            if self._entries is not None:
                self._entries.clear()
        return count

    def keys(self, limit: int, begins: Collection[str] = ()) -> list[tuple[str, str, float]]:
        with self._lock:
            rows: list[tuple[str, str, float]] = [
                (key, entry.status, entry.fetched_at)
                for key, entry in self._items()
                if not entry.is_copy and (not begins or key.startswith(tuple(begins)))
            ]
        return sorted(rows, key=lambda row: -row[2])[:limit]

    def stats(self) -> dict[str, Any]:
        with self._lock:
            entries = sum(not entry.is_copy for _, entry in self._items())
            return {"entries": entries, "bytes": None, "max_bytes": None, "place": "memory"}

    def _items(self) -> Iterable[tuple[str, Entry]]:
        return (self._living_first() if self._entries is None else self._entries).items()

    def _living_first(self) -> dict[str, Entry]:
        return self._first if self._time() < self._first_at + self._ttl_s else {}

    def _all(self) -> TTLCache[str, Entry]:
        """All answers, with the first one, which keeps its age."""
        if self._entries is None:
            from cachetools import TTLCache

            entries: TTLCache[str, Entry] = TTLCache(
                self._most, self._ttl_s, timer=lambda: self._time(), getsizeof=_weight
            )
            now, self._time = self._time, lambda: self._first_at
            entries.update(self._first)
            self._time = now
            self._first, self._entries = {}, entries
        return self._entries
