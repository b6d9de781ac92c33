"""Files that an earlier version of this product made, which had no application id: known by their tables.

Only the first page of such a file is read, as a copy: SQLite would change a file of another program by opening it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from functools import cache
from pathlib import Path

_MOST_BYTES = 2**40
# Of tables that a version added when they were first needed, or had in the same file.
_OTHERS = ("pending", "quota_record", "lease", "sqlite_autoindex_lease")


def is_of_earlier_version(page: bytes, schema: str, version: int) -> bool:
    """Whether a file with this first page has the user version `version`, exactly the tables of `schema`, and no
    others than ours. Raises `OSError` if there is no room for a copy of the page.
    """
    if len(page) != int.from_bytes(page[16:18], "big") or int.from_bytes(page[60:64], "big") != version:
        return False
    # As of a file without a write-ahead log (bytes 18 and 19); the other pages (28 to 31: how many) are not looked at.
    alone = page[:18] + b"\x01\x01" + page[20:]
    size = len(page) * int.from_bytes(page[28:32], "big")
    if not size <= _MOST_BYTES:
        return False
    with tempfile.TemporaryDirectory(prefix="vt-connectors-") as folder:
        copy = Path(folder) / "page"
        copy.write_bytes(alone)
        os.truncate(copy, max(size, len(page)))
        try:
            with contextlib.closing(sqlite3.connect(str(copy))) as connection:
                return has_tables(connection, schema)
        except (sqlite3.Error, UnicodeDecodeError):
            return False


def has_tables(connection: sqlite3.Connection, schema: str) -> bool:
    """Whether the database has exactly the tables of `schema`, and perhaps others of ours."""
    found = {entry for entry in _objects(connection) if not str(entry[1]).startswith(_OTHERS)}
    return found == _expected(schema)


@cache
def _expected(schema: str) -> frozenset[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(schema)
        return _objects(connection)


def _objects(connection: sqlite3.Connection) -> frozenset[tuple[object, ...]]:
    return frozenset(connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall())
