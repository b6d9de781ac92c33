"""The queue of pending lookups for all search heads of a cluster.

An entry's key in the collection is a digest of the lookup. So if two processes put the same lookup at once, there is
one entry, with the parts that the later one requests. Entries are counted as this member sees them: if it is behind,
or several processes put at once, there can be more entries than the limit.
"""

from __future__ import annotations

import hashlib
import itertools
import random
import secrets
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from vt_connectors.clock import Clock
from vt_connectors.pending.queue import LONGEST_S, MOST_KEY_CHARACTERS, PendingLookup

from .collection import KEYS_AT_ONCE, Collection, Document

# As for answers: processes are too short-lived to count writes.
_SWEEP_EVERY = 64


class KvPending:
    """`version`: of the API. Entries of another version are not seen. Times are by each machine's clock."""

    def __init__(
        self, collection: Collection, clock: Clock, version: str, chance: Callable[[], float] = random.random
    ) -> None:
        self._collection = collection
        self._clock = clock
        self._version = version
        self._chance = chance
        # Orders entries that are put within one tick of the clock.
        self._turns = itertools.count()
        # The store has no atomic increment, so each process has its own counter document.
        self._refusals = {"version": f"{version}.refused", "_key": f"{version}.refused.{secrets.token_hex(8)}"}
        self._lock = threading.Lock()

    def put_many(self, wanted: Mapping[str, int], most: int, refused: int = 0) -> set[str]:
        now, names = self._clock.now(), {self._name(key): key for key in wanted}
        known = {names[found["_key"]]: found for found in self._collection.find(list(names)) if self._is_young(found)}
        more = [
            {**found, "bits": _bits(found) | wanted[key]} for key, found in known.items() if wanted[key] & ~_bits(found)
        ]
        others = [key for key in wanted if key not in known]
        new = others[: self._room(most, len(others))]
        self._save(more + [self._entry(key, wanted[key], now) for key in new])
        if refused or len(new) < len(others):
            self._refuse(refused + len(others) - len(new), now)
        if new and self._chance() * _SWEEP_EVERY < 1:
            self._collection.sweep("queued_at", self._since())
        return {*known, *new}

    def _entry(self, key: str, bits: int, now: float) -> Document:
        entry = {"version": self._version, "wanted": key, "queued_at": now, "turn": next(self._turns), "bits": bits}
        return {"_key": self._name(key), **entry}

    def _room(self, most: int, count: int) -> int:
        """For how many of `count` entries there is room."""
        if not count or most < 1:
            return 0
        if count > KEYS_AT_ONCE:
            return max(0, most - self._count())
        # Looks only at the last places that these entries would take.
        places = min(count, most)
        query = {"query": self._young(), "sort": "queued_at:1", "skip": most - places, "limit": places}
        return places - len(self._collection.several([query])[0])

    def _save(self, entries: Sequence[Document]) -> None:
        for begin in range(0, len(entries), KEYS_AT_ONCE):
            self._collection.save(entries[begin : begin + KEYS_AT_ONCE])

    def oldest(self, count: int) -> list[PendingLookup]:
        if count <= 0:
            return []
        found = self._collection.query(self._young(), sort="queued_at:1,turn:1", limit=count)
        entries = [PendingLookup(str(row.get("wanted")), float(row["queued_at"]), _bits(row)) for row in found]
        return [entry for entry in entries if len(entry.key) <= MOST_KEY_CHARACTERS]

    def remove(self, entry: PendingLookup) -> None:
        self._collection.delete({"_key": self._name(entry.key), "bits": entry.parts_mask})

    def clear(self) -> int:
        count = self._count()
        for version in (self._version, self._refusals["version"]):
            self._collection.delete({"version": version})
        return count

    def stats(self) -> dict[str, Any]:
        oldest = self.oldest(1)
        refused = self._collection.query({"version": self._refusals["version"]}, fields="refused")
        return {
            "entries": self._count(),
            "refused": sum(int(row.get("refused") or 0) for row in refused),
            "since": oldest[0].queued_at if oldest else None,
        }

    def _refuse(self, count: int, now: float) -> None:
        with self._lock:
            # Read again each time, because another process may have cleared it.
            found = list(self._collection.find([self._refusals["_key"]]))
            before = int(found[0].get("refused") or 0) if found else 0
            # With `queued_at`, the document is swept with the entries.
            self._collection.save([{**self._refusals, "refused": before + count, "queued_at": now}])

    def _count(self) -> int:
        return sum(map(len, self._collection.pages("_key", self._young())))

    def _name(self, key: str) -> str:
        return hashlib.sha256(f"{self._version}:{key}".encode("utf-8", "surrogatepass")).hexdigest()

    def _young(self) -> dict[str, Any]:
        return {"version": self._version, "queued_at": {"$gte": self._since()}}

    def _is_young(self, entry: Document) -> bool:
        return float(entry.get("queued_at") or 0.0) >= self._since()

    def _since(self) -> float:
        return self._clock.now() - LONGEST_S


def _bits(entry: Document) -> int:
    return int(entry.get("bits") or 0)
