"""What whoever answers can do to a request: lost is what the caller hears wrongly, or not at all.

Time is the fake clock's, but for what must be seen to end: an answer that is too slow.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.soak import (
    network_foreign,
    network_key,
    network_memory,
    network_sequences,
    network_slots,
    network_statuses,
)
from bench.soak.drill import Effort, Tally
from bench.soak.network_harness import own_environment

PARTS = (network_statuses, network_foreign, network_sequences, network_slots, network_key, network_memory)


def tallies(effort: Effort) -> Iterator[Tally]:
    with own_environment():
        for part in PARTS:
            yield from part.tallies(effort)
