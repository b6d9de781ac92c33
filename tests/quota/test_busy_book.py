"""A book in others' hands for long: nobody guesses, nothing is asked."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from connectors.errors import Unavailable
from connectors.quota import Limiter, parse_quota
from connectors.quota.books import MemoryBook, QuotaBook, SqliteBook
from connectors.state.heartbeat import Heartbeat
from connectors.state.unavailable import Fallback
from tests.fake_clock import FakeClock


def test_a_book_that_stays_locked_is_not_replaced_by_a_guess(tmp_path: Path) -> None:
    path, clock = tmp_path / "quota.db", FakeClock()
    book = Fallback[QuotaBook](SqliteBook(path, patience_s=0.02), MemoryBook(), clock, "alone", busy_is_lost=False)
    limiter = Limiter(book, "scope", lambda: parse_quota("4/minute"), clock, Heartbeat())
    with limiter.slot(clock.monotonic()) as slot:
        slot.answered()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Unavailable, match="repeat later"), limiter.slot(clock.monotonic()):
        pytest.fail("a slot was granted without the book")
    other.execute("ROLLBACK")
    other.close()
    assert limiter.usage()["minute"]["used"] == 1


def test_an_answer_is_not_lost_when_its_slot_cannot_be_given_back(tmp_path: Path) -> None:
    path, clock = tmp_path / "quota.db", FakeClock()
    book = Fallback[QuotaBook](SqliteBook(path, patience_s=0.02), MemoryBook(), clock, "alone", busy_is_lost=False)
    limiter = Limiter(book, "scope", lambda: parse_quota("4/minute"), clock, Heartbeat())
    with limiter.slot(clock.monotonic()) as slot:
        slot.answered()
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
    other.execute("ROLLBACK")
    other.close()
    assert limiter.usage()["minute"]["used"] == 1, "the slot counts on by itself"
