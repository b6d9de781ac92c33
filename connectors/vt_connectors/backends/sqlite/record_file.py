"""The file of a quota record. Separate from `ledgers`, because a cached answer needs only its check."""

from __future__ import annotations

from pathlib import Path

from ...light_typing import Any
from ...state.ownership import QUOTA_ID
from .checksum import with_checksum
from .file import SqliteFile

# A schema cannot have parameters; the content is ours. The second row is the record's id.
_SCHEMA = f"""
    CREATE TABLE book (id INTEGER PRIMARY KEY, content BLOB NOT NULL);
    INSERT INTO book VALUES (1, X'{with_checksum({}).hex()}');
    INSERT INTO book VALUES (2, randomblob(8))
"""  # noqa: S608


def record_file(path: Path, **more: Any) -> SqliteFile:
    """`more`: options of `SqliteFile`. A rollback journal instead of WAL: few writes, and none may be lost."""
    return SqliteFile(path, _SCHEMA, "TRUNCATE", application_id=QUOTA_ID, **more)
