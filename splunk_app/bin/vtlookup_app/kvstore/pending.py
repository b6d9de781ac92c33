"""The queue of pending lookups for all search heads of a cluster.

An entry's key in the collection is made of what is wanted, so two who put it at once put it once. What is counted is
what this member sees: while it is behind, or several put at once, there can be a few entries more than the most.
"""

from __future__ import annotations

import hashlib
import itertools
import random
import secrets
import threading
from typing import Any, Callable

from connectors.clock import Clock
from connectors.pending.queue import LONGEST_S, Wanted

from .collection import Collection, Document

# As with answers: no process lives long enough to count its writes.
_SWEEP_EVERY = 64


class KvPending:
    """`version`: the API's. Entries of another are not seen. Times are by each machine's clock."""

    def __init__(
        self, collection: Collection, clock: Clock, version: str, chance: Callable[[], float] = random.random
    ) -> None:
        self._collection = collection
        self._clock = clock
        self._version = version
        self._chance = chance
        # Of two that are put within one tick of the clock, the first is the older one.
        self._turns = itertools.count()
        # The store cannot add: each process counts in a document of its own.
        self._refusals = {"version": f"{version}.refused", "_key": f"{version}.refused.{secrets.token_hex(8)}"}
        self._lock = threading.Lock()

    def put(self, key: str, bits: int, most: int) -> bool:
        now, name = self._clock.now(), self._name(key)
        same, last = self._collection.several(
            [
                {"query": {"_key": name, **self._young()}, "limit": 1},
                {"query": self._young(), "sort": "queued_at:1", "skip": max(most - 1, 0), "limit": 1},
            ]
        )
        if same:
            self._want_more(same[0], bits)
            return True
        if last or most < 1:
            self._refuse(now)
            return False
        entry = {"version": self._version, "wanted": key, "queued_at": now, "turn": next(self._turns), "bits": bits}
        if not self._collection.insert({"_key": name, **entry}):
            # One that this member does not show yet, or one that is too old and was not swept.
            self._collection.delete({"_key": name, "queued_at": {"$lt": self._since()}})
            self._collection.insert({"_key": name, **entry})
        if self._chance() * _SWEEP_EVERY < 1:
            self._collection.sweep("queued_at", self._since())
        return True

    def _want_more(self, entry: Document, bits: int) -> None:
        wanted = _bits(entry) | bits
        if wanted != _bits(entry):
            self._collection.save([{**entry, "bits": wanted}])

    def oldest(self, count: int) -> list[Wanted]:
        if count <= 0:
            return []
        found = self._collection.query(self._young(), sort="queued_at:1,turn:1", limit=count)
        return [Wanted(str(row.get("wanted")), float(row["queued_at"]), _bits(row)) for row in found]

    def remove(self, entry: Wanted) -> None:
        self._collection.delete({"_key": self._name(entry.key), "bits": entry.bits})

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

    def _refuse(self, now: float) -> None:
        with self._lock:
            # Read, not remembered: somebody may have cleared it.
            found = list(self._collection.find([self._refusals["_key"]]))
            before = int(found[0].get("refused") or 0) if found else 0
            # `queued_at`: it is swept with the entries.
            self._collection.save([{**self._refusals, "refused": before + 1, "queued_at": now}])

    def _count(self) -> int:
        return sum(map(len, self._collection.pages("_key", self._young())))

    def _name(self, key: str) -> str:
        return hashlib.sha256(f"{self._version}:{key}".encode("utf-8", "surrogatepass")).hexdigest()

    def _young(self) -> dict[str, Any]:
        return {"version": self._version, "queued_at": {"$gte": self._since()}}

    def _since(self) -> float:
        return self._clock.now() - LONGEST_S


def _bits(entry: Document) -> int:
    return int(entry.get("bits") or 0)
