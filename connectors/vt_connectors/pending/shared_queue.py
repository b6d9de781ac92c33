"""The queue as the core uses it: it groups writes and raises no errors."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from itertools import islice

from ..clock import Clock
from ..light_typing import Any, Callable, NamedTuple, TypeVar
from ..log import logger
from ..state.fallback import StateUnavailable
from ..threads import freed_at_fork
from .queue import PendingLookup, PendingStore, bits_of

_LOG = logger("pending")
Result = TypeVar("Result")
# How long a full queue is assumed to be unchanged: a second, or ten times the time for reading its entries.
_FULL_FOR_S = 1.0
_READING_SHARE = 10
# Seconds until an unavailable store is tried again.
_RETRY_AFTER_S = 10.0


class _Put:
    """Keys that one caller adds to the queue. `queued`, once set, contains at least those of them that are queued."""

    def __init__(self, keys: Collection[str], bits: int) -> None:
        self.keys = keys
        self.bits = bits
        self.queued: Collection[str] | None = None


class _Full(NamedTuple):
    """The entries of a full queue, assumed to be unchanged until `until` (monotonic seconds)."""

    bits: Mapping[str, int]
    until: float


class Pending:
    """Thread-safe. With `most` 0, nothing is queued.

    While the store is unavailable, entries are stored in memory. They are written by the first put after it is
    available again, or by `flush`.
    """

    def __init__(self, store: Callable[[], PendingStore], most: int, clock: Clock) -> None:
        self._store = store
        self._most = most
        self._clock = clock
        # Puts that wait for the writing thread, and the lock of that thread.
        self._puts: deque[_Put] = deque()
        self._writing = freed_at_fork(threading.Lock())
        self._unwritten: dict[str, int] = {}
        self._refused = 0
        self._full: _Full | None = None
        # The entries that this process queued.
        self._ours: dict[str, int] = {}
        self._is_out = False
        self._retry_at = 0.0
        self._has_warned_of_full = False

    def put(self, key: str, parts: Collection[str]) -> bool:
        """Queue a lookup with these parts. Returns whether it is in the store now, so that a drain can find it."""
        return key in self.put_many((key,), parts)

    def put_many(self, keys: Collection[str], parts: Collection[str]) -> Collection[str]:
        """Queue lookups in order. The result contains those of `keys` that are in the store now, perhaps others too.

        Puts of several threads that arrive during a write are combined into one write.
        """
        if not self._most or not keys:
            return ()
        put = _Put(keys, bits_of(parts))
        self._puts.append(put)
        with self._writing:
            if put.queued is None:
                self._write_all()
        return put.queued or ()

    def flush(self) -> None:
        """Write the entries that are still in memory. For the end of a batch."""
        with self._writing:
            if self._unwritten or self._refused:
                self._retry_at = 0.0
                self._to_store({})
            if self._unwritten:
                _LOG.warning(
                    "the queue cannot be written; refused lookups that are not queued: %d", len(self._unwritten)
                )

    def answered(self, key: str, parts: Collection[str]) -> None:
        """An answer with these parts is in the shared cache: remove the lookup if this process queued it."""
        there = bits_of(parts)
        bits = self._unwritten.get(key)
        if bits is not None and not bits & ~there:
            self._unwritten.pop(key, None)
        bits = self._ours.get(key)
        if bits is not None and not bits & ~there:
            self._ours.pop(key, None)
            self.remove(PendingLookup(key, 0.0, bits))

    def oldest(self, count: int) -> list[PendingLookup]:
        return self._use(lambda store: store.oldest(count), [])

    def remove(self, entry: PendingLookup) -> None:
        self._use(lambda store: store.remove(entry), None)

    def clear(self) -> int:
        with self._writing:
            self._unwritten.clear()
            self._refused = 0
            self._full = None
        return self._use(lambda store: store.clear(), 0)

    def stats(self) -> dict[str, Any]:
        """Like the port's, with `most`."""
        found = self._use(lambda store: store.stats(), {"entries": 0, "refused": 0, "since": None})
        return {**found, "most": self._most}

    def _write_all(self) -> None:
        puts: list[_Put] = []
        while self._puts:
            puts.append(self._puts.popleft())
        queued: Collection[str] = ()
        try:
            queued = self._write(_together((put.keys, put.bits) for put in puts))
        finally:
            for put in puts:
                put.queued = queued

    def _write(self, wanted: Mapping[str, int]) -> Collection[str]:
        full = self._full
        if full is None or self._clock.monotonic() >= full.until:
            return self._to_store(wanted)
        there = {key for key in wanted if key in full.bits}
        self._refused += len(wanted) - len(there)
        more = {key: wanted[key] for key in there if wanted[key] & ~full.bits[key]}
        return there if not more else (there - more.keys()) | self._to_store(more)

    def _to_store(self, wanted: Mapping[str, int]) -> set[str]:
        both = _together(([key], bits) for some in (self._unwritten.copy(), wanted) for key, bits in some.items())
        queued = self._use(lambda store: store.put_many(both, self._most, self._refused), None)
        if queued is None:
            self._unwritten = dict(list(both.items())[: self._most])
            return set()
        self._unwritten, self._refused = {}, 0
        for key in islice(queued, max(0, self._most - len(self._ours))):
            self._ours[key] = self._ours.get(key, 0) | both[key]
        self._full = self._look() if len(queued) < len(both) else None
        return queued

    def _look(self) -> _Full:
        """The entries of the full queue."""
        if not self._has_warned_of_full:
            self._has_warned_of_full = True
            _LOG.warning(
                "the queue of pending indicators is full (%d): refused lookups are not queued; "
                "drain the queue, or raise VT_PENDING_MAX",
                self._most,
            )
        began = self._clock.monotonic()
        entries = {entry.key: entry.parts_mask for entry in self.oldest(self._most)}
        now = self._clock.monotonic()
        return _Full(entries, now + max(_FULL_FOR_S, _READING_SHARE * (now - began)))

    def _use(self, work: Callable[[PendingStore], Result], otherwise: Result) -> Result:
        """The result of `work`; `otherwise` while the store is unavailable. Tries again from time to time."""
        if self._is_out and self._clock.monotonic() < self._retry_at:
            return otherwise
        try:
            result = work(self._store())
        except StateUnavailable as error:
            if not self._is_out:
                self._is_out = True
                _LOG.warning("%s: refused lookups stay in memory until the queue can be written", error)
            self._retry_at = self._clock.monotonic() + _RETRY_AFTER_S
            return otherwise
        self._is_out = False
        return result


def _together(puts: Iterable[tuple[Collection[str], int]]) -> dict[str, int]:
    """The combined bits of each key."""
    wanted: dict[str, int] = {}
    for keys, bits in puts:
        for key in keys:
            wanted[key] = wanted.get(key, 0) | bits
    return wanted
