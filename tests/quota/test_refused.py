"""Refusals from memory: for a second, and never stricter than the ledger."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from vt_connectors.backends.memory.ledgers import MemoryLedgers
from vt_connectors.errors import RateLimited
from vt_connectors.quota import Quota, parse_quota
from vt_connectors.quota.ledger import Ledger
from vt_connectors.quota.ledger_store import Change, LedgerStore, Result
from vt_connectors.quota.limiter import Limiter
from vt_connectors.quota.refused import Refused
from vt_connectors.quota.waiters import Claim, Waiter
from vt_connectors.state.fallback import Fallback, StateBusy
from vt_connectors.state.heartbeat import Heartbeat

from .conftest import MakeLimiter

BY_THE_WAY = Claim(returns=False)
TO_MIDNIGHT_S = 86400.0 - (3 * 3600 + 4 * 60 + 5)


def use(limiter: Limiter, clock: FakeClock, times: int = 1) -> None:
    for _ in range(times):
        with limiter.slot(clock.monotonic()) as slot:
            slot.answered()


def refuse(limiter: Limiter, refused: Refused, clock: FakeClock) -> RateLimited:
    """A caller is refused by the limiter."""
    with pytest.raises(RateLimited) as caught, limiter.slot(clock.monotonic()):
        pytest.fail("there was quota")
    refused.remember(caught.value)
    return caught.value


def test_the_next_callers_get_what_the_first_one_got(limiter: MakeLimiter, clock: FakeClock) -> None:
    own = limiter("1/day")
    refused = Refused(own, clock)
    use(own, clock)
    assert refused.refusal(clock.monotonic()) is None, "no caller was refused yet"
    first = refuse(own, refused, clock)
    found = refused.refusal(clock.monotonic())
    assert found is not None
    assert found.error.to_dict() == first.to_dict()
    assert found.usage == own.usage()
    assert found.error is not first


def test_a_remembered_refusal_gets_older(limiter: MakeLimiter, clock: FakeClock) -> None:
    own = limiter("1/day")
    refused = Refused(own, clock)
    use(own, clock)
    refuse(own, refused, clock)
    for seconds in (0.5, 30.0, 3600.0):
        clock.advance(seconds)
        found = refused.refusal(clock.monotonic())
        assert found is not None
        assert found.error.retry_after == pytest.approx(TO_MIDNIGHT_S - clock.monotonic() + 1000.0, abs=0.01)
    clock.advance(TO_MIDNIGHT_S - clock.monotonic() + 1000.0)
    assert refused.refusal(clock.monotonic()) is None, "the day is over"


def test_a_caller_that_may_wait_long_enough_is_not_refused(limiter: MakeLimiter, clock: FakeClock) -> None:
    own = limiter("1/day")
    refused = Refused(own, clock)
    use(own, clock)
    refuse(own, refused, clock)
    assert refused.refusal(clock.monotonic() + TO_MIDNIGHT_S - 1) is not None
    assert refused.refusal(clock.monotonic() + TO_MIDNIGHT_S + 1) is None
    assert refused.refusal(math.inf) is None
    found = refused.refusal(clock.monotonic() + 20)
    assert found is not None
    assert "this action waits 20 s at most" in found.error.message
    assert "max_wait_s" not in found.error.message, "nobody waits for the next day"


def test_a_full_minute_is_read_again_for_each_caller(limiter: MakeLimiter, clock: FakeClock) -> None:
    own = limiter("1/minute")
    refused = Refused(own, clock)
    use(own, clock)
    refuse(own, refused, clock)
    assert refused.refusal(clock.monotonic(), BY_THE_WAY) is not None
    assert refused.refusal(clock.monotonic() + 30, BY_THE_WAY) is not None
    assert refused.refusal(clock.monotonic() + 61, BY_THE_WAY) is None
    clock.advance(60.1)
    assert refused.refusal(clock.monotonic(), BY_THE_WAY) is None
    use(own, clock)


def test_a_client_that_returns_on_time_is_not_refused_from_memory(limiter: MakeLimiter, clock: FakeClock) -> None:
    own, other = limiter("2/minute"), limiter("2/minute")
    refused, me = Refused(own, clock), Claim("me", about="the hash")
    use(other, clock, 2)
    with pytest.raises(RateLimited) as caught, own.slot(clock.monotonic(), claim=me):
        pytest.fail("there was quota")
    refused.remember(caught.value)
    reported = caught.value.retry_after
    assert reported is not None
    clock.advance(reported / 2)
    # Another caller is refused meanwhile, for longer.
    refused.remember(RateLimited("", retry_after=3 * reported))
    clock.advance(reported / 2 + 0.1)
    assert refused.refusal(clock.monotonic(), me) is None
    with own.slot(clock.monotonic(), claim=me):
        pass


def test_a_client_without_a_place_is_not_refused_from_memory(limiter: MakeLimiter, clock: FakeClock) -> None:
    own = limiter("2/minute")
    refused = Refused(own, clock)
    use(own, clock, 2)
    refused.remember(RateLimited("", retry_after=60.0))
    assert refused.refusal(clock.monotonic(), Claim("me", about="the hash")) is None
    assert refused.refusal(clock.monotonic(), BY_THE_WAY) is not None
    with pytest.raises(RateLimited), own.slot(clock.monotonic(), claim=Claim("me", about="the hash")):
        pytest.fail("there was quota")
    assert refused.refusal(clock.monotonic(), Claim("me", about="another hash")) is not None


def test_a_change_of_the_record_is_noticed_within_a_second(ledgers: LedgerStore, clock: FakeClock) -> None:
    quota: list[Quota] = [parse_quota("1/day")]
    shared = Fallback[LedgerStore](ledgers, MemoryLedgers(clock), clock, "alone")
    own = Limiter(shared, "a", lambda: quota[0], clock, Heartbeat())
    refused = Refused(own, clock)
    use(own, clock)
    refuse(own, refused, clock)
    quota[0] = parse_quota("2/day")
    clock.advance(1.01)
    assert refused.refusal(clock.monotonic()) is None
    use(own, clock)
    refuse(own, refused, clock)
    ledgers.transact("a", lambda ledger, now: ledger.used["day"].clear())
    clock.advance(1.01)
    assert refused.refusal(clock.monotonic()) is None


def test_another_key_has_a_separate_quota(limiter: MakeLimiter, clock: FakeClock) -> None:
    own, other = limiter("1/day"), limiter("1/day", "another key")
    refused, others = Refused(own, clock), Refused(other, clock)
    use(own, clock)
    others.remember(refuse(own, refused, clock))
    assert others.refusal(clock.monotonic()) is None
    use(other, clock)


def test_a_refusal_because_of_others_does_not_apply_to_them(limiter: MakeLimiter, clock: FakeClock) -> None:
    own = limiter("4/day")
    refused = Refused(own, clock)
    use(own, clock)
    with pytest.raises(RateLimited) as caught, own.slot(clock.monotonic(), keep=3):
        pytest.fail("what is left is for others")
    refused.remember(caught.value)
    assert refused.refusal(clock.monotonic()) is None


class CountingBook(MemoryLedgers):
    """`looks` and `changes` count the calls; with `busy` it is locked by others."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.looks = self.changes = 0
        self.busy = False

    def transact(self, scope: str, change: Change[Result]) -> Result:
        self.changes += 1
        return super().transact(scope, change)

    def peek(self, scope: str) -> tuple[Ledger, float]:
        if self.busy:
            raise StateBusy("held by others")
        self.looks += 1
        return super().peek(scope)


