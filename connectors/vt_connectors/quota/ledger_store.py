"""The store of ledgers: one transaction reads, changes and writes the ledger of one key."""

from __future__ import annotations

from typing import Callable, Protocol, TypeVar

from ..clock import Clock
from .clock_changes import adjust
from .ledger import Ledger

Result = TypeVar("Result")
# The work of one transaction, given the ledger and the time: epoch seconds of the clock that all users of it share.
Change = Callable[[Ledger, float], Result]
# How long to wait for a locked ledger. A guess instead could exceed the quota.
PATIENCE_S = 30.0
LOST = (
    "the record of used quota was lost; each sliding window is waited out once, and the day's and month's use "
    "counts from zero until `vtaction quota` takes over the account's own figures"
)


class LedgerStore(Protocol):
    """The port. `change` runs in isolation, and the changed ledger is stored before `transact` returns.

    `change` may run more than once. Only its last run counts, for the ledger and for the caller.
    """

    def transact(self, scope: str, change: Change[Result]) -> Result:
        """Raises `StateUnavailable` if the ledger cannot be used."""

    def peek(self, scope: str) -> tuple[Ledger, float]:
        """A copy of the ledger, and the time. Raises as `transact`."""


def adjusted_now(clock: Clock, ledger: Ledger) -> float:
    """The time, after adjusting the ledger to a clock that was set."""
    now = clock.now()
    adjust(ledger, now, clock.uptime())
    return now
