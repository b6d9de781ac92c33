"""The contract of every answer store."""

from __future__ import annotations

import threading

import pytest

from tests.fake_clock import START
from vt_connectors.cache.entry import AnswerStore, Entry

FOUND = Entry("ok", {"type": "hash", "stats": {"malicious": 3}, "names": ["a"]}, START)


@pytest.mark.parametrize(
    "entry",
    [
        FOUND,
        Entry("not_found", {"type": "url", "indicator": "http://example.com/"}, START - 0.5),
        Entry("ok", {"names": ["Übung\u2028\x00", "\ud800 alone", "😀"], "raw": {"a": [None, 1.5, {}]}}, START),
        Entry("ok", {"raw": "".join(map(str, range(400_000)))}, START),
        FOUND._replace(awaits_scan=True),
        FOUND._replace(is_copy=True),
        FOUND._replace(awaits_scan=True, is_copy=True),
    ],
)
def test_an_entry_comes_back_as_it_was(store: AnswerStore, entry: Entry) -> None:
    store.put("key", entry)
    assert store.get("key") == entry


def test_an_unknown_key_is_a_miss(store: AnswerStore) -> None:
    assert store.get("key") is None


def test_the_later_entry_replaces_the_earlier(store: AnswerStore) -> None:
    store.put("key", FOUND)
    later = Entry("not_found", {}, START + 1)
    store.put("key", later)
    assert store.get("key") == later
    assert store.stats()["entries"] == 1


def test_clear_forgets_everything_and_counts_it(store: AnswerStore) -> None:
    for number in range(5):
        store.put(f"key {number}", FOUND)
    assert store.clear() == 5
    assert store.get("key 1") is None
    assert (store.clear(), store.stats()["entries"], store.keys(9)) == (0, 0, [])


def test_keys_lists_the_newest_first(store: AnswerStore) -> None:
    for number in (2, 0, 3, 1):
        store.put(f"key {number}", Entry("ok", {}, START + number))
    assert store.keys(2) == [("key 3", "ok", START + 3), ("key 2", "ok", START + 2)]


def test_copies_are_found_and_neither_listed_nor_counted(store: AnswerStore) -> None:
    copy = FOUND._replace(is_copy=True)
    store.put("key", FOUND)
    store.put("copy", copy)
    assert store.get("copy") == copy
    assert (store.keys(9), store.keys(9, ["cop"])) == ([("key", "ok", START)], [])
    assert store.stats()["entries"] == 1
    assert store.clear() == 1
    assert store.get("copy") is None


def test_many_threads_may_use_it_at_once(store: AnswerStore) -> None:
    def work(thread: int) -> None:
        for number in range(40):
            store.put(f"{thread} {number}", Entry("ok", {"number": number}, START))
            found = store.get(f"{thread} {number}")
            assert found is not None
            assert found.report == {"number": number}

    failures: list[BaseException] = []

    def guarded(thread: int) -> None:
        try:
            work(thread)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []
    assert store.stats()["entries"] == 320


def test_many_entries_are_read_at_once(store: AnswerStore) -> None:
    for number in range(1200):
        store.put(f"key {number}", Entry("ok", {"number": number}, START))
    found = store.get_many([f"key {number}" for number in range(100, 1300)])
    assert {key: entry.report["number"] for key, entry in found.items()} == {
        f"key {number}": number for number in range(100, 1200)
    }
    assert store.get_many([]) == {}
