"""For any behaviour of callers and server: no window is exceeded at the server, and no caller waits for ever.

It runs on one Python: what is simulated is arithmetic with times, in memory.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.quota.scenario import utc
from tests.quota.simulation import Caller, Simulation
from vt_connectors.quota import parse_quota, shares

pytestmark = pytest.mark.once

_QUOTAS = ["1/second", "3/2s", "4/10s", "2/second,5/8s", "3/4s,9/day", "2/3s,4/day,9/month", "5/day"]
_MOMENTS = ["2026-01-02T03:04:05", "2026-01-31T23:59:52", "2024-02-28T23:59:55", "2024-02-29T23:59:58"]

_parts = st.floats(0, 1)
_callers = st.builds(
    Caller,
    comes_at=st.floats(0, 15),
    latency=st.one_of(st.floats(0, 0.3), st.floats(0, 20)),
    counted_at=st.sampled_from([0.0, 1.0]) | _parts,
    dies_after=st.none() | st.none() | st.floats(0, 25),
    dies_at_work=st.none() | st.floats(0, 8),
    fate=st.sampled_from(["answered", "answered", "answered", "lost", "never_sent"]),
    look_delay=st.sampled_from([0.0, 0.0, 0.05, 0.5]),
)


_APART_S = 2.0


@settings(suppress_health_check=list(HealthCheck))
@given(
    quota=st.sampled_from(_QUOTAS),
    began=st.sampled_from(_MOMENTS),
    callers=st.lists(_callers, max_size=30),
    clocks=st.lists(st.sampled_from([-1.0, 0.0, 1.0]) | st.floats(-_APART_S / 2, _APART_S / 2), min_size=30),
)
def test_no_window_is_exceeded_by_callers_whose_clocks_differ(
    quota: str, began: str, callers: list[Caller], clocks: list[float]
) -> None:
    simulation = Simulation(parse_quota(quota), utc(began), _APART_S)
    simulation.run([replace(caller, ahead=ahead) for caller, ahead in zip(callers, clocks)])
    assert simulation.exceeded() == []
    living = {f"caller {number}" for number, caller in enumerate(callers) if caller.dies_after is None}
    assert living <= set(simulation.started + simulation.refused)


@settings(suppress_health_check=list(HealthCheck))
@given(quota=st.sampled_from(_QUOTAS), began=st.sampled_from(_MOMENTS), callers=st.lists(_callers, max_size=30))
def test_no_window_is_exceeded_and_no_caller_waits_for_ever(quota: str, began: str, callers: list[Caller]) -> None:
    simulation = Simulation(parse_quota(quota), utc(began))
    simulation.run(callers)
    assert simulation.exceeded() == []
    living = {f"caller {number}" for number, caller in enumerate(callers) if caller.dies_after is None}
    decided = simulation.started + simulation.refused
    assert living <= set(decided)
    assert len(decided) == len(set(decided))
    assert not living & {waiter.ticket for waiter in simulation.ledger.queue}


@settings(suppress_health_check=list(HealthCheck))
@given(
    quota=st.sampled_from([quota for quota in _QUOTAS if "/day" in quota]),
    began=st.sampled_from(_MOMENTS),
    callers=st.lists(_callers, max_size=30),
    clients=st.lists(st.sampled_from(["", "a", "b", "c"]), min_size=30),
    percents=st.sampled_from([{"a": 100}, {"a": 50, "b": 50}, {"a": 30, "b": 40, "c": 0}]),
    clocks=st.lists(st.sampled_from([0.0, 0.0, -1.0, 1.0]), min_size=30),
)
def test_no_window_is_exceeded_and_no_caller_waits_for_ever_if_clients_have_shares(
    quota: str,
    began: str,
    callers: list[Caller],
    clients: list[str],
    percents: dict[str, int],
    clocks: list[float],
) -> None:
    simulation = Simulation(parse_quota(quota), utc(began), _APART_S if any(clocks) else 0.0)
    assert shares.register(simulation.ledger.shares, percents, "", utc(began)) is None
    named = zip(callers, clients, clocks)
    simulation.run([replace(caller, client=client, ahead=ahead) for caller, client, ahead in named])
    assert simulation.exceeded() == []
    living = {f"caller {number}" for number, caller in enumerate(callers) if caller.dies_after is None}
    assert living <= set(simulation.started + simulation.refused)
    assert not living & {waiter.ticket for waiter in simulation.ledger.queue}
    assert set(simulation.ledger.shares.senders) <= set(simulation.ledger.in_flight)
