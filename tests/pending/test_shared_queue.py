"""The queue in the core: written in groups; entries that cannot be written are neither lost nor reported as queued."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest

from tests.fake_clock import FakeClock
from vt_connectors.backends.memory.pending import MemoryPending
from vt_connectors.backends.sqlite.answers import SCHEMA
from vt_connectors.backends.sqlite.file import SqliteFile
from vt_connectors.backends.sqlite.pending import SqlitePending
from vt_connectors.pending import Pending, PendingLookup, PendingStore
from vt_connectors.state.fallback import StateUnavailable


class Store(MemoryPending):
    """`writes`: the keys of each write. With `is_out` it cannot be used; `held` blocks a write."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.writes: list[list[str]] = []
        self.is_out = False
        self.held: threading.Event | None = None
        self.began = threading.Event()

    def put_many(self, wanted: Mapping[str, int], most: int, refused: int = 0) -> set[str]:
        self._look()
        self.writes.append(list(wanted))
        self.began.set()
        if self.held is not None:
            assert self.held.wait(60)
        return super().put_many(wanted, most, refused)

    def oldest(self, count: int) -> list[PendingLookup]:
        self._look()
        return super().oldest(count)

    def _look(self) -> None:
        if self.is_out:
            raise StateUnavailable("it is locked")


@pytest.fixture
def memory(clock: FakeClock) -> Store:
    return Store(clock)


def queue_of(store: PendingStore, clock: FakeClock, most: int = 100) -> Pending:
    return Pending(lambda: store, most, clock)


def names(numbers: Collection[int]) -> list[str]:
    return [f"ip:{number}" for number in numbers]


def test_a_put_says_whether_the_key_is_in_the_queue(memory: Store, clock: FakeClock) -> None:
    queue = queue_of(memory, clock, 3)
    assert set(queue.put_many(names(range(5)), ())) == set(names(range(3)))
    assert [queue.put(key, ()) for key in names(range(5))] == [True, True, True, False, False]


def test_with_no_room_nothing_is_put(memory: Store, clock: FakeClock) -> None:
    queue = queue_of(memory, clock, 0)
    assert not queue.put("ip:1", ())
    assert list(queue.put_many(names(range(3)), ())) == []
    queue.flush()
    assert memory.writes == []


def test_a_full_queue_is_read_once_a_second_and_the_count_is_right(memory: Store, clock: FakeClock) -> None:
    queue = queue_of(memory, clock, 3)
    queue.put_many(names(range(4)), ())
    writes = len(memory.writes)
    for number in range(500):
        assert queue.put(f"ip:{number}", ()) is (number < 3)
    assert len(memory.writes) == writes
    queue.flush()
    assert memory.stats() == {"entries": 3, "refused": 498, "since": clock.now()}
    clock.advance(1.01)
    memory.remove(memory.oldest(1)[0])
    assert queue.put("ip:99", ()), "there is room again"


def test_added_parts_of_an_entry_in_a_full_queue_are_written(memory: Store, clock: FakeClock) -> None:
    queue = queue_of(memory, clock, 2)
    queue.put_many(names(range(3)), ())
    assert queue.put("ip:1", ["raw"])
    assert [sorted(entry.parts) for entry in memory.oldest(9)] == [[], ["raw"]]


def test_unwritable_entries_are_not_reported_as_queued_and_written_later(
    memory: Store, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    queue = queue_of(memory, clock)
    memory.is_out = True
    assert [queue.put(key, ["raw"]) for key in names(range(3))] == [False] * 3
    memory.is_out = False
    assert not queue.put("ip:3", ()), "not tried again at once: each try may take long"
    clock.advance(11)
    assert queue.put("ip:4", ())
    assert [entry.key for entry in memory.oldest(9)] == names(range(5))
    assert [sorted(entry.parts) for entry in memory.oldest(9)] == [["raw"]] * 3 + [[], []]
    assert len(caplog.messages) == 1
    assert "stay in memory until the queue can be written" in caplog.text


def test_the_end_of_a_batch_writes_what_could_not_be_written(memory: Store, clock: FakeClock) -> None:
    queue = queue_of(memory, clock)
    memory.is_out = True
    queue.put_many(names(range(3)), ())
    memory.is_out = False
    queue.flush()
    assert [entry.key for entry in memory.oldest(9)] == names(range(3))
    queue.flush()
    assert len(memory.writes) == 1


def test_entries_that_stay_unwritten_are_reported(
    memory: Store, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    queue = queue_of(memory, clock)
    memory.is_out = True
    queue.put_many(names(range(3)), ())
    queue.flush()
    assert len(caplog.messages) == 2
    assert caplog.messages[1] == "the queue cannot be written; refused lookups that are not queued: 3"


def test_no_more_is_kept_in_memory_than_the_queue_takes(memory: Store, clock: FakeClock) -> None:
    queue = queue_of(memory, clock, 4)
    memory.is_out = True
    for number in range(50):
        queue.put(f"ip:{number}", ())
    memory.is_out = False
    queue.flush()
    assert [entry.key for entry in memory.oldest(99)] == names(range(4))


def test_clear_also_forgets_entries_in_memory(memory: Store, clock: FakeClock) -> None:
    queue = queue_of(memory, clock)
    memory.is_out = True
    queue.put("ip:1", ())
    memory.is_out = False
    queue.clear()
    queue.flush()
    assert memory.writes == []


def test_entries_that_arrive_during_a_write_are_written_together(memory: Store, clock: FakeClock) -> None:
    queue = queue_of(memory, clock, 5)
    memory.held = threading.Event()
    answers: dict[str, bool] = {}

    def put(key: str) -> None:
        answers[key] = queue.put(key, ())

    threads = [threading.Thread(target=put, args=(key,)) for key in names(range(9))]
    threads[0].start()
    assert memory.began.wait(60)
    for thread in threads[1:]:
        thread.start()
    while len(queue._puts) < 8:
        assert all(thread.is_alive() for thread in threads)
    memory.held.set()
    for thread in threads:
        thread.join()
    assert [len(write) for write in memory.writes] == [1, 8]
    assert {key for key, queued in answers.items() if queued} == {entry.key for entry in memory.oldest(9)}
    assert sum(answers.values()) == 5


def test_an_answered_entry_of_this_process_leaves_the_queue(memory: Store, clock: FakeClock) -> None:
    queue, another = queue_of(memory, clock), queue_of(memory, clock)
    for key, parts in (("ip:1", ()), ("ip:2", ("raw",)), ("ip:3", ())):
        queue.put(key, parts)
    another.put("ip:3", ("raw",))
    another.put("ip:4", ())
    for key in names(range(1, 5)):
        queue.answered(key, ())
    assert [entry.key for entry in memory.oldest(9)] == ["ip:2", "ip:3", "ip:4"]


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Another program, such as a backup, which may lock the state file."""
    SqlitePending(SqliteFile(tmp_path / "state.db", SCHEMA, "WAL"), FakeClock(), "3").put_many({"ip:0": 0}, 9)
    other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def test_a_locked_file_loses_nothing(
    tmp_path: Path, clock: FakeClock, locked: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    file = SqliteFile(tmp_path / "state.db", SCHEMA, "WAL", patience_s=0.02)
    store = SqlitePending(file, clock, "3")
    queue = queue_of(store, clock)
    with caplog.at_level(logging.WARNING):
        assert [queue.put(key, ()) for key in names(range(3))] == [False] * 3
    assert "locked" in caplog.text
    locked.execute("ROLLBACK")
    queue.flush()
    assert [entry.key for entry in store.oldest(9)] == names(range(3))
