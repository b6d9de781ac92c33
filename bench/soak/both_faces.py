"""Clients of both interfaces of `vtaction serve` ask for the same hashes at once, each in an order of its own."""

from __future__ import annotations

import random
from collections.abc import Iterator

from bench.soak.drill import Effort, Tally
from tests.http.clients import CLIENTS, run_at_once
from tests.http.serving import FOR_MANY_AT_ONCE, serving


def tallies(effort: Effort) -> Iterator[Tally]:
    tally = Tally(
        f"lookups of {CLIENTS} clients of both interfaces, each of all hashes", "a wrong answer, or a second request"
    )
    hashes = [f"{number:064x}" for number in range(effort.times(60, 1000))]
    orders = [random.Random(effort.seed + number).sample(hashes, len(hashes)) for number in range(CLIENTS)]
    with serving(effort.place("both-faces"), limits=FOR_MANY_AT_ONCE) as server:
        clients = run_at_once(server, orders)
        sent = len(server.sandbox.requests)
    tally.tried = CLIENTS * len(hashes) - 1
    wrong = [f"answered with {answer}" for client in clients for answer in client.wrong()]
    tally.count(*wrong, *[f"{sent} requests for {len(hashes)} hashes"] * (sent != len(hashes)))
    yield tally
