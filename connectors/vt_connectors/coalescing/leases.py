"""Leases: the right to ask for one key, held for as long as the holder lives.

No time is kept with a lease: clocks are set, and those of two machines differ. A holder changes its lease's `beat` once
a second. A follower that saw no change for `LEASE_S`, by its own monotonic clock, takes the holder for dead.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import Callable, NamedTuple, Protocol

from ..clock import Clock
from .results import Result

# A holder gives a sign of life every second; one that is silent for so long, while it is watched, is dead.
LEASE_S = 4.0
# How long a finished holder's result is left for its followers, which look several times a second ...
RESULT_LEFT_S = 10.0
# ... and an answer that the cache could not take, until the next caller takes it over.
ANSWER_LEFT_S = 3600.0
# A lease that no process has touched for so long is removed: its key may never be asked for again.
ABANDONED_S = 86400.0
# How many results are left between two sweeps.
SWEEP_EVERY = 64


class Lease(NamedTuple):
    """One key's lease.

    `account`: a hash of the key and the server that the holder asks with. `beat` changes with every sign of life.
    `waiting`: the holder waits for quota. `result`: how it ended; None while it is held.
    """

    token: str
    account: str = ""
    beat: int = 0
    waiting: bool = False
    result: Result | None = None


class Seen(NamedTuple):
    """What a caller that wants to ask finds: its own new lease (`mine`), or another holder's.

    `before`: the finished holder's lease that `lease` replaced.
    """

    lease: Lease
    mine: bool
    before: Lease | None = None


class LeaseStore(Protocol):
    """The port. May raise `StateBusy` and `StateUnavailable`."""

    def claim(self, key: str, lease: Lease, dead: Lease | None = None) -> Seen:
        """Put `lease` there, unless another holder has the key. A finished holder's lease is replaced, and one that is
        still exactly as `dead` was.
        """

    def peek(self, key: str) -> Lease | None:
        """The key's lease: held, or finished with a result that is still there."""

    def waiting(self, key: str, token: str, waiting: bool) -> None:
        """The holder begins to wait for quota, or sends its request after it."""

    def release(self, key: str, token: str, result: Result | None, left_s: float = RESULT_LEFT_S) -> None:
        """The holder is done; `result` is left for at least `left_s` seconds, or until the key is claimed again."""

    def renew(self, tokens: Collection[str]) -> None:
        """A sign of life of the holders with these tokens."""


def may_replace(found: Lease, dead: Lease | None) -> bool:
    """Whether a claim that took `dead` for dead replaces the lease `found`."""
    return found.result is not None or (dead is not None and (found.token, found.beat) == (dead.token, dead.beat))


class MemoryLeases:
    """For the threads of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._leases: dict[str, Lease] = {}
        # Of finished holders: until when (monotonic seconds) their results are left.
        self._left: dict[str, float] = {}
        self._lock = threading.Lock()

    def claim(self, key: str, lease: Lease, dead: Lease | None = None) -> Seen:
        with self._lock:
            found = self._leases.get(key)
            if found is not None and not may_replace(found, dead):
                return Seen(found, False)
            self._leases[key] = lease
            self._left.pop(key, None)
            return Seen(lease, True, found)

    def peek(self, key: str) -> Lease | None:
        with self._lock:
            return self._leases.get(key)

    def waiting(self, key: str, token: str, waiting: bool) -> None:
        self._change(key, token, lambda lease: lease._replace(waiting=waiting, beat=lease.beat + 1))

    def release(self, key: str, token: str, result: Result | None, left_s: float = RESULT_LEFT_S) -> None:
        def finish(lease: Lease) -> Lease | None:
            if result is None:
                return None
            self._left[key] = self._clock.monotonic() + left_s
            return lease._replace(result=result)

        self._change(key, token, finish)
        if len(self._left) > SWEEP_EVERY:
            self._sweep()

    def renew(self, tokens: Collection[str]) -> None:
        with self._lock:
            for key, lease in self._leases.items():
                if lease.token in tokens and lease.result is None:
                    self._leases[key] = lease._replace(beat=lease.beat + 1)

    def _change(self, key: str, token: str, change: Callable[[Lease], Lease | None]) -> None:
        with self._lock:
            found = self._leases.get(key)
            if found is not None and found.token == token and found.result is None:
                changed = change(found)
                if changed is None:
                    del self._leases[key]
                else:
                    self._leases[key] = changed

    def _sweep(self) -> None:
        with self._lock:
            now = self._clock.monotonic()
            for key in [key for key, until in self._left.items() if until < now]:
                del self._left[key]
                self._leases.pop(key, None)
