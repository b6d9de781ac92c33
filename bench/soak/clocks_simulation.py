"""`tests.quota.simulation`, with callers that wait, send and die, and a clock that is set meanwhile."""

from __future__ import annotations

import random
from collections.abc import Iterator

from bench.soak.clocks_setting import step_from
from bench.soak.drill import Effort, Tally
from tests.quota.scenario import utc
from tests.quota.simulation import Caller, Simulation
from vt_connectors.quota import parse_quota
from vt_connectors.quota.reservations import GRACE_S

_QUOTAS = ("1/second", "3/2s", "4/10s", "2/second,5/8s", "4/minute", "3/5s,6/minute")
_SLOWEST_S = 20.0
# For callers that wait behind a killed one, or that are late.
_LOOKS_S = 25.0


def tallies(effort: Effort) -> Iterator[Tally]:
    kept = Tally(
        "a machine's clock set to and fro while up to 30 callers wait, ask and are killed (one world each)",
        "a sliding window exceeded in true time, or somebody waits for ever",
    )
    waits = Tally(
        "callers' waits while the clock is set",
        "longer than it takes those before it, and one window and a grace for each time that the clock was set",
    )
    for number in range(effort.times(40, 1200)):
        seed = effort.seed * 100_000 + number
        _try(random.Random(seed), f"world {seed}", kept, waits)
    yield kept
    yield waits


def _try(draw: random.Random, name: str, kept: Tally, waits: Tally) -> None:
    quota = draw.choice(_QUOTAS)
    world = Simulation(parse_quota(quota), utc("2028-02-29T12:00:00"))
    steps = _set_clock(world, draw)
    try:
        world.run([_caller(draw) for _ in range(draw.randint(2, 30))])
        exceeded = world.exceeded()
        kept.count(*([f"{name}, {quota}: {exceeded}, set by {steps}"] if exceeded else []))
    except AssertionError as error:
        kept.count(f"{name}, {quota}: {error}, set by {steps}")
        return
    window = max(one.seconds for one in world.quota.sliding)
    limit = min(one.limit for one in world.quota.sliding)
    starts = [started for _, started in world.waits]
    for came, started in world.waits:
        before = sum(came <= other < started for other in starts)
        longest = (before // limit + 1) * (window + GRACE_S + _SLOWEST_S + _LOOKS_S) + len(steps) * (window + GRACE_S)
        late = started - came > longest
        waits.count(*([f"{name}, {quota}: {started - came:.0f} s, {longest:.0f} s at most"] if late else []))


def _set_clock(world: Simulation, draw: random.Random) -> list[float]:
    steps: list[float] = []
    for _ in range(draw.randint(1, 5)):
        steps.append(step_from(draw, sum(steps)))
    moments = sorted(draw.uniform(0, 60) for _ in steps)
    for moment, step in zip(moments, steps):
        world.set_clock(moment, step)
    return [round(step, 3) for step in steps]


def _caller(draw: random.Random) -> Caller:
    return Caller(
        comes_at=draw.uniform(0, 30),
        latency=draw.choice([draw.uniform(0, 0.3), draw.uniform(0, _SLOWEST_S)]),
        counted_at=draw.choice([0.0, 1.0, draw.random()]),
        dies_after=draw.choice([None, None, None, draw.uniform(0, 25)]),
        dies_at_work=draw.choice([None, None, draw.uniform(0, 8)]),
        fate=draw.choice(["answered", "answered", "answered", "lost", "never_sent"]),
        look_delay=draw.choice([0.0, 0.0, 0.05, 0.5]),
    )
