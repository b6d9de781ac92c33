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


def test_the_first_answer_lives_no_longer_if_others_follow_it() -> None:
    clock = FakeClock()
    store = MemoryAnswers(clock, ttl_s=300)
    store.put("a", FOUND)
    clock.advance(200)
    store.put("b", FOUND)
    clock.advance(99)
    assert set(store.get_many("ab")) == {"a", "b"}
    clock.advance(2)
    assert set(store.get_many("ab")) == {"b"}
    clock.advance(200)
    assert store.get_many("ab") == {}


def test_a_first_answer_that_is_replaced_or_has_ended_leaves_one_answer() -> None:
    clock = FakeClock()
    store = MemoryAnswers(clock, most=2, ttl_s=300)
    store.put("a", FOUND)
    clock.advance(200)
    store.put("a", Entry("not_found", {}, START))
    clock.advance(200)
    assert [row[:2] for row in store.keys(9)] == [("a", "not_found")]
    clock.advance(200)
    assert store.stats()["entries"] == 0
    store.put("b", FOUND)
    assert [row[0] for row in store.keys(9)] == ["b"]
    store.forget("b")
    assert store.clear() == 0


def test_large_answers_count_as_several_so_that_memory_is_bounded() -> None:
    store = MemoryAnswers(FakeClock(), most=40)
    for name in "abc":
        assert store.put(name, Entry("ok", {"raw": {"attributes": {}}}, 0.0))
    assert [name for name in "abc" if store.get(name)] == ["b", "c"]
    for number in range(9):
        store.put(str(number), Entry("ok", {}, 0.0))
    assert [name for name in "abc" if store.get(name)] == ["c"]


def test_an_answer_that_is_larger_than_the_store_is_not_stored() -> None:
    store = MemoryAnswers(FakeClock(), most=2)
    store.put("small", Entry("ok", {}, 0.0))
    assert not store.put("large", Entry("ok", {"response": {}}, 0.0))
    assert store.get("large") is None
