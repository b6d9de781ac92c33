"""Windows with thousands of requests: compared with an exact record, no start is early or too late."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fake_clock import FakeClock
from tests.quota.conftest import MakeLimiter
from tests.quota.scenario import Scenario, utc
from tests.quota.simulation import Caller, Simulation
from vt_connectors.errors import RateLimited
from vt_connectors.quota import parse_quota, policy
from vt_connectors.quota.buckets import EXACT, PARTS
from vt_connectors.quota.ledger import Ledger
from vt_connectors.quota.ledger_store import LedgerStore
from vt_connectors.quota.plan import MARGIN_S
from vt_connectors.quota.policy import Refuse, Start
from vt_connectors.quota.reservations import GRACE_S
from vt_connectors.quota.timeline import Timeline

# A simulation is arithmetic with times, in memory: the same on every Python.
_simulated = pytest.mark.once
_QUOTAS = ["100/10s", "65/5s", "300/minute", "40/5s,150/20s", "100/2s,400/minute", "70/10s,4/second"]
_ROUNDED_S = 0.002
_seeds = st.integers(0, 2**32)
# Each is hundreds of requests.
_EXAMPLES = settings().max_examples


class _Exact:
    """An exact record. `ended` and `in_flight` have the times from which requests count."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.ended: list[float] = []
        self.in_flight: dict[str, float] = {}

    def free(self, *, back_by: float | None = None, late: bool = False) -> float:
        """When the next may start; `back_by`: if all requests in flight end by then; `late`: at the latest."""
        in_flight = self.in_flight.values()
        stamps = sorted([*self.ended, *(in_flight if back_by is None else (min(one, back_by) for one in in_flight))])
        free = self.scenario.now
        for window in self.scenario.quota.sliding:
            if len(stamps) >= window.limit:
                allowed = window.seconds / PARTS + _ROUNDED_S if late else 0.0
                free = max(free, stamps[-window.limit] + window.seconds + MARGIN_S + allowed)
        return free

    def ask(self, name: str) -> bool:
        scenario, now = self.scenario, self.scenario.now
        decision = scenario.look(name, 0.0)
        if isinstance(decision, Start):
            assert self.free() <= now
            self.in_flight[name] = now + GRACE_S
            return True
        assert isinstance(decision, Refuse)
        assert decision.until <= self.free(back_by=now, late=True)
        return False

    def end(self, name: str, fate: str) -> None:
        getattr(self.scenario, {"answered": "answer", "lost": "lose"}.get(fate, fate))(name)
        del self.in_flight[name]
        if fate != "never_sent":
            self.ended.append(self.scenario.now + (GRACE_S if fate == "lost" else 0.0))


