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

    # Our own content, and a statement of a schema takes no values. The second row tells this book from a later one.
    _SCHEMA = f"""
        CREATE TABLE book (id INTEGER PRIMARY KEY, content BLOB NOT NULL);
        INSERT INTO book VALUES (1, X'{seal({}).hex()}');
        INSERT INTO book VALUES (2, randomblob(8))
    """  # noqa: S608
    _LOST = "*"

    def __init__(self, path: Path, clock: Clock, patience_s: float = PATIENCE_S) -> None:
        self._clock = clock
        self._file = SqliteFile(path, self._SCHEMA, "TRUNCATE", patience_s=patience_s, made_anew=self._block_all)
        self._born: bytes | None = None

    def transact(self, scope: str, change: Change[Result]) -> Result:
        def work(connection: sqlite3.Connection) -> tuple[Result, bytes]:
            kept, born = _read(connection)
            ledgers = self._without_what_was_known(kept) if self._is_anothers(kept, born) else kept
            before = self._of(scope, ledgers)
            ledger = _ledger(before)
            result = change(ledger, _now(self._clock, ledger))
            after = ledger.to_json()
            if after != before or ledgers is not kept:
                _write(connection, {**ledgers, scope: after})
            return result, born

        result, self._born = self._file.write(work)
        return result

    def peek(self, scope: str) -> tuple[Ledger, float]:
        ledger = self._file.read(lambda connection: _ledger(self._of(scope, _read(connection)[0])))
        return ledger, self._clock.now()

    def close(self) -> None:
        """Close every thread's connection, while no thread uses any."""
        self._file.close_all()

    def _of(self, scope: str, ledgers: dict[str, str]) -> str:
        return ledgers.get(scope) or ledgers.get(self._LOST) or _NEW

    def _is_anothers(self, ledgers: dict[str, str], born: bytes) -> bool:
        """Whether the book known here is gone, and whoever began this one knew of none."""
        return self._born not in (None, born) and self._LOST not in ledgers

    def _without_what_was_known(self, ledgers: dict[str, str]) -> dict[str, str]:
        """What was granted by the book before this one counts for all keys, as what was lost."""
        _LOG.warning(LOST)
        marked = {scope: _ledger(content) for scope, content in {self._LOST: _NEW, **ledgers}.items()}
        for ledger in marked.values():
            ledger.lost_at = _now(self._clock, ledger)
        return {scope: ledger.to_json() for scope, ledger in marked.items()}

    def _block_all(self, connection: sqlite3.Connection) -> None:
        """What the book before this one knew is gone, so each window is waited out once."""
        _LOG.warning(LOST)
        lost = Ledger()
        lost.lost_at = _now(self._clock, lost)
        _write(connection, {self._LOST: lost.to_json()})


def _read(connection: sqlite3.Connection) -> tuple[dict[str, str], bytes]:
    """The ledgers, and what tells their book from others. Raises `sqlite3.DatabaseError`, as damage does."""
    rows = dict(connection.execute("SELECT id, content FROM book").fetchall())
    born = rows.get(2)
    if not isinstance(born, bytes):
        raise sqlite3.DatabaseError("the book has no mark of its own")
    try:
        return unseal(rows.get(1)), born
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
