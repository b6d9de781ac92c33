"""The substitute record: one for all processes of a user, and no slot is granted twice."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.fake_clock import FakeClock
from vt_connectors.backends.sqlite.ledgers import SqliteLedgers
from vt_connectors.backends.sqlite.substitute import RejoiningLedgers, SubstituteLedgers, readable
from vt_connectors.errors import RateLimited, Unavailable
from vt_connectors.quota import parse_quota
from vt_connectors.quota.ledger_store import LedgerStore
from vt_connectors.quota.limiter import Limiter
from vt_connectors.state.fallback import Fallback, Required, StateUnavailable
from vt_connectors.state.heartbeat import Heartbeat


class _Breaking(SqliteLedgers):
    """Cannot be written while `broken`, nor read while `unreadable`."""

    broken = unreadable = False

    def transact(self, scope, change):  # type: ignore[no-untyped-def]
        if self.broken:
            raise StateUnavailable("the disk is full")
        return super().transact(scope, change)

    def last(self, scope):  # type: ignore[no-untyped-def]
        if self.unreadable:
            raise StateUnavailable("the disk is gone")
        return super().last(scope)


class _Machine:
    """Processes on one machine, one after another."""

    def __init__(self, folder: Path, quota: str) -> None:
        self.clock = FakeClock()
        self.granted: list[float] = []
        self._folder = folder
        self._quota = parse_quota(quota)

    def process(self, *, broken: bool = False, unreadable: bool = False, required: bool = False) -> Limiter:
        shared = _Breaking(self._folder / "state-quota.db", self.clock)
        shared.broken, shared.unreadable = broken or unreadable, unreadable
        substitute = SubstituteLedgers(self._folder / "runtime" / "quota.db", self.clock, readable(shared))
        rejoining = RejoiningLedgers(shared, substitute, self.clock)
        instead = Fallback[LedgerStore](rejoining, substitute, self.clock, "a quarter")
        ledgers = Required[LedgerStore](rejoining, self.clock, "required") if required else instead
        return Limiter(ledgers, "a key", lambda: self._quota, self.clock, Heartbeat())

    def asks(self, limiter: Limiter, times: int) -> int:
        """How many of `times` requests are granted at once."""
        before = len(self.granted)
        for _ in range(times):
            try:
                with limiter.slot(self.clock.monotonic()) as slot:
                    self.granted.append(self.clock.now())
                    slot.answered()
            except RateLimited:
                continue
        return len(self.granted) - before

    def most_within(self, seconds: float) -> int:
        return max(sum(at <= other < at + seconds for other in self.granted) for at in self.granted)


@pytest.fixture
def machine(tmp_path: Path) -> _Machine:
    return _Machine(tmp_path, "8/minute")


def test_all_processes_together_have_one_share(machine: _Machine) -> None:
    machine.asks(machine.process(), 1)
    asked = [machine.asks(machine.process(broken=True), 1) for _ in range(12)]
    assert sum(asked) == 1, "one of two is used already"
    machine.clock.advance(120)
    assert sum(machine.asks(machine.process(broken=True), 1) for _ in range(12)) == 2


def test_requests_of_a_readable_shared_record_count(machine: _Machine) -> None:
    assert machine.asks(machine.process(), 9) == 8
    assert machine.asks(machine.process(broken=True), 3) == 0
    machine.clock.advance(120)
    assert machine.asks(machine.process(broken=True), 3) == 2
    assert machine.most_within(60) == 8


def test_an_unreadable_record_may_have_granted_everything(machine: _Machine) -> None:
    assert machine.asks(machine.process(), 9) == 8
    assert machine.asks(machine.process(unreadable=True), 3) == 0
    machine.clock.advance(59)
    assert machine.asks(machine.process(unreadable=True), 3) == 0, "a second process begins no other wait"
    machine.clock.advance(61)
    assert machine.asks(machine.process(unreadable=True), 3) == 2
    assert machine.most_within(60) == 8


def test_requests_granted_meanwhile_count_in_the_shared_record(machine: _Machine) -> None:
    machine.asks(machine.process(), 1)
    machine.clock.advance(120)
    assert machine.asks(machine.process(broken=True), 3) == 2
    back = machine.process()
    assert machine.asks(back, 9) == 6
    assert machine.most_within(60) == 8
    assert back.usage()["minute"]["used"] == 8
    assert machine.asks(machine.process(broken=True), 1) == 0, "and the next outage begins with what was granted"
    assert machine.most_within(60) == 8


def test_days_and_months_are_added_once(tmp_path: Path) -> None:
    machine = _Machine(tmp_path, "100/day")
    assert machine.asks(machine.process(), 3) == 3
    assert machine.asks(machine.process(broken=True), 30) == 25
    for _ in range(2):
        assert machine.process().usage()["day"]["used"] == 28


def test_a_process_switches_to_the_substitute_and_back(machine: _Machine, caplog: pytest.LogCaptureFixture) -> None:
    limiter = machine.process()
    shared = limiter._ledgers._shared._shared  # type: ignore[attr-defined]
    assert machine.asks(limiter, 1) == 1
    with caplog.at_level(logging.WARNING):
        shared.broken = True
        assert machine.asks(limiter, 3) == 1
        shared.broken = False
        machine.clock.advance(31)
        assert machine.asks(limiter, 9) == 6
    assert machine.most_within(60) == 8
    assert [record.getMessage() for record in caplog.records] == ["the disk is full: a quarter"]


def test_a_pause_after_a_429_applies_to_both_records(machine: _Machine) -> None:
    machine.process().penalise(600.0)
    assert machine.asks(machine.process(broken=True), 1) == 0
    machine.clock.advance(601)
    other = machine.process(broken=True)
    assert machine.asks(other, 1) == 1
    other.penalise(600.0)
    assert machine.asks(machine.process(), 1) == 0


def test_without_a_substitute_record_no_request_is_sent(machine: _Machine, tmp_path: Path) -> None:
    (tmp_path / "runtime").write_text("a file in place of the folder", "utf-8")
    with pytest.raises(Unavailable, match="neither the shared quota record nor its substitute can be used"):
        machine.asks(machine.process(broken=True), 1)
    assert machine.granted == []


def test_a_place_that_others_can_write_is_not_used(machine: _Machine, tmp_path: Path) -> None:
    (tmp_path / "runtime").mkdir()
    (tmp_path / "runtime").chmod(0o777)
    with pytest.raises(Unavailable, match="every user"):
        machine.asks(machine.process(broken=True), 1)


def test_without_a_required_state_no_request_is_sent(machine: _Machine) -> None:
    assert machine.asks(machine.process(required=True), 1) == 1
    with pytest.raises(Unavailable, match="the disk is full; required") as caught:
        machine.asks(machine.process(broken=True, required=True), 1)
    assert caught.value.retryable
    assert len(machine.granted) == 1


def _grants(machine: _Machine, limiter: Limiter, times: int, pace_s: float) -> int:
    """How many of `times` requests are granted, one after another."""
    granted = 0
    for _ in range(times):
        machine.clock.advance(pace_s)
        granted += machine.asks(limiter, 1)
    return granted


def test_a_large_window_counts_in_both_records_and_nothing_twice(tmp_path: Path) -> None:
    machine = _Machine(tmp_path, "200/hour")
    assert _grants(machine, machine.process(), 160, 1.0) == 160
    instead = machine.process(broken=True)
    assert machine.asks(instead, 1) == 0, "more than a quarter is used already"
    machine.clock.advance(3520)
    granted = _grants(machine, instead, 60, 1.0)
    assert 15 <= granted <= 31, "half of that time more than a quarter of the shared record's is seen yet"
    machine.clock.advance(0.5)
    back = machine.process()
    used = back.usage()["hour"]["used"]
    seen = [sum(at > machine.clock.now() - reach for at in machine.granted) for reach in (3600, 3600 + 15)]
    assert seen[0] <= used <= seen[1]
    assert back.usage()["hour"]["used"] == used, "it is added once"
    assert 200 - seen[1] <= machine.asks(back, 160) <= 200 - seen[0]
    assert machine.most_within(3600) <= 200


def test_the_content_of_a_large_record_is_not_lost_with_it(tmp_path: Path) -> None:
    machine = _Machine(tmp_path, "200/hour")
    assert _grants(machine, machine.process(), 120, 1.0) == 120
    instead = machine.process(broken=True)
    assert machine.asks(instead, 1) == 0
    (tmp_path / "state-quota.db").unlink()
    assert machine.process().usage()["hour"]["used"] == 120
