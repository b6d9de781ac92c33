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
from .sealed import seal, unseal
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
_NEW = Ledger().to_json()


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

    # Our own content, and a statement of a schema takes no values.
    _SCHEMA = f"""
        CREATE TABLE book (id INTEGER PRIMARY KEY, content BLOB NOT NULL);
        INSERT INTO book VALUES (1, X'{seal({}).hex()}')
    """  # noqa: S608
    _LOST = "*"

    def __init__(self, path: Path, clock: Clock, patience_s: float = PATIENCE_S) -> None:
        self._clock = clock
        self._file = SqliteFile(path, self._SCHEMA, "TRUNCATE", patience_s=patience_s, made_anew=self._block_all)

    def transact(self, scope: str, change: Change[Result]) -> Result:
        def work(connection: sqlite3.Connection) -> Result:
            ledgers = _ledgers(connection)
            before = self._of(scope, ledgers)
            ledger = _ledger(before)
            result = change(ledger, _now(self._clock, ledger))
            after = ledger.to_json()
            if after != before:
                _write(connection, {**ledgers, scope: after})
            return result

        return self._file.write(work)

    def peek(self, scope: str) -> tuple[Ledger, float]:
        ledger = self._file.read(lambda connection: _ledger(self._of(scope, _ledgers(connection))))
        return ledger, self._clock.now()

    def close(self) -> None:
        """Close every thread's connection, while no thread uses any."""
        self._file.close_all()

    def _of(self, scope: str, ledgers: dict[str, str]) -> str:
        return ledgers.get(scope) or ledgers.get(self._LOST) or _NEW

    def _block_all(self, connection: sqlite3.Connection) -> None:
        """What the book before this one knew is gone, so each window is waited out once."""
        _LOG.warning(LOST)
        lost = Ledger()
        lost.lost_at = _now(self._clock, lost)
        _write(connection, {self._LOST: lost.to_json()})


def _ledgers(connection: sqlite3.Connection) -> dict[str, str]:
    """Raises `sqlite3.DatabaseError`, as damage to the file does."""
    row = connection.execute("SELECT content FROM book WHERE id = 1").fetchone()
    try:
        return unseal(row[0] if row else None)
    except ValueError as error:
        raise sqlite3.DatabaseError(str(error)) from error


def _write(connection: sqlite3.Connection, ledgers: dict[str, str]) -> None:
    connection.execute("UPDATE book SET content = ? WHERE id = 1", (seal(ledgers),))


def _now(clock: Clock, ledger: Ledger) -> float:
    """The time, when the ledger has followed the clock to it."""
    now = clock.now()
    follow(ledger, now, clock.uptime())
    return now


def _ledger(content: str) -> Ledger:
    """Raises `sqlite3.DatabaseError`, as damage to the file does."""
    try:
        return Ledger.from_json(content.encode())
    except ValueError as error:
        raise sqlite3.DatabaseError(str(error)) from error
