"""The file of a quota record, and its content: the ledgers of all keys, with a checksum against damage.

SQLite detects damage to its own structure, but not a changed digit or a missing row. In these cases the checksum does
not match, or there is no content.
"""

from __future__ import annotations

import json

from ...light_typing import TYPE_CHECKING, Any
from ...state import checksum
from ...state.ownership import QUOTA_ID
from .file import SqliteFile

if TYPE_CHECKING:
    from pathlib import Path


def record_file(path: str | Path, **more: Any) -> SqliteFile:
    """`more`: options of `SqliteFile`. A rollback journal instead of WAL: few writes, and none may be lost."""
    return SqliteFile(path, schema, "TRUNCATE", application_id=QUOTA_ID, **more)


def schema() -> str:
    """A schema cannot have parameters; the content is ours. The second row is the record's id."""
    return f"""
    CREATE TABLE book (id INTEGER PRIMARY KEY, content BLOB NOT NULL);
    INSERT INTO book VALUES (1, X'{with_checksum({}).hex()}');
    INSERT INTO book VALUES (2, randomblob(8))
"""  # noqa: S608


def with_checksum(ledgers: dict[str, str]) -> bytes:
    """The stored form of ledgers (JSON, by scope)."""
    text = json.dumps(ledgers, separators=(",", ":")).encode()
    return b"%b %b" % (checksum(text), text)


def checked_content(content: object) -> dict[str, str]:
    """The ledgers of `with_checksum`. Raises `ValueError` for any other content."""
    if not isinstance(content, bytes):
        raise ValueError("there is no record")
    found, _, text = content.partition(b" ")
    if found != checksum(text):
        raise ValueError("the checksum of the record does not match")
    ledgers: dict[str, str] = json.loads(text)
    return ledgers
