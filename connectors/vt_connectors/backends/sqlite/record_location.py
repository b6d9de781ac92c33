"""Which quota record belongs to a state file. They belong together by the record's id, which the state file keeps.

The record lies beside the state file, found without links in the path. If the state file has another place by now (it
was copied, or moved alone), the record is still where it was, and is used there. If no record is found, or another
one, requests may have been granted that no record has: each sliding window is waited out once.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

from ...clock import Clock
from ...errors import ConfigError
from ...log import logger
from ...state.atomic_replace import is_there
from ...state.fallback import StateUnavailable
from .checksum import checked_content, with_checksum
from .file import SqliteFile
from .ledgers import SqliteLedgers
from .record_identity import RecordIdentity

_LOG = logger("quota")
# The id of a record that a state file must have had, and does not name.
_NOT_SAID = b"?"
_TABLE = "CREATE TABLE IF NOT EXISTS quota_record (id INTEGER PRIMARY KEY, content BLOB NOT NULL)"
_IS_THERE = "SELECT 1 FROM sqlite_master WHERE name = 'quota_record'"
_MOST_BYTES = 64 * 1024
_READ = f"SELECT CASE WHEN length(content) <= {_MOST_BYTES} THEN content END FROM quota_record WHERE id = 1"  # noqa: S608


class _Kept(NamedTuple):
    """What a state file says of its quota record."""

    record_id: bytes
    path: Path


def book_of(state: SqliteFile, beside: Path, clock: Clock) -> SqliteLedgers:
    """The record that belongs to `state`; `beside` is where it is looked for first, and made if there is none."""
    kept = _read(state)
    known = kept.record_id if kept else None
    if known is None and not is_there(beside) and _has_answers(state):
        known = _NOT_SAID

    def at(path: Path) -> SqliteLedgers:
        return SqliteLedgers(path, clock, known=known, heard=lambda store_id: _keep(state, _Kept(store_id, path)))

    book = at(beside)
    original = _original(book, kept, clock)
    if original is not None:
        _LOG.info("the quota's record of %s is %s", state.path, original)
        book.close()
        return at(original)
    return book


def _original(book: SqliteLedgers, kept: _Kept | None, clock: Clock) -> Path | None:
    """Where the record is if it is not the one beside: that one is not there, or is a copy."""
    if not is_there(book.path):
        return kept.path if kept and _is_genuine(kept.path, kept.record_id, clock) else None
    seen = _seen(book)
    if seen is None:
        return None
    record_id, home, here = seen
    path = Path(home.path)
    is_copy = home.is_copied_to(here) and path != book.path
    return path if is_copy and _is_genuine(path, record_id, clock) else None


def _is_genuine(path: Path, record_id: bytes, clock: Clock) -> bool:
    """Whether the record of that id is at `path`, in the file that it was written in."""
    book = SqliteLedgers(path, clock)
    try:
        seen = _seen(book)
    except ConfigError:
        return False
    finally:
        book.close()
    if seen is None:
        return False
    found, home, here = seen
    return found == record_id and not home.is_copied_to(here)


def _seen(book: SqliteLedgers) -> tuple[bytes, RecordIdentity, int] | None:
    try:
        return book.seen()
    except StateUnavailable:
        return None


def _read(state: SqliteFile) -> _Kept | None:
    """None if the state file does not say, or cannot be used: then the record beside it is all there is to go by."""

    def work(connection: sqlite3.Connection) -> _Kept | None:
        if connection.execute(_IS_THERE).fetchone() is None:
            return None
        row = connection.execute(_READ).fetchone()
        if row is None:
            return None
        try:
            content = checked_content(row[0])
            return _Kept(bytes.fromhex(content["record_id"]), Path(content["path"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise sqlite3.DatabaseError(f"what it says of the quota's record cannot be read: {error}") from error

    try:
        return state.read(work)
    except StateUnavailable:
        return None


def _has_answers(state: SqliteFile) -> bool:
    """Whether requests were made with this state, so that there was a record."""
    try:
        return state.read(lambda db: db.execute("SELECT 1 FROM answer LIMIT 1").fetchone()) is not None
    except StateUnavailable:
        return False


def _keep(state: SqliteFile, kept: _Kept) -> None:
    def work(connection: sqlite3.Connection) -> None:
        connection.execute(_TABLE)
        content = with_checksum({"record_id": kept.record_id.hex(), "path": str(kept.path)})
        connection.execute("INSERT OR REPLACE INTO quota_record VALUES (1, ?)", (content,))

    if _read(state) == kept:
        return
    try:
        state.write(work)
        state.settle()
    except StateUnavailable as error:
        _LOG.info("the state file could not note which quota record is its own: %s", error)
