"""Clocks that are set forward and back while they are in use. All time is simulated."""

from __future__ import annotations

from collections.abc import Iterator

from bench.soak import clocks_answers, clocks_limiters, clocks_simulation
from bench.soak.drill import Effort, Tally

PARTS = (clocks_simulation, clocks_limiters, clocks_answers)


def tallies(effort: Effort) -> Iterator[Tally]:
    for part in PARTS:
        yield from part.tallies(effort)
