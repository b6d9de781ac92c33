"""All kinds of input, mutated: values, requests, lines, chunks, and VirusTotal's own objects."""

from __future__ import annotations

from collections.abc import Iterator

from bench.soak import (
    inputs_chunks,
    inputs_further,
    inputs_guided,
    inputs_indicators,
    inputs_lines,
    inputs_objects,
    inputs_requests,
)
from bench.soak.drill import Effort, Tally
from bench.soak.inputs_harness import logged
from bench.soak.network_harness import own_environment

PARTS = (inputs_indicators, inputs_requests, inputs_lines, inputs_objects, inputs_further, inputs_chunks)


def tallies(effort: Effort) -> Iterator[Tally]:
    with own_environment(), logged(effort):
        for part in PARTS:
            yield from part.tallies(effort)
        yield from inputs_guided.tallies(effort)
