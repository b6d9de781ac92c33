"""The queue of pending lookups of one process."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from ...clock import Clock
from ...pending.queue import LONGEST_S, PendingLookup
from ...threads import freed_at_fork


class MemoryPending:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, PendingLookup] = {}
        self._refused = 0
        self._lock = freed_at_fork(threading.Lock())

    def put_many(self, wanted: Mapping[str, int], most: int, refused: int = 0) -> set[str]:
        with self._lock:
            self._forget_old()
            now, queued = self._clock.now(), set()
            for key, bits in wanted.items():
                entry = self._entries.get(key)
                if entry is None and len(self._entries) >= most:
                    refused += 1
                    continue
                entry = entry or PendingLookup(key, now)
                self._entries[key] = entry._replace(parts_mask=entry.parts_mask | bits)
                queued.add(key)
            self._refused += refused
            return queued

    def oldest(self, count: int) -> list[PendingLookup]:
        with self._lock:
            self._forget_old()
            return sorted(self._entries.values(), key=lambda entry: entry.queued_at)[:count]

    def remove(self, entry: PendingLookup) -> None:
        with self._lock:
            known = self._entries.get(entry.key)
            if known is not None and known.parts_mask == entry.parts_mask:
                del self._entries[entry.key]

    def clear(self) -> int:
        with self._lock:
            self._forget_old()
            count = len(self._entries)
            self._entries.clear()
            self._refused = 0
            return count

    def stats(self) -> dict[str, Any]:
        found = self.oldest(len(self._entries))
        return {
            "entries": len(found),
            "refused": self._refused,
            "since": found[0].queued_at if found else None,
        }

    def _forget_old(self) -> None:
        since = self._clock.now() - LONGEST_S
        # In the order in which they were put.
        while self._entries and next(iter(self._entries.values())).queued_at < since:
            del self._entries[next(iter(self._entries))]
