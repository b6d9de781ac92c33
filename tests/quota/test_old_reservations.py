"""A slot that was not used for long has expired: its request is not sent with it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Callable

import pytest

from tests.fake_clock import FakeClock
from tests.quota.conftest import MakeLimiter
from vt_connectors.backends.memory.ledgers import MemoryLedgers
from vt_connectors.clock import Uptime
from vt_connectors.quota import parse_quota
from vt_connectors.quota.ledger_store import LedgerStore
from vt_connectors.quota.limiter import Limiter
from vt_connectors.quota.reservation import ReservationTooOld
from vt_connectors.state.fallback import Fallback
from vt_connectors.state.heartbeat import Beat, Heartbeat


class _ManualHeartbeat(Heartbeat):
    """`beat()` sends one heartbeat."""

    def __init__(self) -> None:
        super().__init__()
        self._beats: list[Beat] = []

    @contextlib.contextmanager
    def keeping(self, beat: Beat) -> Iterator[None]:
        self._beats.append(beat)
        yield
        self._beats.remove(beat)

    def beat(self) -> None:
        for beat in self._beats:
            beat()


@pytest.fixture
def heartbeat() -> _ManualHeartbeat:
    return _ManualHeartbeat()


@pytest.fixture
def own(ledgers: LedgerStore, clock: FakeClock, heartbeat: _ManualHeartbeat) -> Limiter:
    quota = parse_quota("1/minute,5/day")
    return Limiter(Fallback(ledgers, MemoryLedgers(clock), clock, "alone"), "a key", lambda: quota, clock, heartbeat)


class _SleptClock(FakeClock):
    """After a sleep of the machine, only its uptime has advanced."""

    slept_for = 0.0

    def uptime(self) -> Uptime:
        return Uptime("this one", self.monotonic() + self.slept_for)


def _stop(clock: FakeClock) -> None:
    clock.advance(6)


def _restore(clock: FakeClock) -> None:
    clock.step(3600)


@pytest.mark.parametrize("happens", [_stop, _restore])
def test_a_request_is_not_sent_with_an_expired_slot(
    happens: Callable[[FakeClock], None], own: Limiter, clock: FakeClock
) -> None:
    with own.slot(clock.monotonic()) as slot:
        happens(clock)
        with pytest.raises(ReservationTooOld):
            slot.sending()


def test_the_sleep_of_a_machine_is_detected() -> None:
    clock = _SleptClock()
    quota = parse_quota("1/minute")
    ledgers = MemoryLedgers(clock)
    own = Limiter(
        Fallback[LedgerStore](ledgers, ledgers, clock, "alone"), "a key", lambda: quota, clock, _ManualHeartbeat()
    )
    with own.slot(clock.monotonic()) as slot:
        clock.slept_for = 30.0
        with pytest.raises(ReservationTooOld):
            slot.sending()


def test_a_slot_is_valid_as_long_as_its_owner_sends_heartbeats(
    own: Limiter, clock: FakeClock, heartbeat: _ManualHeartbeat
) -> None:
    with own.slot(clock.monotonic()) as slot:
        for _ in range(60):
            clock.advance(1)
            heartbeat.beat()
        slot.sending()


def test_a_late_heartbeat_does_not_restore_an_expired_slot(
    own: Limiter, limiter: MakeLimiter, clock: FakeClock, heartbeat: _ManualHeartbeat
) -> None:
    with own.slot(clock.monotonic()) as slot:
        clock.advance(66)
        with limiter("1/minute,5/day").slot(clock.monotonic()) as others:
            others.sending()
            others.answered()
        heartbeat.beat()
        with pytest.raises(ReservationTooOld):
            slot.sending()
    assert own.usage()["minute"]["used"] == 1, "the other's alone"


def test_a_sent_request_counts_even_if_its_owner_returns_late(
    own: Limiter, clock: FakeClock, heartbeat: _ManualHeartbeat
) -> None:
    with own.slot(clock.monotonic()) as slot:
        slot.sending()
        clock.advance(600)
        heartbeat.beat()
        slot.sending()
        slot.answered()
    assert slot.usage_after["minute"]["used"] == 1


def test_an_expired_slot_leaves_at_most_one_request_in_the_record(own: Limiter, clock: FakeClock) -> None:
    with contextlib.suppress(ReservationTooOld), own.slot(clock.monotonic()) as slot:
        clock.advance(66)
        slot.sending()
    with own.slot(clock.monotonic()) as slot:
        slot.sending()
        slot.answered()
    assert slot.usage_after["day"]["used"] <= 2
