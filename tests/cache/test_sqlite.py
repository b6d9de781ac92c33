"""Answers in SQLite: the size of the file, and damaged rows."""

from __future__ import annotations

import re
import secrets
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_clock import START, FakeClock
from vt_connectors.backends.sqlite.answers import SCHEMA, SqliteAnswers
from vt_connectors.backends.sqlite.file import SqliteFile
from vt_connectors.cache import Entry

MEGABYTE = 1 << 20


def _large() -> Entry:
    return Entry("ok", {"raw": secrets.token_hex(8192)}, START)


def test_recently_used_answers_survive_in_a_full_file(file: SqliteFile, clock: FakeClock) -> None:
    store = SqliteAnswers(file, clock, 4 * MEGABYTE)
    store.put("dear", _large())
    for number in range(1200):
        clock.advance(60)
        store.put(f"key {number}", _large())
        if number % 100 == 0:
            assert store.get("dear") is not None
    stats = store.stats()
    assert stats["bytes"] < 5.5 * MEGABYTE
    assert store.get("dear") is not None
    assert store.get("key 1199") is not None
    assert store.get("key 1") is None


def test_a_smaller_size_is_reached_step_by_step(file: SqliteFile, clock: FakeClock) -> None:
    store = SqliteAnswers(file, clock, 1 << 30)
    for number in range(3000):
        store.put(f"key {number}", Entry("ok", {"raw": secrets.token_hex(512)}, START))
    before = store.stats()["entries"]
    smaller = SqliteAnswers(file, clock, MEGABYTE)
    smaller.put("a", Entry("ok", {}, START))
    assert 0 < store.stats()["entries"] < before
    for number in range(130):
        smaller.put(f"b {number}", Entry("ok", {}, START))
    assert smaller.stats()["bytes"] <= MEGABYTE


def test_clearing_gives_the_space_back(file: SqliteFile, clock: FakeClock) -> None:
    store = SqliteAnswers(file, clock, 1 << 30)
    for number in range(200):
        store.put(f"key {number}", _large())
    full = store.stats()["bytes"]
    store.clear()
    assert store.stats()["bytes"] < full / 10


@pytest.mark.parametrize(
    "change",
    [
        "content = x'00'",
        "content = zeroblob(100)",
        "content = 'text'",
        "content = substr(content, 1, length(content) / 2)",
        "content = 17",
        "used_at = 'never'",
        "used_at = x'ff'",
        "used_at = 9e999",
    ],
)
def test_a_damaged_row_is_a_miss_or_intact_and_can_be_replaced(file: SqliteFile, clock: FakeClock, change: str) -> None:
    store = SqliteAnswers(file, clock, 1 << 30)
    entry = _large()
    store.put("key", entry)
    file.write(lambda db: db.execute(f"UPDATE answer SET {change}"))
    assert store.get("key") == (None if change.startswith("content") else entry)
    store.put("key", entry)
    assert store.get("key") == entry
    file.write(lambda db: db.execute(f"UPDATE answer SET {change}"))
    store.put("other", entry)
    assert store.get_many(["key", "other"]) == {
        key: entry for key in ("key", "other") if key == "other" or not change.startswith("content")
    }


def _hit(path: Path, key: str, other: str) -> Iterator[bytes]:
    """The file with `key` changed to `other`: in the row, and in the index."""
    content, old = path.read_bytes(), key.encode()
    places = [found.start() for found in re.finditer(re.escape(old), content)]
    assert len(places) == 2
    for place in places:
        yield content[:place] + other.encode() + content[place + len(old) :]


def test_a_row_with_a_damaged_key_is_not_the_answer_of_another_key(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "state.db"
    whole = SqliteFile(path, SCHEMA, "WAL")
    SqliteAnswers(whole, clock, 1 << 30).put("v3:ip:8.8.8.8", Entry("ok", {"indicator": "8.8.8.8"}, START))
    whole.close_all()
    for content in _hit(path, "v3:ip:8.8.8.8", "v3:ip:8.8.8.9"):
        path.write_bytes(content)
        file = SqliteFile(path, SCHEMA, "WAL")
        store = SqliteAnswers(file, clock, 1 << 30)
        assert store.get_many(["v3:ip:8.8.8.9"]) == {}
        assert store.get("v3:ip:8.8.8.9") is None
        file.close_all()


def test_anothers_row_is_not_the_answer(file: SqliteFile, clock: FakeClock) -> None:
    store = SqliteAnswers(file, clock, 1 << 30)
    for key in ("a", "b"):
        store.put(key, Entry("ok", {"indicator": key}, START))

    others = "SELECT content FROM answer WHERE key = 'b'"
    file.execute(f"UPDATE answer SET content = ({others}) WHERE key = 'a'", ())
    assert store.get("a") is None
    assert store.get_many(["a", "b"]) == {"b": Entry("ok", {"indicator": "b"}, START)}


def test_reading_many_marks_them_used_once_an_hour(file: SqliteFile, clock: FakeClock) -> None:
    store = SqliteAnswers(file, clock, 1 << 30)

    def used_at(key: str) -> float:
        return float(file.read(lambda db: db.execute("SELECT used_at FROM answer WHERE key = ?", (key,)).fetchone()[0]))

    store.put("a", Entry("ok", {}, START))
    clock.advance(3000)
    store.put("b", Entry("ok", {}, START))
    clock.advance(3000)
    store.get_many(["a", "b"])
    assert (used_at("a"), used_at("b")) == (START + 6000, START + 3000)


@pytest.mark.parametrize(
    "text",
    [b'["ok",{},null]', b'["ok",[],1]', b'["bad",{},1]', b"[]", b'["ok",{},"x"]', b'["ok",{},1]2', b"{", b"\xff"],
)
def test_bytes_that_are_not_an_entry_are_rejected(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Entry.from_bytes(zlib.compress(text))


@pytest.mark.parametrize("names", [3, 300])
def test_a_changed_digit_is_not_an_answer(names: int) -> None:
    content = Entry("ok", {"reputation": 98765, "names": [f"a{number}" for number in range(names)]}, START).to_bytes()
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1
        with pytest.raises(ValueError, match="not a cache entry"):
            Entry.from_bytes(bytes(damaged))
