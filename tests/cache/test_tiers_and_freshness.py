"""When a cached answer is accepted, and from which level."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from tests.fake_clock import START, FakeClock
from vt_connectors.backends.memory.answers import MemoryAnswers
from vt_connectors.cache import AnswerCache, Entry, Freshness
from vt_connectors.cache.entry import AnswerStore
from vt_connectors.errors import Unavailable
from vt_connectors.state.fallback import Fallback, StateBusy, StateUnavailable

FRESHNESS = Freshness(ttl_s=1000, ttl_not_found_s=100)


@pytest.mark.parametrize(
    ("status", "age", "max_age", "will_do"),
    [
        ("ok", 1000, None, True),
        ("ok", 1001, None, False),
        ("ok", 50, 50, True),
        ("ok", 51, 50, False),
        ("ok", 5000, 9000, True),
        ("not_found", 100, None, True),
        ("not_found", 101, None, False),
        ("not_found", 101, 9000, False),
        ("not_found", 51, 50, False),
        ("ok", 0, 0, True),
        ("ok", -200, 0, True),
        ("ok", -301, None, False),
        ("not_found", -86400 * 365, 9000, False),
        ("ok", float("nan"), None, False),
    ],
)
def test_an_answer_is_accepted_during_its_lifetime(
    status: str, age: float, max_age: float | None, will_do: bool
) -> None:
    entry = Entry("ok" if status == "ok" else "not_found", {}, START - age)
    assert FRESHNESS.will_do(entry, START, max_age) is will_do


def test_parts_that_were_not_stored_are_missing() -> None:
    assert Entry("ok", {"raw": {}}, START).has(["raw"])
    assert not Entry("ok", {"raw": {}}, START).has(["raw", "engines"])
    assert Entry("not_found", {}, START).has(["raw", "engines"])


@pytest.fixture
def near(clock: FakeClock) -> MemoryAnswers:
    return MemoryAnswers(clock)


@pytest.fixture
def cache(near: MemoryAnswers, store: AnswerStore, clock: FakeClock) -> AnswerCache:
    return AnswerCache(near, Fallback(store, MemoryAnswers(clock), clock, "alone"))


def _newer_than(moment: float):  # type: ignore[no-untyped-def]
    return lambda entry: entry.fetched_at >= moment


def test_a_stored_answer_is_found_locally_and_by_other_processes(
    cache: AnswerCache, near: MemoryAnswers, store: AnswerStore
) -> None:
    entry = Entry("ok", {}, START)
    cache.put("key", entry)
    assert near.get("key") == store.get("key") == entry


def test_an_old_entry_near_does_not_hide_a_newer_one_of_another_process(
    cache: AnswerCache, near: MemoryAnswers, store: AnswerStore
) -> None:
    old, new = Entry("ok", {}, START - 100), Entry("ok", {}, START)
    near.put("key", old)
    store.put("key", new)
    assert cache.find("key", _newer_than(START - 50)) == new
    assert near.get("key") == new, "it is near from now on"
    assert cache.find("key", _newer_than(START + 50)) is None


class _Broken(MemoryAnswers):
    def get(self, key: str) -> Entry | None:
        raise StateUnavailable("the disk is full")

    def put(self, key: str, entry: Entry) -> bool:
        raise StateUnavailable("the disk is full")


def test_an_unavailable_store_is_a_miss_with_one_warning(
    near: MemoryAnswers, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    cache = AnswerCache(near, Fallback[AnswerStore](_Broken(clock), MemoryAnswers(clock), clock, "alone"))
    assert cache.find("key", _newer_than(0)) is None
    assert not cache.put("key", Entry("ok", {}, START)), "other processes do not find it"
    near.clear()
    assert cache.find("key", _newer_than(0)) is not None, "the stand-in has it"
    assert [record.getMessage() for record in caplog.records] == ["the disk is full: alone"]


class _Full(MemoryAnswers):
    def put(self, key: str, entry: Entry) -> bool:
        raise StateUnavailable("the disk is full")


class _Busy(MemoryAnswers):
    def get(self, key: str) -> Entry | None:
        raise StateBusy("another program has locked it")

    def get_many(self, keys: Collection[str]) -> dict[str, Entry]:
        raise StateBusy("another program has locked it")

    def put(self, key: str, entry: Entry) -> bool:
        raise StateBusy("another program has locked it")

    def forget(self, key: str) -> None:
        raise StateBusy("another program has locked it")

    def clear(self) -> int:
        raise StateBusy("another program has locked it")


def test_a_store_that_is_full_can_still_be_read(near: MemoryAnswers, clock: FakeClock) -> None:
    store, instead = _Full(clock), MemoryAnswers(clock)
    MemoryAnswers.put(store, "known", Entry("ok", {}, START))
    shared = Fallback[AnswerStore](store, instead, clock, "alone")
    cache = AnswerCache(near, shared, Fallback[AnswerStore](store, instead, clock, "not kept"))
    assert not cache.put("key", Entry("ok", {}, START))
    assert not cache.is_shared
    assert cache.find("known", _newer_than(0)) is not None


def test_a_locked_store_is_not_a_miss_and_has_no_stand_in(near: MemoryAnswers, clock: FakeClock) -> None:
    instead = MemoryAnswers(clock)
    cache = AnswerCache(near, Fallback[AnswerStore](_Busy(clock), instead, clock, "alone"))
    with pytest.raises(StateBusy):
        cache.find("key", _newer_than(0))
    assert cache.find_many(["key"], _newer_than(0)) == {}
    assert not cache.put("key", Entry("ok", {}, START))
    assert instead.get("key") is None
    assert cache.find("key", _newer_than(0)) is not None, "this process has it near"
    cache.forget("key")
    with pytest.raises(Unavailable, match="locked"):
        cache.clear()


def test_no_answer_is_accepted_or_kept_after_its_object_has_expired() -> None:
    entry = Entry("ok", {"expires": "2026-01-02T03:05:05Z"}, START)
    assert FRESHNESS.will_do(entry, START + 59, 9000)
    assert not FRESHNESS.will_do(entry, START + 60, 9000)
    assert FRESHNESS.longest_s(entry) == 60
    assert FRESHNESS.longest_s(entry._replace(fetched_at=START + 90)) == 1
    # An expiry in another form was not stored by us, so the answer has none to rely on.
    assert not FRESHNESS.will_do(entry._replace(report={"expires": "1"}), START, 9000)
