"""The file of a quota record. What a cached answer takes at most is a check of it, so it is apart from `books`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...state.ownership import QUOTA_ID
from .checksum import with_checksum
from .file import SqliteFile

# Our own content, and a statement of a schema takes no values. The second row is the record's id.
_SCHEMA = f"""
    CREATE TABLE book (id INTEGER PRIMARY KEY, content BLOB NOT NULL);
    INSERT INTO book VALUES (1, X'{with_checksum({}).hex()}');
    INSERT INTO book VALUES (2, randomblob(8))
"""  # noqa: S608


def record_file(path: Path, **more: Any) -> SqliteFile:
    """`more`: as `SqliteFile` takes it. A rollback journal, not WAL: few writes, and none may be lost."""
    return SqliteFile(path, _SCHEMA, "TRUNCATE", application_id=QUOTA_ID, **more)
