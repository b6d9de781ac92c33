"""Recognises files of earlier versions of this product, which have no application id, by their tables.

Only a copy of the first page is opened, because SQLite may change a file that it opens.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from functools import cache
from pathlib import Path

from . import sqlite3

_MOST_BYTES = 2**40
# Tables that some versions added later, or had in the same file.
_OPTIONAL = ("pending", "quota_record", "lease", "sqlite_autoindex_lease")


def is_of_earlier_version(page: bytes, schema: str, version: int) -> bool:
    """Whether a file with this first page has the user version `version` and exactly the tables of `schema`, apart
    from optional tables. Raises `OSError` if there is no room for a copy of the page.
    """
    if len(page) != int.from_bytes(page[16:18], "big") or int.from_bytes(page[60:64], "big") != version:
        return False
    # As a file without a write-ahead log (bytes 18 and 19). Of the other pages, only the number is used (28 to 31).
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
    """Whether the database has exactly the tables of `schema`, apart from optional tables."""
    found = {entry for entry in _objects(connection) if not str(entry[1]).startswith(_OPTIONAL)}
    return found == _expected(schema)


@cache
def _expected(schema: str) -> frozenset[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(schema)
        return _objects(connection)


def _objects(connection: sqlite3.Connection) -> frozenset[tuple[object, ...]]:
    return frozenset(connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall())
