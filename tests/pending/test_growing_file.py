"""A state file of a version without a queue gets one and loses nothing, even while that version uses it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.fake_clock import START, FakeClock
from tests.state.files import DAMAGES, settle
from vt_connectors.backends.sqlite.answers import SCHEMA, SqliteAnswers
from vt_connectors.backends.sqlite.file import SqliteFile
from vt_connectors.backends.sqlite.pending import SqlitePending
from vt_connectors.cache import Entry

FOUND = Entry("ok", {"type": "ip"}, START)


class Before:
    """The parts of a version without a queue, in use."""

    def __init__(self, path: Path, clock: FakeClock) -> None:
        file = SqliteFile(path, SCHEMA, "WAL")
        self.answers = SqliteAnswers(file, clock, 1 << 30)
        self.answers.put("v3:ip:8.8.8.8", FOUND)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def tables(path: Path) -> set[str]:
    connection = sqlite3.connect(path)
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    return names


def version(path: Path) -> int:
    connection = sqlite3.connect(path)
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return found


def test_the_file_gets_a_queue_and_its_users_continue(path: Path, clock: FakeClock) -> None:
    before = Before(path, clock)
    assert "pending" not in tables(path)
    inode = path.stat().st_ino
    queue = SqlitePending(SqliteFile(path, SCHEMA, "WAL"), clock, "3")
    assert (queue.oldest(9), queue.stats()["entries"]) == ([], 0)
    assert "pending" not in tables(path), "a reader changes nothing"
    assert queue.put_many({"ip:7.7.7.7": 0}, 9)
    assert before.answers.get("v3:ip:8.8.8.8") == FOUND
    before.answers.put("v3:ip:1.1.1.1", FOUND)
    assert [entry.key for entry in queue.oldest(9)] == ["ip:7.7.7.7"]
    assert path.stat().st_ino == inode
    assert version(path) == 1, "the version before refuses what is newer"
    assert [entry.name for entry in path.parent.glob("*.bad-*")] == []


def test_an_earlier_version_can_still_use_the_file(path: Path, clock: FakeClock) -> None:
    SqlitePending(SqliteFile(path, SCHEMA, "WAL"), clock, "3").put_many({"ip:7.7.7.7": 0}, 9)
    before = Before(path, clock)
    assert before.answers.get("v3:ip:8.8.8.8") == FOUND


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_a_damaged_file_is_made_again_with_a_queue_that_works(path: Path, clock: FakeClock, damage: str) -> None:
    queue = SqlitePending(SqliteFile(path, SCHEMA, "WAL"), clock, "3")
    for number in range(200):
        queue.put_many({f"ip:{number}": 0}, 999)
    settle(path)
    DAMAGES[damage](path)
    fresh = SqlitePending(SqliteFile(path, SCHEMA, "WAL"), clock, "3")
    fresh.put_many({"ip:after": 0}, 999)
    assert "ip:after" in [entry.key for entry in fresh.oldest(999)]


def test_a_table_made_in_part_is_completed(path: Path, clock: FakeClock) -> None:
    queue = SqlitePending(SqliteFile(path, SCHEMA, "WAL"), clock, "3")
    queue.put_many({"ip:1": 0}, 9)
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE pending_refused")
    connection.commit()
    connection.close()
    assert queue.oldest(9) == []
    assert queue.put_many({"ip:2": 0}, 9)
    assert [entry.key for entry in queue.oldest(9)] == ["ip:1", "ip:2"]
