"""The queue for all processes of a machine, in the cache's file.

The file may have been made by a version that knew of no queue, and processes of that version may be using it: they
lose nothing by tables that they do not look at. So these are made by who needs them, and the file's version, which says
what all must understand, stays as it is.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from ..clock import Clock
from ..state.sqlite_file import SqliteFile
from .queue import LONGEST_S, Wanted

_TABLES = (
    "CREATE TABLE IF NOT EXISTS pending (version TEXT NOT NULL, key TEXT NOT NULL, queued_at REAL NOT NULL, "
    "bits INTEGER NOT NULL, PRIMARY KEY (version, key))",
    "CREATE INDEX IF NOT EXISTS pending_queued_at ON pending (version, queued_at)",
    "CREATE TABLE IF NOT EXISTS pending_refused (version TEXT PRIMARY KEY, count INTEGER NOT NULL)",
)
_IS_THERE = "SELECT 1 FROM sqlite_master WHERE name = 'pending_refused'"


class SqlitePending:
    """`version`: the API's. Entries of another are not seen."""

    def __init__(self, file: SqliteFile, clock: Clock, version: str) -> None:
        self._file = file
        self._clock = clock
        self._version = version

    def put(self, key: str, bits: int, most: int) -> bool:
        def work(db: sqlite3.Connection) -> bool:
            _make_tables(db)
            self._forget_old(db)
            here = (self._version, key)
            if db.execute("UPDATE pending SET bits = bits | ? WHERE version = ? AND key = ?", (bits, *here)).rowcount:
                return True
            if self._count(db) >= most:
                db.execute("INSERT OR IGNORE INTO pending_refused VALUES (?, 0)", here[:1])
                db.execute("UPDATE pending_refused SET count = count + 1 WHERE version = ?", here[:1])
                return False
            db.execute("INSERT INTO pending VALUES (?, ?, ?, ?)", (*here, self._clock.now(), bits))
            return True

        return self._file.write(work)

    def oldest(self, count: int) -> list[Wanted]:
        query = (
            "SELECT key, CAST(queued_at AS REAL), CAST(bits AS INTEGER) FROM pending "
            "WHERE version = ? AND queued_at >= ? ORDER BY queued_at, rowid LIMIT ?"
        )
        values = (self._version, self._since(), count)
        rows = self._file.read(lambda db: db.execute(query, values).fetchall() if _has_tables(db) else [])
        return [Wanted(str(key), queued_at, bits) for key, queued_at, bits in rows]

    def remove(self, entry: Wanted) -> None:
        def work(db: sqlite3.Connection) -> None:
            if _has_tables(db):
                values = (self._version, entry.key, entry.bits)
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