def counted(clock: FakeClock) -> tuple[CountingBook, Limiter, Refused]:
    ledgers = CountingBook(clock)
    shared = Fallback[LedgerStore](ledgers, MemoryLedgers(clock), clock, "alone")
    own = Limiter(shared, "a", lambda: parse_quota("1/day"), clock, Heartbeat())
    return ledgers, own, Refused(own, clock)


def test_the_record_is_read_once_a_second_and_not_changed(clock: FakeClock) -> None:
    ledgers, own, refused = counted(clock)
    use(own, clock)
    refuse(own, refused, clock)
    looks, changes = ledgers.looks, ledgers.changes
    for _ in range(1000):
        assert refused.refusal(clock.monotonic()) is not None
        clock.advance(0.01)
    assert ledgers.changes == changes
    assert looks + 9 <= ledgers.looks <= looks + 10


def test_the_last_refusal_is_valid_while_the_record_cannot_be_read(clock: FakeClock) -> None:
    ledgers, own, refused = counted(clock)
    use(own, clock)
    refuse(own, refused, clock)
    assert refused.refusal(clock.monotonic()) is not None
    ledgers.busy = True
    clock.advance(60)
    found: Any = refused.refusal(clock.monotonic())
    assert found.error.retry_after == pytest.approx(TO_MIDNIGHT_S - 60, abs=0.01)


def test_a_forecast_does_not_change_the_record(limiter: MakeLimiter, ledgers: LedgerStore, clock: FakeClock) -> None:
    own = limiter("2/minute,5/day")
    use(own, clock, 2)
    before = ledgers.peek("a key")[0].to_json()
    for _ in range(3):
        own.foresee(clock.monotonic())
    assert ledgers.peek("a key")[0].to_json() == before


def test_a_copy_of_a_ledger_is_independent(clock: FakeClock) -> None:
    ledgers = MemoryLedgers(clock)
    ledgers.transact("a", lambda ledger, now: ledger.settled.append(now))
    copied, _ = ledgers.peek("a")
    copied.settled.clear()
    copied.used["day"]["2026-01-02"] = 9
    copied.queue.append(Waiter("x", 1.0))
    copied.in_flight["x"] = 1.0
    found, _ = ledgers.peek("a")
    assert (found.settled != [], found.used["day"], found.queue, found.in_flight) == (True, {}, [], {})
