"""The composition root. This module: the stores of one backend, and those in the memory of this process."""

from __future__ import annotations

from ..backends.memory.answers import MemoryAnswers
from ..clock import Clock
from ..deferred import deferred
from ..light_typing import TYPE_CHECKING, Callable, NamedTuple

if TYPE_CHECKING:
    from ..cache.entry import AnswerStore
    from ..coalescing import LeaseStore
    from ..pending import PendingStore
    from ..quota.ledger_store import LedgerStore


class Parts(NamedTuple):
    """The stores of one backend. Ledgers and queue are made on first use, because a cached answer does not need them;
    `closes` grows with them.
    """

    answers: AnswerStore
    leases: LeaseStore
    make_book: Callable[[], LedgerStore]
    closes: list[Callable[[], None]]
    make_queue: Callable[[], PendingStore]


# The stores of `VT_STATE=memory`.
Memory = Callable[[Clock], Parts]


def memory_parts(clock: Clock) -> Parts:
    """Stores of their own for each core."""
    leases = deferred(lambda: memory_leases(clock))
    return Parts(MemoryAnswers(clock), leases, lambda: _memory_ledgers(clock), [], lambda: _memory_queue(clock))


def one_memory(clock: Clock) -> Memory:
    """The same stores for several cores of a process, so that they share the quota."""
    ledgers, queue = _memory_ledgers(clock), _memory_queue(clock)
    parts = Parts(MemoryAnswers(clock), memory_leases(clock), lambda: ledgers, [], lambda: queue)
    return lambda _: parts


def memory_leases(clock: Clock) -> LeaseStore:
    """Leases among the threads of this process."""
    from ..backends.memory.leases import MemoryLeases

    return MemoryLeases(clock)


def _memory_ledgers(clock: Clock) -> LedgerStore:
    from ..backends.memory.ledgers import MemoryLedgers

    return MemoryLedgers(clock)


def _memory_queue(clock: Clock) -> PendingStore:
    from ..backends.memory.pending import MemoryPending

    return MemoryPending(clock)
