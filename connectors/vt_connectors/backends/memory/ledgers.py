"""Ledgers for one process."""

from __future__ import annotations

import threading

from ...clock import Clock
from ...quota.ledger import Ledger
from ...quota.ledger_store import Change, Result, adjusted_now
from ...threads import freed_at_fork


class MemoryLedgers:
    """For one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ledgers: dict[str, Ledger] = {}
        self._lock = freed_at_fork(threading.Lock())

    def transact(self, scope: str, change: Change[Result]) -> Result:
        with self._lock:
            ledger = self._ledgers.setdefault(scope, Ledger())
            return change(ledger, adjusted_now(self._clock, ledger))

    def peek(self, scope: str) -> tuple[Ledger, float]:
        with self._lock:
            return self._ledgers.get(scope, Ledger()).copy(), self._clock.now()
