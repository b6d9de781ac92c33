"""Answers in the file that all processes of a machine share."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice

from ...cache.entry import COPY, MAX_STORED_BYTES, Entry, TooLargeToKeep
from ...clock import Clock
from ...light_typing import Any
from ...state import checksum_number
from . import sqlite3
from .file import SqliteFile

SCHEMA = """
CREATE TABLE answer (key TEXT PRIMARY KEY, content BLOB NOT NULL, status TEXT NOT NULL,
                     fetched_at REAL NOT NULL, used_at REAL NOT NULL);
CREATE INDEX answer_used_at ON answer (used_at)
"""
# Content that is larger than any of ours is not read.
_CONTENT = f"CASE WHEN length(content) <= {MAX_STORED_BYTES + 4} THEN content END, CAST(used_at AS REAL)"
_COUNT = "SELECT count(*) FROM answer WHERE status <> ?"
# A read updates `used_at` at most this often, so that most reads write nothing.
_MARK_USED_EVERY_S = 3600.0
# SQLite before 3.32 takes no more than 999 variables.
_KEYS_AT_ONCE = 500
# The size is checked every so many writes. If it is too large, entries are deleted down to this part, in steps.
_CHECK_EVERY = 64
_KEEP_PART = 0.9
_EVICT_STEP = 200
# Later writes delete the rest, because other processes wait meanwhile.
_MOST_STEPS = 10


def row_content(key: str, entry: Entry) -> bytes:
    """The content of the row of `key`, which is valid in this row only."""
    content = entry.to_bytes()
    return content + _row_checksum(key, content)


def entry_in_row(key: str, content: object) -> Entry:
    """Raises `ValueError` for anything that `row_content` did not make for `key`.

    A damaged index can lead to the row of another key, and SQLite does not detect that.
    """
    if not isinstance(content, bytes) or content[-4:] != _row_checksum(key, stored := content[:-4]):
        raise ValueError(f"not the answer of {key}")
    return Entry.from_bytes(stored)


def _row_checksum(key: str, content: bytes) -> bytes:
    return checksum_number(content, key).to_bytes(4, "big")


class SqliteAnswers:
    """Evicts the least recently used answers at `max_bytes`. The time of use is updated once an hour at most."""

    def __init__(self, file: SqliteFile, clock: Clock, max_bytes: int) -> None:
        self._file = file
        self._clock = clock
        self._max_bytes = max_bytes
        self._writes = 0

    def get(self, key: str) -> Entry | None:
        row = self._file.read(
            lambda db: db.execute(f"SELECT {_CONTENT} FROM answer WHERE key = ?", (key,)).fetchone()  # noqa: S608
        )
        if row is None:
            return None
        try:
            entry = entry_in_row(key, row[0])
        except ValueError:
            self.forget(key)
            return None
        if self._is_mark_due(row[1]):
            self._mark_used([key])
        return entry

    def get_many(self, keys: Collection[str]) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        to_mark = []
        for key, content, used_at in self._rows(iter(keys)):
            try:
                found[key] = entry_in_row(key, content)
            except ValueError:
                self.forget(key)
                continue
            if self._is_mark_due(used_at):
                to_mark.append(key)
        if to_mark:
            self._mark_used(to_mark)
        return found

    def _rows(self, keys: Iterator[str]) -> Iterator[tuple[str, bytes, float | None]]:
        while some := list(islice(keys, _KEYS_AT_ONCE)):
            marks = ", ".join("?" * len(some))
            query = f"SELECT key, {_CONTENT} FROM answer WHERE key IN ({marks})"  # noqa: S608
            yield from self._file.read(lambda db: db.execute(query, some).fetchall())  # noqa: B023  # used before the next round

    def _is_mark_due(self, used_at: float | None) -> bool:
        return not abs(self._clock.now() - (used_at or 0.0)) <= _MARK_USED_EVERY_S

    def _mark_used(self, keys: Collection[str]) -> None:
        """Update `used_at`. A read must not wait for a lock or fail because of it."""
        keys = list(keys)
        for some in (keys[at : at + _KEYS_AT_ONCE] for at in range(0, len(keys), _KEYS_AT_ONCE)):
            marks = ", ".join("?" * len(some))
            statement = f"UPDATE answer SET used_at = ? WHERE key IN ({marks})"  # noqa: S608
            self._file.execute_if_free(statement, [self._clock.now(), *some])

    def put(self, key: str, entry: Entry) -> bool:
        try:
            row = (key, row_content(key, entry), entry.listed_as, entry.fetched_at, self._clock.now())
        except TooLargeToKeep:
            self.forget(key)
            return False
        self._file.execute("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?)", row)
        if self._writes % _CHECK_EVERY == 0:
            self._file.write(self._evict)
        self._writes += 1
        return True

    def _evict(self, db: sqlite3.Connection) -> None:
        if _used_bytes(db) <= self._max_bytes:
            return
        for _ in range(_MOST_STEPS):
            if _used_bytes(db) <= self._max_bytes * _KEEP_PART:
                return
            gone = db.execute(
                "DELETE FROM answer WHERE key IN (SELECT key FROM answer ORDER BY used_at LIMIT ?)",
                (_EVICT_STEP,),
            )
            if gone.rowcount == 0:
                return

    def forget(self, key: str) -> None:
        self._file.execute("DELETE FROM answer WHERE key = ?", (key,))

    def clear(self) -> int:
        count = int(self.stats()["entries"])
        self._file.execute("DELETE FROM answer", ())
        self._file.read(lambda db: db.execute("PRAGMA incremental_vacuum").fetchall())
        return count

    def keys(self, limit: int, begins: Collection[str] = ()) -> list[tuple[str, str, float]]:
        condition = " OR ".join(["substr(key, 1, ?) = ?"] * len(begins)) or "1"
        query = (
            "SELECT key, status, fetched_at FROM answer "  # noqa: S608
            f"WHERE status <> ? AND ({condition}) ORDER BY fetched_at DESC LIMIT ?"
        )
        values = [COPY, *(value for begin in begins for value in (len(begin), begin))]
        return self._file.read(lambda db: db.execute(query, [*values, limit]).fetchall())

    def stats(self) -> dict[str, Any]:
        count, used = self._file.read(lambda db: (db.execute(_COUNT, (COPY,)).fetchone()[0], _used_bytes(db)))
        return {"entries": count, "bytes": used, "max_bytes": self._max_bytes, "place": str(self._file.path)}


def _used_bytes(db: sqlite3.Connection) -> int:
    pages, free, size = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)
