"""`VT_QUOTA=none` while processes with windows share the ledger: its requests count, at one change each."""

from __future__ import annotations

import pytest

from tests.fake_clock import FakeClock
from vt_connectors.backends.memory.ledgers import MemoryLedgers
from vt_connectors.errors import RateLimited
from vt_connectors.quota import parse_quota
from vt_connectors.quota.ledger import Ledger
from vt_connectors.quota.ledger_store import Change, LedgerStore, Result
from vt_connectors.quota.limiter import Limiter
from vt_connectors.quota.reservations import GRACE_S
from vt_connectors.state.fallback import Fallback
from vt_connectors.state.heartbeat import Heartbeat


class _Counting:
    """Counts the transactions that change something."""

    def __init__(self, ledgers: LedgerStore) -> None:
        self._book = ledgers
        self.writes = 0

    def transact(self, scope: str, change: Change[Result]) -> Result:
        def counted(ledger: Ledger, now: float) -> Result:
            before = ledger.to_json()
            result = change(ledger, now)
            self.writes += ledger.to_json() != before
            return result

        return self._book.transact(scope, counted)

    def peek(self, scope: str) -> tuple[Ledger, float]:
        return self._book.peek(scope)


class _Two:
    """A process with windows, which has read the ledger already, and a process without."""

    def __init__(self, ledgers: LedgerStore, clock: FakeClock, quota: str) -> None:
        self.ledgers = _Counting(ledgers)
        self._clock = clock
        self.limited, self.free = self._limiter(quota), self._limiter("none")
        self.limited.usage()
        self.ledgers.writes = 0

    def _limiter(self, quota: str) -> Limiter:
        parsed, clock = parse_quota(quota), self._clock
        shared = Fallback[LedgerStore](self.ledgers, MemoryLedgers(clock), clock, "alone")
        return Limiter(shared, "a key", lambda: parsed, clock, Heartbeat())

    def asks(self, count: int = 1, takes_s: float = 0.0) -> None:
        """The process without windows."""
        for _ in range(count):
            with self.free.slot(self._clock.monotonic()) as slot:
                self._clock.advance(takes_s)
                slot.answered()

    def may_ask(self) -> bool:
        """Whether the process with windows gets a slot now."""
        try:
            with self.limited.slot(self._clock.monotonic()) as slot:
                slot.answered()
        except RateLimited:
            return False
        return True


@pytest.fixture
def two(ledgers: LedgerStore, clock: FakeClock) -> _Two:
    return _Two(ledgers, clock, "1/minute,100/day,1000/month")


def test_a_request_is_one_change_of_the_record(two: _Two) -> None:
    two.asks(20, takes_s=0.3)
    assert two.ledgers.writes == 20
    used = two.limited.usage()
    assert (used["minute"]["used"], used["day"]["used"], used["month"]["used"]) == (20, 20, 20)


def test_its_slot_counts_from_the_answer_when_the_next_change_is_made(two: _Two, clock: FakeClock) -> None:
    two.asks()
    clock.advance(2)
    two.free.usage()
    clock.advance(57.9)
    assert not two.may_ask()
    clock.advance(0.2)
    assert two.may_ask()


def test_without_a_next_change_the_slot_counts_from_the_end_of_its_grace(two: _Two, clock: FakeClock) -> None:
    two.asks()
    clock.advance(GRACE_S + 59.9)
    assert not two.may_ask()
    clock.advance(0.2)
    assert two.may_ask()


def test_a_request_settled_meanwhile_is_not_counted_twice(two: _Two, clock: FakeClock) -> None:
    two.asks()
    clock.advance(30)
    assert two.limited.usage()["minute"]["used"] == 1
    two.asks()
    assert two.limited.usage()["day"]["used"] == 2
    clock.advance(36)
    assert two.limited.usage()["minute"]["used"] == 1


def test_a_slow_request_is_reported_at_once(two: _Two, clock: FakeClock) -> None:
    two.asks(takes_s=GRACE_S + 10)
    clock.advance(59.9)
    assert not two.may_ask()
    clock.advance(0.2)
    assert two.may_ask()


@pytest.mark.parametrize(("fate", "used"), [("never_sent", 0), ("unknown", 1)])
def test_a_failed_request_is_reported_at_once(two: _Two, clock: FakeClock, fate: str, used: int) -> None:
    with two.free.slot(clock.monotonic()) as slot:
        slot.outcome = fate
    assert two.ledgers.writes == 2
    assert two.limited.usage()["day"]["used"] == used


def test_the_usage_of_a_429_contains_its_pause(two: _Two, clock: FakeClock) -> None:
    with two.free.slot(clock.monotonic()) as slot:
        two.free.penalise(30.0)
        slot.answered()
    assert slot.usage_after["blocked"]["resets_in_s"] == 30.0
