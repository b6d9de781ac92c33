"""Redirects and faults as responses: each request that is sent has its own reservation of quota."""

from __future__ import annotations

import random
from collections.abc import Iterator

from bench.soak.drill import Effort, Tally
from bench.soak.network_harness import core_at, lookup
from bench.soak.network_wire import drawn
from tests.fake_clock import FakeClock
from tests.scripted_server import ScriptedServer, Step, answer
from tests.virustotal.faults import ALL

_LIMIT = 4
_QUICK = [fault.step for fault in ALL.values() if fault.code != "timeout" and fault.http_status != 200]


def tallies(effort: Effort) -> Iterator[Tally]:
    tally = Tally(
        f"rounds of 12 lookups with {_LIMIT} requests an hour, answered with redirects, resets and errors by chance",
        "more requests than slots, or another number than the answers and the record tell",
    )
    draw = random.Random(effort.seed)
    for number in range(effort.times(15, 400)):
        version = draw.choice("23")
        with ScriptedServer() as server:
            server.script(*(_step(draw) for _ in range(12)))
            core = core_at(server.url, FakeClock(), VT_QUOTA=f"{_LIMIT}/hour", VT_API_VERSION=version)
            requests = [_request(draw, place) for place in range(12)]
            answers = [core.answer({**request, "options": {"max_wait_s": 0}}) for request in requests]
            told = sum(found["meta"]["requests"] for found in answers)
            record = core.answer({"action": "quota", "params": {}, "options": {"cache": "only"}})
            core.close()
        sent, used = len(server.received), record["data"]["windows"]["hour"]["used"]
        is_right = sent == told == used <= _LIMIT
        tally.count(*([] if is_right else [f"round {number}, v{version}: {sent} sent, {told} told, {used} recorded"]))
    yield tally


def _request(draw: random.Random, number: int) -> dict[str, object]:
    if draw.random() < 0.5:
        return lookup(f"{number:064x}")
    return {"action": "lookup_domain", "params": {"domain": f"host{number}.example"}}


def _step(draw: random.Random) -> Step:
    if draw.random() < 0.4:
        location = draw.choice(["/api/v3/files/x", "/", "?again", "", "//127.0.0.1/", "http://127.0.0.1:1/"])
        return answer(draw.choice([301, 302, 303, 307, 308]), headers={"Location": location})
    return drawn(draw).step if draw.random() < 0.3 else draw.choice(_QUICK)
