"""The effect on the quota if a clock is set, by an administrator or a time server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fake_clock import FakeClock
from tests.quota.conftest import MakeLimiter
from tests.quota.scenario import Scenario
from tests.splunk.kvstore_parts import book_at
from vt_connectors.backends.memory.ledgers import MemoryLedgers
from vt_connectors.backends.sqlite.ledgers import SqliteLedgers
from vt_connectors.clock import SystemClock, Uptime
from vt_connectors.errors import RateLimited
from vt_connectors.quota.clock_changes import adjust
from vt_connectors.quota.ledger import Ledger
from vt_connectors.quota.ledger_store import LedgerStore
from vt_connectors.quota.limiter import Limiter


@pytest.fixture(params=["memory", "sqlite", "kvstore"])
def ledgers(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> LedgerStore:
    """The stores that use the machine's clock. Redis uses its own, and does not report changes of it."""
    if request.param == "kvstore":
        return book_at(request.getfixturevalue("splunkd_with_kvstore"), clock, max_clock_skew_s=0.0)
    return MemoryLedgers(clock) if request.param == "memory" else SqliteLedgers(tmp_path / "quota.db", clock)


def _asks(limiter: Limiter, clock: FakeClock, count: int) -> int:
    """How many of `count` callers are answered now, without a wait."""
    went = 0
    for _ in range(count):
        try:
            with limiter.slot(clock.monotonic()) as slot:
                slot.answered()
            went += 1
        except RateLimited:
            pass
    return went


def _retry_after(limiter: Limiter, clock: FakeClock) -> float:
    with pytest.raises(RateLimited) as refused, limiter.slot(clock.monotonic()):
        pass
    assert refused.value.retry_after is not None
    return refused.value.retry_after


@pytest.mark.parametrize("step", [0.2, 30.0, 3600.0, 86400.0])
def test_a_clock_set_forward_frees_no_slot_before_its_time(limiter: MakeLimiter, clock: FakeClock, step: float) -> None:
    own = limiter("2/minute")
    assert _asks(own, clock, 2) == 2
    clock.advance(10)
    clock.step(step)
    assert _retry_after(own, clock) == pytest.approx(50, abs=0.2)
    clock.advance(49.9)
    assert _asks(own, clock, 1) == 0
    clock.advance(0.3)
    assert _asks(own, clock, 3) == 2


def test_every_step_forward_counts_even_many(limiter: MakeLimiter, clock: FakeClock) -> None:
    own = limiter("1/minute")
    assert _asks(own, clock, 1) == 1
    for _ in range(59):
        clock.advance(1)
        clock.step(0.09)
        assert _asks(own, clock, 1) == 0
    clock.advance(1.3)
    assert _asks(own, clock, 1) == 1


def test_a_slot_in_flight_and_a_pause_move_with_the_clock(limiter: MakeLimiter, clock: FakeClock) -> None:
    own = limiter("1/minute")
    with own.slot(clock.monotonic()):
        clock.step(3600)
        assert _retry_after(own, clock) == pytest.approx(60, abs=6)
    clock.advance(100)
    own.penalise(120.0)
    clock.advance(20)
    clock.step(86400)
    assert _retry_after(own, clock) == pytest.approx(100, abs=0.2)


def test_a_lost_record_is_waited_out_even_if_the_clock_is_set(
    limiter: MakeLimiter, clock: FakeClock, tmp_path: Path
) -> None:
    ledgers = SqliteLedgers(tmp_path / "lost.db", clock)
    ledgers.transact("before", lambda ledger, now: None)
    ledgers.close()
    (tmp_path / "lost.db").write_bytes(b"not a database" * 100)
    assert _asks(limiter("4/minute", "finds the loss", given=ledgers), clock, 1) == 0
    clock.step(3600)
    own = limiter("4/minute", given=ledgers)
    assert _retry_after(own, clock) == pytest.approx(60, abs=0.2)


def test_after_a_reboot_a_clock_change_is_not_detected() -> None:
    ledger = Ledger(settled=[1000.0])
    adjust(ledger, 1000.0, Uptime("before", 500.0))
    adjust(ledger, 1030.0, Uptime("after the restart", 10.0))
    assert ledger.settled == [1000.0]
    adjust(ledger, 1130.0, Uptime("after the restart", 10.5))
    assert ledger.settled == [pytest.approx(1099.5)]


def test_without_an_uptime_stored_times_stay_unchanged() -> None:
    ledger = Ledger(settled=[1000.0])
    adjust(ledger, 9000.0, None)
    assert ledger == Ledger(settled=[1000.0])


@pytest.mark.parametrize("step", [-600.0, 600.0])
def test_a_request_in_flight_when_the_clock_is_set_over_midnight_is_counted(
    limiter: MakeLimiter, clock: FakeClock, step: float
) -> None:
    midnight = 86400.0 - clock.now() % 86400.0
    clock.advance(midnight + (300.0 if step < 0 else -300.0))
    own = limiter("1/day")
    with own.slot(clock.monotonic()) as slot:
        clock.step(step)
        slot.answered()
    assert _asks(own, clock, 1) == 0


def test_without_a_visible_step_no_slot_is_free_too_early() -> None:
    scenario = Scenario("1/day", "2026-01-03T00:05:00")
    assert scenario.goes("a")
    scenario.at("2026-01-02T23:55:00").answer("a")
    assert not scenario.goes("b")


def test_processes_of_one_machine_agree_for_how_long_it_is_up() -> None:
    clock = SystemClock()
    before = clock.uptime()
    if before is None:
        pytest.skip("this system does not tell")
    reported = (
        "from vt_connectors.clock import SystemClock; up = SystemClock().uptime(); print(up.boot, up.seconds, sep='|')"
    )
    boot, seconds = subprocess.check_output([sys.executable, "-c", reported], text=True).strip().split("|")
    after = clock.uptime()
    assert after is not None
    assert boot == before.boot
    assert before.seconds <= float(seconds) <= after.seconds
