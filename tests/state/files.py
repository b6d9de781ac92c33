"""A small state file, and functions that damage it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Callable

from vt_connectors.backends.sqlite.file import SqliteFile

SCHEMA = "CREATE TABLE note (name TEXT PRIMARY KEY, text TEXT NOT NULL); CREATE INDEX by_text ON note (text)"
REBUILT = "rebuilt"


def state_file(path: Path, patience_s: float = 5.0) -> SqliteFile:
    """A file with the settings of the cache; a rebuilt one has the note `REBUILT`."""
    return SqliteFile(path, SCHEMA, "WAL", patience_s=patience_s, made_anew=lambda db: _write(db, REBUILT))


def note(file: SqliteFile, name: str) -> None:
    file.write(lambda db: _write(db, name))


def notes(file: SqliteFile) -> list[str]:
    return [row[0] for row in file.read(lambda db: db.execute("SELECT name FROM note ORDER BY name").fetchall())]


def settle(path: Path) -> None:
    """Move the write-ahead log into the file."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _write(db: sqlite3.Connection, name: str) -> None:
    db.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (name, "text " * 400))


def _header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"not a database at all" * 5)


def _middle(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))


def _truncated(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2 + 100)


def _emptied(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(0)


def _short(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(50)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "header": _header,
    "middle": _middle,
    "truncated": _truncated,
    "short": _short,
    "empty": _emptied,
}
