"""VirusTotal's figures and refusals for an account: a loss is a useless request, or one that is missing."""

from __future__ import annotations

from collections.abc import Iterator

from bench.soak import account_figures, account_keys, account_pauses
from bench.soak.drill import Effort, Tally

PARTS = (account_figures, account_pauses, account_keys)


def tallies(effort: Effort) -> Iterator[Tally]:
    for part in PARTS:
        yield from part.tallies(effort)
