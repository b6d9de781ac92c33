"""Where ledgers are kept: one transaction reads, changes and writes one key's ledger, whoever else wants to."""

from __future__ import annotations

from typing import Callable, Protocol, TypeVar

from ..clock import Clock
from .clock_changes import adjust
from .ledger import Ledger

Result = TypeVar("Result")
# What one transaction does, with the ledger and the time: epoch seconds by the one clock of all who share the book.
Change = Callable[[Ledger, float], Result]
# Who finds the book in others' hands waits: a guess instead could exceed the quota.
PATIENCE_S = 30.0
LOST = (
    "the record of used quota was lost; each sliding window is waited out once, and the day's and month's use "
    "counts from zero until `vtaction quota` takes over the account's own figures"
)


class LedgerStore(Protocol):
    """The port. `change` runs as if alone, and what it leaves in the ledger is kept before `transact` returns.

    It may run more than once: what counts, for the book and for the caller, is the last time.
    """

    def transact(self, scope: str, change: Change[Result]) -> Result:
        """Raises `StateUnavailable` where the book cannot be used."""

    def peek(self, scope: str) -> tuple[Ledger, float]:
        """A copy of the ledger as it is, and the time. Raises as `transact`."""


def adjusted_now(clock: Clock, ledger: Ledger) -> float:
    """The time, when the ledger has followed the clock to it."""
    now = clock.now()
    adjust(ledger, now, clock.uptime())
    return now
