"""The contract of every queue."""

from __future__ import annotations

import threading

import pytest

from tests.fake_clock import FakeClock
from vt_connectors.pending import PendingLookup, PendingStore
from vt_connectors.pending.queue import LONGEST_S, bits_of

MOST = 2500
DAY = 86400.0


def put(store: PendingStore, key: str, bits: int, most: int) -> bool:
    return key in store.put_many({key: bits}, most)


def keys(store: PendingStore) -> list[str]:
    return [entry.key for entry in store.oldest(9999)]


def wanted(store: PendingStore) -> list[tuple[str, list[str]]]:
    return [(entry.key, sorted(entry.parts)) for entry in store.oldest(9999)]


def test_the_first_entry_is_the_oldest(store: PendingStore, clock: FakeClock) -> None:
    for number in (3, 1, 2):
        assert put(store, f"ip:{number}", 0, MOST)
        clock.advance(1)
    assert keys(store) == ["ip:3", "ip:1", "ip:2"]
    assert [entry.key for entry in store.oldest(2)] == ["ip:3", "ip:1"]
    assert store.oldest(0) == []


def test_an_entry_comes_back_as_it_was(store: PendingStore, clock: FakeClock) -> None:
    key = "url:http://example.com/a:b?c=\u00fc%20'\"\\"
    put(store, key, bits_of(["raw"]), MOST)
    [entry] = store.oldest(5)
    assert (entry.key, entry.kind, entry.value) == (key, "url", key[4:])
    assert entry.parts == {"raw"}
    assert entry.queued_at == pytest.approx(clock.now(), abs=3)


def test_a_key_is_queued_once_in_its_first_place_with_all_parts(store: PendingStore, clock: FakeClock) -> None:
    for key, parts in (("a:1", []), ("a:2", []), ("a:1", ["raw"]), ("a:1", ["engines"]), ("a:1", [])):
        assert put(store, key, bits_of(parts), MOST)
        clock.advance(5)
    assert wanted(store) == [("a:1", ["engines", "raw"]), ("a:2", [])]
    assert store.stats()["entries"] == 2


def test_a_full_queue_refuses_the_newest_and_counts_it(store: PendingStore) -> None:
    assert [put(store, f"a:{number}", 0, 3) for number in range(5)] == [True, True, True, False, False]
    assert put(store, "a:1", 0, 3), "one that is there is no newer one"
    assert keys(store) == ["a:0", "a:1", "a:2"]
    assert (store.stats()["entries"], store.stats()["refused"]) == (3, 2)
    store.remove(store.oldest(1)[0])
    assert put(store, "a:4", 0, 3)
    assert store.stats()["refused"] == 2


def test_removed_entries_are_gone_and_may_be_put_again(store: PendingStore, clock: FakeClock) -> None:
    for key in ("a:1", "a:2"):
        put(store, key, bits_of(["raw"]), MOST)
        clock.advance(1)
    store.remove(store.oldest(1)[0])
    assert keys(store) == ["a:2"]
    put(store, "a:1", 0, MOST)
    assert wanted(store) == [("a:2", ["raw"]), ("a:1", [])]
    store.remove(PendingLookup("a:unknown", 0.0))
    assert len(keys(store)) == 2


def test_an_entry_stays_if_more_parts_were_requested_meanwhile(store: PendingStore) -> None:
    put(store, "a:1", 0, MOST)
    [seen] = store.oldest(1)
    put(store, "a:1", bits_of(["engines"]), MOST)
    store.remove(seen)
    [entry] = store.oldest(9)
    assert entry.parts == {"engines"}
    store.remove(entry)
    assert keys(store) == []


def test_old_entries_fall_out_and_make_room(store: PendingStore, clock: FakeClock) -> None:
    put(store, "a:old", bits_of(["raw"]), 2)
    clock.advance(LONGEST_S - DAY)
    put(store, "a:young", 0, 2)
    assert keys(store) == ["a:old", "a:young"]
    clock.advance(DAY + 60)
    assert keys(store) == ["a:young"]
    assert store.stats()["entries"] == 1
    assert put(store, "a:new", 0, 2)
    assert put(store, "a:old", 0, 3)
    assert wanted(store)[-1] == ("a:old", []), "what was wanted of it is forgotten too"


def test_stats_contain_the_time_of_the_oldest_entry(store: PendingStore, clock: FakeClock) -> None:
    assert store.stats() == {"entries": 0, "refused": 0, "since": None}
    put(store, "a:1", 0, MOST)
    put_at = clock.now()
    clock.advance(100)
    put(store, "a:2", 0, MOST)
    assert store.stats()["since"] == pytest.approx(put_at, abs=3)


def test_clear_forgets_everything_and_counts_it(store: PendingStore) -> None:
    assert store.clear() == 0
    for number in range(4):
        put(store, f"a:{number}", bits_of(["raw"]), 3)
    assert store.clear() == 3
    assert store.stats() == {"entries": 0, "refused": 0, "since": None}
    put(store, "a:1", 0, 3)
    assert wanted(store) == [("a:1", [])]


def test_many_threads_may_put_at_once(store: PendingStore) -> None:
    def work(thread: int) -> None:
        for number in range(20):
            put(store, f"a:{thread}-{number}", 0, MOST)
            put(store, f"a:shared-{number}", 0, MOST)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert store.stats()["entries"] == len(keys(store)) == 6 * 20 + 20


def test_many_are_put_at_once_in_their_order(store: PendingStore, clock: FakeClock) -> None:
    put(store, "a:1234", bits_of(["raw"]), MOST)
    clock.advance(1)
    many = {f"a:{number}": bits_of(["engines"] if number % 2 else []) for number in range(1300)}
    assert store.put_many(many, MOST) == many.keys()
    assert keys(store) == ["a:1234", *(key for key in many if key != "a:1234")]
    assert wanted(store)[0] == ("a:1234", ["raw"])
    assert {key: sorted(parts) for key, parts in wanted(store)}["a:7"] == ["engines"]
    assert store.put_many(many, MOST) == many.keys(), "they are there already"
    assert store.stats()["entries"] == 1300


def test_the_first_of_many_get_the_free_places(store: PendingStore) -> None:
    store.put_many({"a:1": 0, "a:2": 0}, 5)
    many = {f"a:{number}": 0 for number in range(9)}
    assert store.put_many(many, 5, refused=30) == {"a:0", "a:1", "a:2", "a:3", "a:4"}
    assert (store.stats()["entries"], store.stats()["refused"]) == (5, 34)
    assert store.put_many({f"b:{number}": 0 for number in range(1100)}, 5) == set()
    assert store.stats()["refused"] == 1134
    assert store.put_many({}, 5, refused=1) == set()
    assert store.stats()["refused"] == 1135
    assert store.put_many({}, 5) == set()


def test_more_than_the_room_are_put_into_an_empty_queue(store: PendingStore) -> None:
    many = {f"a:{number}": 0 for number in range(1100)}
    assert store.put_many(many, 700) == set(list(many)[:700])
    assert (store.stats()["entries"], store.stats()["refused"]) == (700, 400)


def test_more_parts_can_be_added_to_an_entry_of_a_full_queue(store: PendingStore) -> None:
    store.put_many({"a:1": 0, "a:2": bits_of(["raw"])}, 2)
    both = {"a:2": bits_of(["engines"]), "a:3": 0, "a:1": bits_of(["raw"])}
    assert store.put_many(both, 2) == {"a:1", "a:2"}
    assert sorted(wanted(store)) == [("a:1", ["raw"]), ("a:2", ["engines", "raw"])]
