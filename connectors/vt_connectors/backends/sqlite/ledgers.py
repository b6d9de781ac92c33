"""Ledgers for all processes of a machine, in a separate file."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, NamedTuple

from ...clock import Clock
from ...log import logger
from ...quota.ledger import MOST_BYTES, Ledger
from ...quota.ledger_store import LOST, PATIENCE_S, Change, Result, adjusted_now
from ...state.atomic_replace import is_there
from . import sqlite3
from .record_file import checked_content, record_file, with_checksum
from .record_identity import RecordIdentity, home_from

_LOG = logger("quota")
_NEW = Ledger().to_json()
# Larger content is damage, and is not read.
_MOST_BYTES = 4 * MOST_BYTES
_ROWS = f"SELECT id, CASE WHEN length(content) <= {_MOST_BYTES} THEN content END FROM book"  # noqa: S608


class SqliteLedgers:
    """For all processes of a machine.

    `known`: the id of the expected record; if there is another or none, its content was lost. `on_record`
    is called with the id of the record that is used.
    """

    _LOST = "*"

    def __init__(
        self,
        path: Path,
        clock: Clock,
        patience_s: float = PATIENCE_S,
        *,
        known: bytes | None = None,
        on_record: Callable[[bytes], None] | None = None,
    ) -> None:
        self._clock = clock
        self._file = record_file(path, patience_s=patience_s, made_anew=self._block_all, was_there=known is not None)
        self._store_id = known
        self._on_record = on_record
        self._reported: bytes | None = None

    @property
    def path(self) -> Path:
        """Without links."""
        return self._file.path

    def seen(self) -> tuple[bytes, RecordIdentity, int] | None:
        """The record's id, its identity, and the inode number of its file; None if there is no record."""
        if not is_there(self.path):
            return None
        record = self._file.read(_read)
        return record.store_id, record.home, self._file.inode

    def transact(self, scope: str, change: Change[Result]) -> Result:
        def work(connection: sqlite3.Connection) -> tuple[Result, bytes]:
            record = _read(connection)
            ledgers, home = record.ledgers, record.home
            if self._is_lost(record):
                ledgers, home = self._marked_lost(ledgers), self._with_lost(home, record.store_id)
            before = self._of(scope, ledgers)
            ledger = _ledger(before)
            result = change(ledger, adjusted_now(self._clock, ledger))
            after = ledger.to_json()
            if after != before or ledgers is not record.ledgers:
                _write(connection, {**ledgers, scope: after})
            self._write_home(connection, home, record.home)
            return result, record.store_id

        result, self._store_id = self._file.write(work)
        if self._on_record is not None and self._reported != self._store_id:
            self._reported = self._store_id
            self._on_record(self._store_id)
        return result

    def last(self, scope: str) -> Ledger | None:
        """The ledger, read only; None if granted requests may be missing. Raises as `transact`."""
        if self._file.was_never_there:
            return Ledger() if self._store_id is None else None
        record = self._file.read(_read)
        return None if self._is_lost(record) else _ledger(self._of(scope, record.ledgers))

    def take(self, scope: str, content: str) -> None:
        """Delete a ledger if it is still equal to `content`."""

        def work(connection: sqlite3.Connection) -> None:
            ledgers = _read(connection).ledgers
            if ledgers.get(scope) == content:
                del ledgers[scope]
                _write(connection, ledgers)

        self._file.write(work)

    def content(self, scope: str) -> str | None:
        """The stored form of a ledger; None if there is none."""
        return self._file.read(_read).ledgers.get(scope) if is_there(self.path) else None

    def peek(self, scope: str) -> tuple[Ledger, float]:
        ledger = self._file.read(lambda connection: _ledger(self._of(scope, _read(connection).ledgers)))
        return ledger, self._clock.now()

    def close(self) -> None:
        """Close the connections of all threads. No thread may be using one."""
        self._file.close_all()

    def _of(self, scope: str, ledgers: dict[str, str]) -> str:
        return ledgers.get(scope) or ledgers.get(self._LOST) or _NEW

    def _is_lost(self, record: _Record) -> bool:
        """Whether granted requests may be missing in the record, without a mark for that loss."""
        is_another = self._store_id not in (None, record.store_id) and not record.home.knows_of(self._store_id or b"")
        # The first transaction writes the file's identity, so a used record without it is an older copy.
        is_older = self._store_id == record.store_id and not record.home.inode
        return is_another or is_older or record.home.is_copied_to(self._file.inode)

    def _marked_lost(self, ledgers: dict[str, str]) -> dict[str, str]:
        """Mark all ledgers, because it is not known for which keys the lost record granted requests."""
        _LOG.warning(LOST)
        marked = {scope: _ledger(content) for scope, content in {self._LOST: _NEW, **ledgers}.items()}
        for ledger in marked.values():
            ledger.reset_at = adjusted_now(self._clock, ledger)
        return {scope: ledger.to_json() for scope, ledger in marked.items()}

    def _with_lost(self, home: RecordIdentity, store_id: bytes = b"") -> RecordIdentity:
        return home if self._store_id in (None, store_id) else home.with_lost(self._store_id or b"")

    def _write_home(self, connection: sqlite3.Connection, home: RecordIdentity, before: RecordIdentity) -> None:
        if home is before and home.inode == self._file.inode:
            return
        home = home._replace(inode=self._file.inode, path=str(self.path))
        connection.execute("INSERT OR REPLACE INTO book VALUES (3, ?)", (home.to_bytes(),))

    def _block_all(self, connection: sqlite3.Connection) -> None:
        """The content of the record before this one is gone, so each window is waited out once."""
        _LOG.warning(LOST)
        lost = Ledger()
        lost.reset_at = adjusted_now(self._clock, lost)
        _write(connection, {self._LOST: lost.to_json()})
        connection.execute("INSERT OR REPLACE INTO book VALUES (3, ?)", (self._with_lost(RecordIdentity()).to_bytes(),))


class _Record(NamedTuple):
    """`store_id`: the id of the record."""

    ledgers: dict[str, str]
    store_id: bytes
    home: RecordIdentity


def _read(connection: sqlite3.Connection) -> _Record:
    """Raises `sqlite3.DatabaseError` for damage."""
    rows = dict(connection.execute(_ROWS).fetchall())
    store_id = rows.get(2)
    if not isinstance(store_id, bytes):
        raise sqlite3.DatabaseError("the record has no id")
    try:
        return _Record(checked_content(rows.get(1)), store_id, home_from(rows.get(3)))
    except (ValueError, RecursionError) as error:
        raise sqlite3.DatabaseError(str(error)) from error


def _write(connection: sqlite3.Connection, ledgers: dict[str, str]) -> None:
    connection.execute("UPDATE book SET content = ? WHERE id = 1", (with_checksum(ledgers),))


def _ledger(content: str) -> Ledger:
    """Raises `sqlite3.DatabaseError` for damage."""
    try:
        return Ledger.from_json(content.encode())
    except ValueError as error:
        raise sqlite3.DatabaseError(str(error)) from error
