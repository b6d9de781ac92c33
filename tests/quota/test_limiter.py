"""The limiter with every ledger store."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.fake_clock import FakeClock
from tests.quota.conftest import MakeLimiter
from vt_connectors.backends.memory.ledgers import MemoryLedgers
from vt_connectors.errors import Cancelled, RateLimited
from vt_connectors.quota.account_quota import AccountPeriod, AccountUse
from vt_connectors.quota.ledger_store import LedgerStore
from vt_connectors.quota.limiter import Limiter
from vt_connectors.state.fallback import StateUnavailable


def _ask(limiter: Limiter, clock: FakeClock, patience: float = 0.0) -> float:
    """One request that is answered at once. Returns how long it waited."""
    with limiter.slot(clock.monotonic() + patience) as slot:
        slot.answered()
    return slot.waited_s


def test_two_limiters_with_one_ledger_store_share_the_quota(limiter: MakeLimiter, clock: FakeClock) -> None:
    one, other = limiter("2/minute"), limiter("2/minute")
    _ask(one, clock)
    _ask(other, clock)
    for each in (one, other):
        with pytest.raises(RateLimited):
            _ask(each, clock)


def test_two_keys_never_share_a_quota(limiter: MakeLimiter, clock: FakeClock) -> None:
    _ask(limiter("1/minute", "one"), clock)
    _ask(limiter("1/minute", "other"), clock)


def test_a_caller_waits_as_long_as_it_takes_and_says_how_long(limiter: MakeLimiter, clock: FakeClock) -> None:
    own = limiter("1/minute")
    _ask(own, clock)
    assert _ask(own, clock, 90) == pytest.approx(60, abs=0.1)


def test_the_begin_and_end_of_a_wait_are_reported(limiter: MakeLimiter, clock: FakeClock) -> None:
    own = limiter("1/minute")
    said: list[bool] = []
    for _ in range(2):
        with own.slot(clock.monotonic() + 90, said.append) as slot:
            slot.answered()
    assert said == [True, False]


def test_a_refusal_is_immediate_and_says_when_and_why(limiter: MakeLimiter, clock: FakeClock) -> None:
    own = limiter("4/minute,1/day")
    _ask(own, clock)
    with pytest.raises(RateLimited) as refused:
        _ask(own, clock, 50)
    assert clock.slept == []
    assert refused.value.details == {"source": "local", "window": "day"}
    assert refused.value.retry_after is not None
    assert refused.value.retry_after > 3600
    assert refused.value.http_status is None


def test_a_refusal_during_a_pause_names_virustotal(limiter: MakeLimiter, clock: FakeClock) -> None:
    one, other = limiter("4/minute"), limiter("4/minute")
    assert one.penalise(90.0) == 90.0
    with pytest.raises(RateLimited) as refused:
        _ask(other, clock, 30)
    assert refused.value.details == {"source": "upstream", "window": None}
    assert "until 2026-01-02T03:05:35Z" in refused.value.message
    assert other.usage()["blocked"] == {"resets_in_s": 90.0, "until": "2026-01-02T03:05:35Z"}


def test_a_huge_retry_after_pauses_until_midnight_at_most_in_every_process(
    limiter: MakeLimiter, clock: FakeClock
) -> None:
    one, other = limiter("4/minute,500/day"), limiter("4/minute,500/day")
    one.penalise(31 * 86400.0)
    assert other.usage()["blocked"]["until"] == "2026-01-03T00:00:00Z"
    clock.advance(other.usage()["blocked"]["resets_in_s"] + 0.1)
    _ask(other, clock)


def test_the_accounts_figures_lift_a_pause_in_every_process(limiter: MakeLimiter, clock: FakeClock) -> None:
    one, other = limiter("4/minute,500/day"), limiter("4/minute,500/day")
    one.penalise(31 * 86400.0)
    clock.advance(61)
    reported: dict[AccountPeriod, int | None] = {"day": 100, "month": None}
    other.take_over(AccountUse({}, reported, frozenset(reported)))
    assert "blocked" not in one.usage()
    _ask(one, clock)


def test_the_accounts_remaining_requests_limit_every_process(limiter: MakeLimiter, clock: FakeClock) -> None:
    one, other = limiter("4/minute,1000/day"), limiter("4/minute,1000/day")
    reported: dict[AccountPeriod, int | None] = {"day": 1, "month": None}
    one.take_over(AccountUse({"day": 3}, reported, frozenset(reported)))
    assert other.usage()["day"]["used"] == 999
    _ask(other, clock)
    with pytest.raises(RateLimited):
        _ask(one, clock)


def test_refusals_in_a_row_pause_longer_until_a_request_is_taken(limiter: MakeLimiter, clock: FakeClock) -> None:
    own = limiter("4/minute")
    waits = []
    for _ in range(3):
        _ask(own, clock)
        waits.append(own.penalise(None))
        clock.advance(waits[-1] + 1)
    _ask(own, clock)
    own.accepted()
    assert [*waits, own.penalise(None)] == [60, 120, 240, 60]


def test_only_a_request_that_was_never_sent_is_given_back(limiter: MakeLimiter, clock: FakeClock) -> None:
    own = limiter("1/minute,1/day")
    with own.slot(clock.monotonic()) as slot:
        slot.never_sent()
    assert slot.usage_after["day"]["used"] == 0
    with pytest.raises(KeyError), own.slot(clock.monotonic()) as slot:
        raise KeyError("it is not known whether it was sent")
    assert slot.usage_after["day"]["used"] == 1
    with pytest.raises(RateLimited):
        _ask(own, clock)


class _StoppedClock(FakeClock):
    """The process is cancelled during the first sleep."""

    def sleep(self, seconds: float) -> None:
        raise Cancelled("stopped")


def test_a_caller_that_is_cancelled_while_waiting_leaves_the_queue(ledgers: LedgerStore, limiter: MakeLimiter) -> None:
    clock = _StoppedClock()
    own = limiter("1/minute", own_clock=clock)
    _ask(own, clock)
    with pytest.raises(Cancelled):
        _ask(own, clock, 90)
    assert ledgers.transact("a key", lambda ledger, _: list(ledger.queue)) == []


class _BrokenBook(MemoryLedgers):
    broken = True

    def transact(self, scope, change):  # type: ignore[no-untyped-def]
        if self.broken:
            raise StateUnavailable("the disk is full")
        return super().transact(scope, change)


def test_without_the_shared_ledger_a_process_takes_a_quarter_and_warns_once(
    limiter: MakeLimiter, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    own = limiter("8/minute", given=_BrokenBook(clock))
    with caplog.at_level(logging.WARNING):
        _ask(own, clock)
        _ask(own, clock)
        with pytest.raises(RateLimited):
            _ask(own, clock)
    assert [record.getMessage() for record in caplog.records] == ["the disk is full: alone"]


def test_the_ledger_is_tried_again_and_requests_in_flight_count_there(limiter: MakeLimiter, clock: FakeClock) -> None:
    broken = _BrokenBook(clock)
    own = limiter("4/minute", given=broken)
    with own.slot(clock.monotonic()) as slot:
        broken.broken = False
        clock.advance(31)
        slot.answered()
    assert slot.usage_after["minute"] == {"limit": 4, "used": 1, "resets_in_s": 60.0}


def test_a_lost_record_is_waited_out_for_every_key(tmp_path: Path, clock: FakeClock, limiter: MakeLimiter) -> None:
    from vt_connectors.backends.sqlite.ledgers import SqliteLedgers

    path = tmp_path / "quota.db"
    _ask(limiter("4/minute", given=SqliteLedgers(path, clock)), clock)
    path.write_bytes(b"not a database" * 100)
    for key in ("a key", "another"):
        with pytest.raises(RateLimited) as refused:
            _ask(limiter("4/minute", key, given=SqliteLedgers(path, clock)), clock)
        assert refused.value.details["window"] == "minute"
    assert len(list(tmp_path.glob("quota.db.bad-*"))) == 1


def _written(ledgers: LedgerStore) -> str:
    return ledgers.transact("a key", lambda ledger, _: ledger.to_json())


def test_without_any_window_nothing_is_recorded(ledgers: LedgerStore, limiter: MakeLimiter, clock: FakeClock) -> None:
    unlimited, before = limiter("none"), _written(ledgers)
    for _ in range(3):
        assert _ask(unlimited, clock) == 0.0
    assert _written(ledgers) == before


@pytest.mark.parametrize("windows", ["5/minute", "5/day", "5/month"])
def test_processes_with_windows_count_the_requests_of_those_without(
    windows: str, limiter: MakeLimiter, clock: FakeClock
) -> None:
    unlimited, limited = limiter("none"), limiter(windows)
    _ask(limited, clock)
    for _ in range(4):
        _ask(unlimited, clock)
    with pytest.raises(RateLimited):
        _ask(limited, clock)
    _ask(unlimited, clock)


def test_a_pause_after_a_429_applies_to_processes_without_windows(limiter: MakeLimiter, clock: FakeClock) -> None:
    unlimited, other = limiter("none"), limiter("none")
    unlimited.penalise(30.0)
    with pytest.raises(RateLimited):
        _ask(other, clock)
    clock.advance(30.1)
    _ask(other, clock)
    other.accepted()
    assert unlimited.penalise(None) == 60.0, "the first in a row again"
