"""A ledger that is locked for long: no guess, and no request."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.fake_clock import FakeClock
from vt_connectors.backends.memory.ledgers import MemoryLedgers
from vt_connectors.backends.sqlite.ledgers import SqliteLedgers
from vt_connectors.errors import Unavailable
from vt_connectors.quota import parse_quota
from vt_connectors.quota.ledger_store import LedgerStore
from vt_connectors.quota.limiter import Limiter
from vt_connectors.state.fallback import Fallback
from vt_connectors.state.heartbeat import Heartbeat


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def limiter(tmp_path: Path, clock: FakeClock) -> Limiter:
    """A limiter whose record `quota.db` waits only briefly for locks."""
    shared = SqliteLedgers(tmp_path / "quota.db", clock, patience_s=0.02)
    ledgers = Fallback[LedgerStore](shared, MemoryLedgers(clock), clock, "alone")
    return Limiter(ledgers, "scope", lambda: parse_quota("4/minute"), clock, Heartbeat())


def _lock(folder: Path) -> sqlite3.Connection:
    other = sqlite3.connect(folder / "quota.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    return other


def test_a_locked_record_is_not_replaced_by_a_guess(tmp_path: Path, clock: FakeClock, limiter: Limiter) -> None:
    with limiter.slot(clock.monotonic()) as slot:
        slot.answered()
    other = _lock(tmp_path)
    with pytest.raises(Unavailable, match="repeat it later"), limiter.slot(clock.monotonic()):
        pytest.fail("a slot was granted without the ledger")
    other.close()
    assert limiter.usage()["minute"]["used"] == 1


def test_an_answer_is_not_lost_when_its_slot_cannot_be_given_back(
    tmp_path: Path, clock: FakeClock, limiter: Limiter
) -> None:
    with limiter.slot(clock.monotonic()) as slot:
        slot.answered()
        other = _lock(tmp_path)
    other.close()
    assert limiter.usage()["minute"]["used"] == 1, "the slot counts on by itself"
