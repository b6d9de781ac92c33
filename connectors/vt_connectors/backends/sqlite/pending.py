"""The queue for all processes of a machine, in the cache's file.

Processes of an earlier version without a queue may have made the file and still use it. They ignore its tables. So
the tables are made when they are first needed, and the file's version stays the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from ...clock import Clock
from ...pending.queue import LONGEST_S, MOST_KEY_CHARACTERS, PendingLookup
from . import sqlite3
from .file import SqliteFile

_TABLES = (
    "CREATE TABLE IF NOT EXISTS pending (version TEXT NOT NULL, key TEXT NOT NULL, queued_at REAL NOT NULL, "
    "bits INTEGER NOT NULL, PRIMARY KEY (version, key))",
    "CREATE INDEX IF NOT EXISTS pending_queued_at ON pending (version, queued_at)",
    "CREATE TABLE IF NOT EXISTS pending_refused (version TEXT PRIMARY KEY, count INTEGER NOT NULL)",
)
# SQLite before 3.32 takes no more than 999 variables.
_KEYS_AT_ONCE = 500
_IS_THERE = "SELECT 1 FROM sqlite_master WHERE name = 'pending_refused'"


class SqlitePending:
    """`version`: of the API. Entries of another version are not seen."""

    def __init__(self, file: SqliteFile, clock: Clock, version: str) -> None:
        self._file = file
        self._clock = clock
        self._version = version

    def put_many(self, wanted: Mapping[str, int], most: int, refused: int = 0) -> set[str]:
        def work(db: sqlite3.Connection) -> set[str]:
            _make_tables(db)
            self._forget_old(db)
            known = self._known(db, iter(wanted))
            more = [(bits, self._version, key) for key, bits in wanted.items() if bits & ~known.get(key, bits)]
            db.executemany("UPDATE pending SET bits = bits | ? WHERE version = ? AND key = ?", more)
            others = [key for key in wanted if key not in known]
            new = others[: self._room(db, most, len(others))]
            now = self._clock.now()
            rows = [(self._version, key, now, wanted[key]) for key in new]
            db.executemany("INSERT INTO pending VALUES (?, ?, ?, ?)", rows)
            self._refuse(db, refused + len(others) - len(new))
            return {*known, *new}

        return self._file.write(work)

    def _known(self, db: sqlite3.Connection, keys: Iterator[str]) -> dict[str, int]:
        """The bits of the keys that are queued."""
        found: dict[str, int] = {}
        while some := list(islice(keys, _KEYS_AT_ONCE)):
            marks = ", ".join("?" * len(some))
            query = f"SELECT key, CAST(bits AS INTEGER) FROM pending WHERE version = ? AND key IN ({marks})"  # noqa: S608
            found.update(db.execute(query, (self._version, *some)).fetchall())
        return found

    def _room(self, db: sqlite3.Connection, most: int, count: int) -> int:
        """For how many of `count` entries there is room."""
        if count:
            # An upper bound of the number of entries, without counting them.
            span = "SELECT (SELECT max(rowid) FROM pending) - (SELECT min(rowid) FROM pending) + 1"
            if (db.execute(span).fetchone()[0] or 0) + count > most:
                return max(0, most - self._count(db))
        return count

    def _refuse(self, db: sqlite3.Connection, count: int) -> None:
        if count:
            db.execute("INSERT OR IGNORE INTO pending_refused VALUES (?, 0)", (self._version,))
            statement = "UPDATE pending_refused SET count = count + ? WHERE version = ?"
            db.execute(statement, (count, self._version))

    def oldest(self, count: int) -> list[PendingLookup]:
        query = (
            "SELECT key, CAST(queued_at AS REAL), CAST(bits AS INTEGER) FROM pending "
            "WHERE version = ? AND queued_at >= ? AND length(key) <= ? "
            "ORDER BY queued_at, rowid LIMIT ?"
        )
        values = (self._version, self._since(), MOST_KEY_CHARACTERS, count)
        rows = self._file.read(lambda db: db.execute(query, values).fetchall() if _has_tables(db) else [])
        return [PendingLookup(str(key), queued_at, bits) for key, queued_at, bits in rows]

    def remove(self, entry: PendingLookup) -> None:
        def work(db: sqlite3.Connection) -> None:
            if _has_tables(db):
                values = (self._version, entry.key, entry.parts_mask)
                db.execute("DELETE FROM pending WHERE version = ? AND key = ? AND bits = ?", values)

        self._file.write(work)

    def clear(self) -> int:
        def work(db: sqlite3.Connection) -> int:
            if not _has_tables(db):
                return 0
            self._forget_old(db)
            db.execute("DELETE FROM pending_refused WHERE version = ?", (self._version,))
            return db.execute("DELETE FROM pending WHERE version = ?", (self._version,)).rowcount

        return self._file.write(work)

    def stats(self) -> dict[str, Any]:
        def work(db: sqlite3.Connection) -> tuple[int, float | None, int]:
            if not _has_tables(db):
                return 0, None, 0
            query = "SELECT count(*), CAST(min(queued_at) AS REAL) FROM pending WHERE version = ? AND queued_at >= ?"
            entries, since = db.execute(query, (self._version, self._since())).fetchone()
            refused = db.execute("SELECT count FROM pending_refused WHERE version = ?", (self._version,)).fetchone()
            return entries, since, refused[0] if refused else 0

        entries, since, refused = self._file.read(work)
        return {"entries": entries, "refused": refused, "since": since}

    def _since(self) -> float:
        return self._clock.now() - LONGEST_S

    def _forget_old(self, db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM pending WHERE version = ? AND queued_at < ?", (self._version, self._since()))

    def _count(self, db: sqlite3.Connection) -> int:
        return int(db.execute("SELECT count(*) FROM pending WHERE version = ?", (self._version,)).fetchone()[0])


def _has_tables(db: sqlite3.Connection) -> bool:
    return db.execute(_IS_THERE).fetchone() is not None


def _make_tables(db: sqlite3.Connection) -> None:
    if not _has_tables(db):
        for statement in _TABLES:
            db.execute(statement)
