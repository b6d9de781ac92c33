"""Leases for all processes of a machine, in a separate file.

While another program locks the file of the cache, for a backup, processes still exchange leases and results here. The
quota's file, which must survive a power failure, is too slow for that.
"""

from __future__ import annotations

from collections.abc import Collection

from ...clock import Clock
from ...coalescing.leases import (
    ABANDONED_S,
    MOST_CHARACTERS,
    RESULT_LEFT_S,
    SWEEP_EVERY,
    Lease,
    Result,
    Seen,
    may_replace,
)
from . import sqlite3
from .file import SqliteFile

# `ends`: epoch seconds after which the row may be swept. Nothing else depends on the clock.
SCHEMA = """
CREATE TABLE lease (key TEXT PRIMARY KEY, token TEXT NOT NULL, account TEXT NOT NULL, beat INTEGER NOT NULL,
                    waiting INTEGER NOT NULL, result TEXT, ends REAL NOT NULL);
CREATE INDEX lease_ends ON lease (ends)
"""
_ROW = "VALUES (?, ?, ?, ?, ?, NULL, ?)"


class SqliteLeases:
    """Raises `StateBusy` if another program holds the file's lock."""

    def __init__(self, file: SqliteFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._results = 0

    def claim(self, key: str, lease: Lease, dead: Lease | None = None) -> Seen:
        row = (key, lease.token, lease.account, lease.beat, int(lease.waiting), self._clock.now() + ABANDONED_S)
        # The key is nearly always free; only an existing lease has to be read.
        if self._execute(f"INSERT OR IGNORE INTO lease {_ROW}", *row):  # our own text
            return Seen(lease, True)

        def work(db: sqlite3.Connection) -> Seen:
            found = _find(db, key)
            if found is not None and not may_replace(found, dead):
                return Seen(found, False)
            db.execute(f"INSERT OR REPLACE INTO lease {_ROW}", row)  # as above
            return Seen(lease, True, found)

        return self._file.write(work)

    def peek(self, key: str) -> Lease | None:
        return self._file.read(lambda db: _find(db, key))

    def waiting(self, key: str, token: str, waiting: bool) -> None:
        statement = "UPDATE lease SET waiting = ?, beat = beat + 1 WHERE key = ? AND token = ? AND result IS NULL"
        self._execute(statement, int(waiting), key, token)

    def release(self, key: str, token: str, result: Result | None, left_s: float = RESULT_LEFT_S) -> None:
        if result is None:
            self._execute("DELETE FROM lease WHERE key = ? AND token = ?", key, token)
            return
        statement = "UPDATE lease SET result = ?, ends = ? WHERE key = ? AND token = ? AND result IS NULL"
        self._execute(statement, result.to_text(key), self._clock.now() + left_s, key, token)
        self._results += 1
        if self._results % SWEEP_EVERY == 1:
            # Most of these keys are not looked up again.
            self._execute("DELETE FROM lease WHERE ends < ?", self._clock.now())

    def renew(self, tokens: Collection[str]) -> None:
        marks = ", ".join("?" * len(tokens))
        self._execute(
            f"UPDATE lease SET beat = beat + 1, ends = ? WHERE token IN ({marks}) AND result IS NULL",  # noqa: S608
            self._clock.now() + ABANDONED_S,
            *tokens,
        )

    def _execute(self, statement: str, *values: object) -> int:
        return self._file.execute(statement, values)


def _find(db: sqlite3.Connection, key: str) -> Lease | None:
    """The key's lease. A damaged row is read as the lease of a finished holder without a usable result."""
    columns = (
        "CAST(token AS BLOB), CAST(account AS BLOB), beat, CAST(waiting AS INTEGER), "
        f"CASE WHEN length(CAST(result AS BLOB)) <= {MOST_CHARACTERS} THEN CAST(result AS BLOB) "
        "WHEN result IS NOT NULL THEN X'' END"
    )
    row = db.execute(f"SELECT {columns} FROM lease WHERE key = ?", (key,)).fetchone()  # noqa: S608  # our own text
    if row is None:
        return None
    token, account, beat, waiting, result = row
    if not isinstance(beat, int):
        return Lease(_text(token), result=Result())
    left = None if result is None else Result.from_text(key, _text(result))
    return Lease(_text(token), _text(account), beat, bool(waiting), left)


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")
