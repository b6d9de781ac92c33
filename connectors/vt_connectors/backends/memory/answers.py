"""The answers of one process: the first level, and the only level with `VT_STATE=memory`."""

from __future__ import annotations

import threading
from collections.abc import Collection

from cachetools import TTLCache

from ...cache.entry import Entry
from ...clock import Clock
from ...light_typing import Any


class MemoryAnswers:
    """The `most` most recently used answers, each for `ttl_s` seconds at most."""

    def __init__(self, clock: Clock, most: int = 10_000, ttl_s: float = 30 * 86400.0) -> None:
        self._entries: TTLCache[str, Entry] = TTLCache(most, ttl_s, timer=clock.monotonic)
        self._lock = threading.Lock()

    def get(self, key: str) -> Entry | None:
        with self._lock:
            # `get` would do two look-ups.
            try:
                return self._entries[key]
            except KeyError:
                return None

    def get_many(self, keys: Collection[str]) -> dict[str, Entry]:
        with self._lock:
            return {key: entry for key in keys if (entry := self._entries.get(key)) is not None}

    def put(self, key: str, entry: Entry) -> bool:
        with self._lock:
            self._entries[key] = entry
        return True

    def forget(self, key: str) -> None:
        with self._lock:
            self._entries.pop(key, None)

    def clear(self) -> int:
        count = int(self.stats()["entries"])
        with self._lock:
            self._entries.clear()
        return count

    def keys(self, limit: int, begins: Collection[str] = ()) -> list[tuple[str, str, float]]:
        with self._lock:
            rows: list[tuple[str, str, float]] = [
                (key, entry.status, entry.fetched_at)
                for key, entry in self._entries.items()
                if not entry.is_copy and (not begins or key.startswith(tuple(begins)))
            ]
        return sorted(rows, key=lambda row: -row[2])[:limit]

    def stats(self) -> dict[str, Any]:
        with self._lock:
            entries = sum(not entry.is_copy for entry in self._entries.values())
            return {"entries": entries, "bytes": None, "max_bytes": None, "place": "memory"}
