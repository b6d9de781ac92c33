"""What VirusTotal tells of an account, its quota and its key: lost is what is sent in vain, and what is not sent."""

from __future__ import annotations

from collections.abc import Iterator

from bench.soak import account_figures, account_keys, account_pauses
from bench.soak.drill import Effort, Tally

PARTS = (account_figures, account_pauses, account_keys)


def tallies(effort: Effort) -> Iterator[Tally]:
    for part in PARTS:
        yield from part.tallies(effort)