@_simulated
@settings(max_examples=_EXAMPLES // 5)
@given(quota=st.sampled_from(_QUOTAS), seed=_seeds)
def test_the_record_decides_as_one_that_has_every_request(quota: str, seed: int) -> None:
    draw, scenario = random.Random(seed), Scenario(quota)
    exact = _Exact(scenario)
    pace = scenario.quota.pace_s * draw.choice([0.3, 0.9, 1.5])
    ends: list[tuple[float, str, str]] = []
    for number in range(600):
        until = scenario.now + draw.expovariate(1 / pace) * draw.choice([1, 1, 1, 20, 0])
        for at, name, fate in sorted(end for end in ends if end[0] <= until):
            scenario.now = at
            exact.end(name, fate)
        ends = [end for end in ends if end[0] > until]
        scenario.now = until
        if exact.ask(str(number)) and draw.random() > 0.05:
            fate = draw.choice(["answered", "answered", "answered", "lost", "never_sent"])
            ends.append((until + draw.choice([0.0, 0.1, 4.9]) * draw.random(), str(number), fate))
    assert len(scenario.ledger.settled) < 2 * EXACT


@_simulated
@settings(max_examples=_EXAMPLES // 5)
@given(quota=st.sampled_from(_QUOTAS), seed=_seeds, apart=st.sampled_from([0.0, 0.0, 2.0]), steps=st.booleans())
def test_no_large_window_is_exceeded_whatever_callers_and_clocks_do(
    quota: str, seed: int, apart: float, steps: bool
) -> None:
    draw = random.Random(seed)
    simulation = Simulation(parse_quota(quota), utc("2026-01-02T12:00:00"), apart)
    simulation.patience = draw.choice([0.0, 1.0])
    callers = [
        Caller(
            comes_at=draw.uniform(0, 40),
            latency=draw.choice([0.0, 0.3, 3.0, 12.0]) * draw.random(),
            counted_at=draw.choice([0.0, 1.0, draw.random()]),
            dies_at_work=draw.choice([None, None, None, None, draw.uniform(0, 8)]),
            fate=draw.choice(["answered"] * 6 + ["lost", "never_sent"]),
        )
        for _ in range(800)
    ]
    if apart:
        callers = [replace(caller, ahead=draw.uniform(-apart / 2, apart / 2)) for caller in callers]
    elif steps:
        for _ in range(draw.randint(1, 5)):
            simulation.set_clock(draw.uniform(0, 40), draw.choice([-3600.0, -7.0, -0.5, 0.3, 20.0, 3600.0]))
    simulation.run(callers)
    assert simulation.exceeded() == []
    assert len(simulation.started) + len(simulation.refused) == len(callers)


@_simulated
@pytest.mark.parametrize("limit", [4, EXACT])
def test_a_small_window_beside_a_large_one_is_exact(limit: int) -> None:
    scenario = Scenario(f"{limit}/minute,20000/hour")
    for _ in range(100):
        began = scenario.now
        assert scenario.asks(limit + 3) == limit
        assert scenario.after(60 - (scenario.now - began)).asks(1) == 0
        scenario.after(2 * MARGIN_S)


@_simulated
@pytest.mark.parametrize("quota", ["20000/hour", "60000/hour", "1000/minute,20000/hour,600000/day"])
def test_the_record_stays_small(quota: str) -> None:
    scenario = Scenario(quota)
    window = max(scenario.quota.sliding, key=lambda one: one.seconds)
    ledger = scenario.ledger
    for part in range(1, 41):
        scenario.after(window.seconds / 20)
        count = window.limit // 20
        ledger.settled += [scenario.now - window.seconds / 20 * place / count for place in reversed(range(count))]
        policy.tidy(ledger, scenario.quota, scenario.now)
        assert len(ledger.to_json()) < 20_000
        assert part < 20 or scenario.used(window.name) >= window.limit - count / 10


@pytest.mark.parametrize("later", [0.0, 1800.0, 3590.0])
def test_a_record_of_an_earlier_version_loses_no_request(ledgers: LedgerStore, clock: FakeClock, later: float) -> None:
    quota = parse_quota("20000/hour")
    stamps = [clock.now() - 3599.0 + 3599.0 * place / 20_000 for place in range(20_000)]

    def of_an_earlier_version(ledger: Ledger, now: float) -> None:
        ledger.settled, ledger.longest_window_s, ledger.lengths = list(stamps), 3600.0, []

    ledgers.transact("a", of_an_earlier_version)
    clock.advance(later)

    def look(ledger: Ledger, now: float) -> int:
        policy.tidy(ledger, quota, now)
        return Timeline(ledger).after(now - 3600.0).requests

    exact = sum(stamp > clock.now() - 3600.0 for stamp in stamps)
    late = sum(stamp > clock.now() - 3600.0 * (1 + 1 / PARTS) for stamp in stamps)
    assert exact <= ledgers.transact("a", look) <= late
    assert ledgers.transact("a", lambda ledger, now: len(ledger.to_json())) < 10_000
    assert exact <= ledgers.transact("a", look) <= late


def test_the_longest_window_is_counted_as_precisely_as_a_recorded_length() -> None:
    scenario = Scenario("4/minute")
    now = scenario.now
    scenario.ledger.settled = [now - 3600.0 + place for place in range(3600)]
    scenario.ledger.longest_window_s = 3600.0
    assert not scenario.goes("a")
    for age in (600.0, 1800.0, 3000.0):
        assert age <= Timeline(scenario.ledger).after(now - age).requests <= age * (1 + 1 / PARTS) + 3600 / PARTS + 1


def test_a_ledger_without_the_new_fields_is_read() -> None:
    fields = json.loads(Ledger(settled=[1.0, 2.0], longest_window_s=60.0).to_json())
    for name in ("older", "lengths", "inherited_until"):
        del fields[name]
    assert Ledger.from_json(json.dumps(fields).encode()) == Ledger(settled=[1.0, 2.0], longest_window_s=60.0)


def test_all_processes_share_one_large_window(limiter: MakeLimiter, clock: FakeClock) -> None:
    limiters = [limiter("100/minute") for _ in range(3)]
    began, granted = clock.now(), []
    for number in range(250):
        clock.advance(0.5)
        try:
            with limiters[number % 3].slot(clock.monotonic()) as slot:
                slot.answered()
            granted.append(clock.now())
        except RateLimited:
            continue
    assert max(sum(at <= other < at + 60 for other in granted) for at in granted) == 100
    assert len([at for at in granted if at < began + 119]) >= 198


@pytest.mark.parametrize("place", ["older", "lengths", "inherited_until"])
def test_damage_in_the_new_fields_is_detected(place: str) -> None:
    fields = json.loads(Ledger().to_json())
    fields[place] = ["x"]
    with pytest.raises(ValueError, match=r".+"):
        Ledger.from_json(json.dumps(fields).encode())
