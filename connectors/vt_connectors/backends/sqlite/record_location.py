"""Finds the quota record of a state file. The state file stores the id of its record.

The record is beside the state file, by its path without links. If the state file was copied or moved alone, the record
at its old place is used. If no record is found, or another one, granted requests may be missing, so each sliding window
is waited out once.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ...clock import Clock
from ...errors import ConfigError
from ...log import logger
from ...state.atomic_replace import is_there
from ...state.fallback import StateUnavailable
from . import sqlite3
from .file import SqliteFile
from .ledgers import SqliteLedgers
from .record_file import checked_content, with_checksum
from .record_identity import RecordIdentity

_LOG = logger("quota")
# Stands for the id of a record that must have existed, but is not named in the state file.
_UNKNOWN_ID = b"?"
_TABLE = "CREATE TABLE IF NOT EXISTS quota_record (id INTEGER PRIMARY KEY, content BLOB NOT NULL)"
_IS_THERE = "SELECT 1 FROM sqlite_master WHERE name = 'quota_record'"
_MOST_BYTES = 64 * 1024
_READ = f"SELECT CASE WHEN length(content) <= {_MOST_BYTES} THEN content END FROM quota_record WHERE id = 1"  # noqa: S608


class _RecordPlace(NamedTuple):
    """The quota record of a state file, as stored in it."""

    record_id: bytes
    path: Path


def ledgers_of(state: SqliteFile, beside: Path, clock: Clock) -> SqliteLedgers:
    """The record of `state`. It is looked for at `beside` first, and made there if there is none."""
    noted = _read(state)
    known = noted.record_id if noted else None
    if known is None and not is_there(beside) and _has_answers(state):
        known = _UNKNOWN_ID

    def at(path: Path) -> SqliteLedgers:
        return SqliteLedgers(
            path, clock, known=known, on_record=lambda store_id: _note(state, _RecordPlace(store_id, path))
        )

    ledgers = at(beside)
    original = _original(ledgers, noted, clock)
    if original is not None:
        _LOG.info("the quota's record of %s is %s", state.path, original)
        ledgers.close()
        return at(original)
    return ledgers


def _original(ledgers: SqliteLedgers, noted: _RecordPlace | None, clock: Clock) -> Path | None:
    """The path of the record if the file beside the state file is missing, or is a copy."""
    if not is_there(ledgers.path):
        return noted.path if noted and _is_genuine(noted.path, noted.record_id, clock) else None
    seen = _seen(ledgers)
    if seen is None:
        return None
    record_id, home, here = seen
    path = Path(home.path)
    is_copy = home.is_copied_to(here) and path != ledgers.path
    return path if is_copy and _is_genuine(path, record_id, clock) else None


def _is_genuine(path: Path, record_id: bytes, clock: Clock) -> bool:
    """Whether the record with this id is at `path`, and is not a copy."""
    ledgers = SqliteLedgers(path, clock)
    try:
        seen = _seen(ledgers)
    except ConfigError:
        return False
    finally:
        ledgers.close()
    if seen is None:
        return False
    found, home, here = seen
    return found == record_id and not home.is_copied_to(here)


def _seen(ledgers: SqliteLedgers) -> tuple[bytes, RecordIdentity, int] | None:
    try:
        return ledgers.seen()
    except StateUnavailable:
        return None


def _read(state: SqliteFile) -> _RecordPlace | None:
    """None if the state file names no record, or cannot be used: then the record beside it is used."""

    def work(connection: sqlite3.Connection) -> _RecordPlace | None:
        if connection.execute(_IS_THERE).fetchone() is None:
            return None
        row = connection.execute(_READ).fetchone()
        if row is None:
            return None
        try:
            content = checked_content(row[0])
            return _RecordPlace(bytes.fromhex(content["record_id"]), Path(content["path"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise sqlite3.DatabaseError(f"its entry for the quota record cannot be read: {error}") from error

    try:
        return state.read(work)
    except StateUnavailable:
        return None


def _has_answers(state: SqliteFile) -> bool:
    """Whether requests were made with this state, so that a record existed."""
    try:
        return state.read(lambda db: db.execute("SELECT 1 FROM answer LIMIT 1").fetchone()) is not None
    except StateUnavailable:
        return False


def _note(state: SqliteFile, noted: _RecordPlace) -> None:
    def work(connection: sqlite3.Connection) -> None:
        connection.execute(_TABLE)
        content = with_checksum({"record_id": noted.record_id.hex(), "path": str(noted.path)})
        connection.execute("INSERT OR REPLACE INTO quota_record VALUES (1, ?)", (content,))

    if _read(state) == noted:
        return
    try:
        state.write(work)
        state.settle()
    except StateUnavailable as error:
        _LOG.info("the id of the quota record could not be written to the state file: %s", error)
