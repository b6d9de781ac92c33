"""Leases: the right to ask for one key, held for as long as the holder lives."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection
from typing import NamedTuple, Protocol

from ..clock import Clock
from ..state.sqlite_file import SqliteFile

# Renewed every second; a holder silent for this long is dead.
LEASE_S = 4.0
# How long a failed holder's error is left for those who were waiting for it.
ERROR_LEFT_S = 5.0
# How many failures go by between two looks for what nobody needs any more.
_SWEEP_EVERY = 64


class Lease(NamedTuple):
    """A key's row. `waiting`: the holder waits for quota. `error`: how it failed, as JSON."""

    token: str
    expires: float
    waiting: bool = False
    error: str | None = None


class Seen(NamedTuple):
    """What a caller who wants to ask finds: it may (`mine`), or somebody's lease."""

    lease: Lease
    mine: bool


class LeaseBook(Protocol):
    """The port. Times are the clock's epoch seconds."""

    def claim(self, key: str, token: str) -> Seen:
        """Take the key unless a living holder has it. A failed one's lease may be taken."""

    def peek(self, key: str) -> Lease | None:
        """The key's lease if its holder lives, or its error is still there."""

    def waiting(self, key: str, token: str, waiting: bool) -> None:
        """The holder begins to wait for quota, or goes out after it."""

    def release(self, key: str, token: str, error: str | None) -> None:
        """The holder is done; `error` is left for those who wait."""

    def renew(self, tokens: Collection[str]) -> None:
        """The leases with these tokens live on."""


def _new(token: str, now: float) -> Lease:
    return Lease(token, now + LEASE_S)


def is_over(lease: Lease, now: float) -> bool:
    """A lease from the far future was left by a clock that has been set back since."""
    return not now <= lease.expires <= now + LEASE_S + ERROR_LEFT_S


def is_free(lease: Lease | None, now: float) -> bool:
    return lease is None or lease.error is not None or is_over(lease, now)


class MemoryLeases:
    """For the threads of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._leases: dict[str, Lease] = {}
        self._lock = threading.Lock()

    def claim(self, key: str, token: str) -> Seen:
        with self._lock:
            now, found = self._clock.now(), self._leases.get(key)
            if found is None or is_free(found, now):
                found = self._leases[key] = _new(token, now)
            return Seen(found, found.token == token)

    def peek(self, key: str) -> Lease | None:
        with self._lock:
            found = self._leases.get(key)
            return None if found is None or is_over(found, self._clock.now()) else found

    def waiting(self, key: str, token: str, waiting: bool) -> None:
        self._change(key, token, lambda lease: lease._replace(waiting=waiting))

    def release(self, key: str, token: str, error: str | None) -> None:
        expires = self._clock.now() + ERROR_LEFT_S
        self._change(key, token, lambda lease: lease._replace(error=error, expires=expires) if error else None)
        if len(self._leases) > 1000:
            self._sweep()

    def renew(self, tokens: Collection[str]) -> None:
        with self._lock:
            expires = self._clock.now() + LEASE_S
            for key, lease in self._leases.items():
                if lease.token in tokens and lease.error is None:
                    self._leases[key] = lease._replace(expires=expires)

    def _change(self, key: str, token: str, change: _Change) -> None:
        with self._lock:
            found = self._leases.get(key)
            if found is not None and found.token == token:
                changed = change(found)
                if changed is None:
                    del self._leases[key]
                else:
                    self._leases[key] = changed

    def _sweep(self) -> None:
        with self._lock:
            now = self._clock.now()
            for key in [key for key, lease in self._leases.items() if lease.expires < now]:
                del self._leases[key]


class _Change(Protocol):
    def __call__(self, lease: Lease, /) -> Lease | None: ...


class SqliteLeases:
    """For all processes of a machine; in the cache's file, which can be thrown away like them."""

    def __init__(self, file: SqliteFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._failures = 0

    def claim(self, key: str, token: str) -> Seen:
        mine = _new(token, self._clock.now())
        # Nearly always nobody has it; only somebody's lease takes a closer look.
        if self._execute("INSERT OR IGNORE INTO lease VALUES (?, ?, ?, 0, NULL)", key, token, mine.expires):
            return Seen(mine, True)
        return self._claim_somebodys(key, token)

    def _claim_somebodys(self, key: str, token: str) -> Seen:
        def work(db: sqlite3.Connection) -> Seen:
            now, found = self._clock.now(), _find(db, key)
            if found is None or is_free(found, now):
                found = _new(token, now)
                db.execute(
                    "INSERT OR REPLACE INTO lease VALUES (?, ?, ?, 0, NULL)",
                    (key, token, found.expires),
                )
            return Seen(found, found.token == token)

        return self._file.write(work)

    def peek(self, key: str) -> Lease | None:
        found = self._file.read(lambda db: _find(db, key))
        return None if found is None or is_over(found, self._clock.now()) else found

    def waiting(self, key: str, token: str, waiting: bool) -> None:
        self._execute("UPDATE lease SET waiting = ? WHERE key = ? AND token = ?", int(waiting), key, token)

    def release(self, key: str, token: str, error: str | None) -> None:
        if error is None:
            self._execute("DELETE FROM lease WHERE key = ? AND token = ?", key, token)
            return
        now = self._clock.now()
        self._execute(
            "UPDATE lease SET error = ?, expires = ? WHERE key = ? AND token = ?",
            error,
            now + ERROR_LEFT_S,
            key,
            token,
        )
        self._failures += 1
        if self._failures % _SWEEP_EVERY == 1:
            # Nobody comes back for most of these.
            self._execute("DELETE FROM lease WHERE expires < ?", now)

    def renew(self, tokens: Collection[str]) -> None:
        expires = self._clock.now() + LEASE_S
        marks = ", ".join("?" * len(tokens))
        self._execute(
            f"UPDATE lease SET expires = ? WHERE token IN ({marks}) AND error IS NULL",  # noqa: S608
            expires,
            *tokens,
        )

    def _execute(self, statement: str, *values: object) -> int:
        return self._file.execute(statement, values)


def _find(db: sqlite3.Connection, key: str) -> Lease | None:
    """The key's lease; what damage made of it, if any, is read as a lease that has run out."""
    rows: list[tuple[str, float, int, bytes | None]] = db.execute(
        "SELECT token, CAST(expires AS REAL), waiting, CAST(error AS BLOB) FROM lease WHERE key = ?", (key,)
    ).fetchall()
    for token, expires, waiting, error in rows:
        return Lease(
            str(token), expires or 0.0, bool(waiting), None if error is None else error.decode("utf-8", "replace")
        )
    return None
