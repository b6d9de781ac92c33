"""The queue within one process."""

from __future__ import annotations

import threading
from typing import Any

from ..clock import Clock
from .queue import LONGEST_S, Wanted


class MemoryPending:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, Wanted] = {}
        self._refused = 0
        self._lock = threading.Lock()

    def put(self, key: str, bits: int, most: int) -> bool:
        with self._lock:
            self._forget_old()
            known = self._entries.get(key)
            if known is None and len(self._entries) >= most:
                self._refused += 1
                return False
            entry = known or Wanted(key, self._clock.now())
            self._entries[key] = entry._replace(bits=entry.bits | bits)
            return True

    def oldest(self, count: int) -> list[Wanted]:
        with self._lock:
            self._forget_old()
            return sorted(self._entries.values(), key=lambda entry: entry.queued_at)[:count]

    def remove(self, entry: Wanted) -> None:
        with self._lock:
            known = self._entries.get(entry.key)
            if known is not None and known.bits == entry.bits:
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
        for key in [key for key, entry in self._entries.items() if entry.queued_at < since]:
            del self._entries[key]
