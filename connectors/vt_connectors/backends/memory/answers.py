"""The answers of one process: the first level, and the only level with `VT_STATE=memory`."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator

from ...cache.entry import Entry
from ...clock import Clock
from ...light_typing import Any


class MemoryAnswers:
    """The `most` most recently used answers, each for `ttl_s` seconds at most."""

    def __init__(self, clock: Clock, most: int = 10_000, ttl_s: float = 30 * 86400.0) -> None:
        self._monotonic = clock.monotonic
        self._most = most
        self._ttl_s = ttl_s
        # Each with the time of its end, the most recently used one last.
        self._entries: OrderedDict[str, tuple[float, Entry]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Entry | None:
        with self._lock:
            return self._used(key)

    def get_many(self, keys: Collection[str]) -> dict[str, Entry]:
        with self._lock:
            return {key: entry for key in keys if (entry := self._used(key)) is not None}

    def _used(self, key: str) -> Entry | None:
        found = self._entries.get(key)
        if found is None:
            return None
        if self._monotonic() >= found[0]:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return found[1]

    def put(self, key: str, entry: Entry) -> bool:
        with self._lock:
            self._entries[key] = self._monotonic() + self._ttl_s, entry
            self._entries.move_to_end(key)
            if len(self._entries) > self._most:
                self._entries.popitem(last=False)
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
                for key, entry in self._living()
                if not entry.is_copy and (not begins or key.startswith(tuple(begins)))
            ]
        return sorted(rows, key=lambda row: -row[2])[:limit]

    def stats(self) -> dict[str, Any]:
        with self._lock:
            entries = sum(not entry.is_copy for _, entry in self._living())
            return {"entries": entries, "bytes": None, "max_bytes": None, "place": "memory"}

    def _living(self) -> Iterator[tuple[str, Entry]]:
        now = self._monotonic()
        return ((key, entry) for key, (until, entry) in self._entries.items() if now < until)
