"""Eviction of the store in memory."""

from __future__ import annotations

from tests.fake_clock import START, FakeClock
from vt_connectors.backends.memory.answers import MemoryAnswers
from vt_connectors.cache import Entry

FOUND = Entry("ok", {}, START)


def test_a_full_store_keeps_recently_used_answers() -> None:
    store = MemoryAnswers(FakeClock(), most=3)
    for key in "abc":
        store.put(key, FOUND)
    store.get("a")
    store.put("d", FOUND)
    assert [key for key in "abcd" if store.get(key)] == ["a", "c", "d"]


def test_an_entry_lives_no_longer_than_the_stores_time() -> None:
    clock = FakeClock()
    store = MemoryAnswers(clock, ttl_s=300)
    store.put("a", FOUND)
    clock.step(-7200)
    clock.advance(299)
    assert store.get("a") == FOUND
    clock.advance(2)
    assert store.get("a") is None
