"""Where ledgers are kept: one transaction reads, changes and writes one key's ledger, whoever else wants to."""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path
from typing import Callable, Protocol, TypeVar

from ..clock import Clock
from ..state.sqlite_file import SqliteFile
from .ledger import Ledger
from .steps import follow

_LOG = logging.getLogger("connectors.quota")
Result = TypeVar("Result")
# What one transaction does, with the ledger and the time: epoch seconds by the one clock of all who share the book.
Change = Callable[[Ledger, float], Result]
# Who finds the book in others' hands waits: a guess instead could exceed the quota.
PATIENCE_S = 30.0
LOST = (
    "the record of used quota was lost; each sliding window is waited out once, and the day's and month's use "
    "counts from zero until `vtaction quota` takes over the account's own figures"
)
_NEW = Ledger().to_json().encode()


class QuotaBook(Protocol):
    """The port. `change` runs as if alone, and what it leaves in the ledger is kept before `transact` returns.

    It may run more than once: what counts, for the book and for the caller, is the last time.
    """

    def transact(self, scope: str, change: Change[Result]) -> Result:
        """Raises `StateUnavailable` where the book cannot be used."""

    def peek(self, scope: str) -> tuple[Ledger, float]:
        """The ledger as it is, to look at only, and the time. Raises as `transact`."""


class MemoryBook:
    """For one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ledgers: dict[str, Ledger] = {}
        self._lock = threading.Lock()

    def transact(self, scope: str, change: Change[Result]) -> Result:
        with self._lock:
            ledger = self._ledgers.setdefault(scope, Ledger())
            return change(ledger, _now(self._clock, ledger))

    def peek(self, scope: str) -> tuple[Ledger, float]:
        return self._ledgers.get(scope) or Ledger(), self._clock.now()


class SqliteBook:
    """For all processes of a machine. A rollback journal, not WAL: few writes, and none may be lost."""

    _SCHEMA = "CREATE TABLE ledger (scope TEXT PRIMARY KEY, content TEXT NOT NULL)"
    _LOST = "*"

    def __init__(self, path: Path, clock: Clock, patience_s: float = PATIENCE_S) -> None:
        self._clock = clock
        self._file = SqliteFile(path, self._SCHEMA, "TRUNCATE", patience_s=patience_s, made_anew=self._block_all)

    def transact(self, scope: str, change: Change[Result]) -> Result:
        def work(connection: sqlite3.Connection) -> Result:
            before = self._content(connection, scope)
            ledger = _ledger(before)
            result = change(ledger, _now(self._clock, ledger))
            after = ledger.to_json()
            if after.encode() != before:
                connection.execute("INSERT OR REPLACE INTO ledger VALUES (?, ?)", (scope, after))
            return result

        return self._file.write(work)

    def peek(self, scope: str) -> tuple[Ledger, float]:
        return self._file.read(lambda connection: _ledger(self._content(connection, scope))), self._clock.now()

    def close(self) -> None:
        """Close every thread's connection, while no thread uses any."""
        self._file.close_all()

    def _content(self, connection: sqlite3.Connection, scope: str) -> bytes:
        for name in (scope, self._LOST):
            # As bytes: what is no text any more must be told from a file that cannot be read.
            row = connection.execute("SELECT CAST(content AS BLOB) FROM ledger WHERE scope = ?", (name,)).fetchone()
            if row is not None:
                return bytes(row[0] or b"")
        return _NEW

    def _block_all(self, connection: sqlite3.Connection) -> None:
        """What the book before this one knew is gone, so each window is waited out once."""
        _LOG.warning(LOST)
        lost = Ledger()
        lost.lost_at = _now(self._clock, lost)
        connection.execute("INSERT OR REPLACE INTO ledger VALUES (?, ?)", (self._LOST, lost.to_json()))


def _now(clock: Clock, ledger: Ledger) -> float:
    """The time, when the ledger has followed the clock to it."""
    now = clock.now()
    follow(ledger, now, clock.uptime())
    return now


def _ledger(content: bytes) -> Ledger:
    """Raises `sqlite3.DatabaseError`, as damage to the file does."""
    try:
        return Ledger.from_json(content)
    except ValueError as error:
        raise sqlite3.DatabaseError(str(error)) from error
