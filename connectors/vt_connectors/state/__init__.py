"""What processes share: where it lies, how it is opened, what happens when it cannot be."""

from __future__ import annotations

import os
import zlib

from ..light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# The names of SQLite's files beside a database. SQLite would apply those of an earlier file to the new one.
SIDECARS = ("-wal", "-shm", "-journal")


def inode(path: str | Path) -> int:
    """The inode number of the file at `path`; -1 for none."""
    try:
        return os.stat(path).st_ino  # a third of the time, and every read begins with it
    except FileNotFoundError:
        return -1


def checksum(content: bytes, key: str = "") -> bytes:
    """Of stored content, because SQLite and Redis do not detect a changed digit: eight hexadecimal digits.

    It covers the `key` too, so that the content of another key does not match.
    """
    return b"%08x" % checksum_number(content, key)


def checksum_number(content: bytes, key: str = "") -> int:
    """The number that `checksum` writes, of 32 bits."""
    return zlib.crc32(content, zlib.crc32(key.encode("utf-8", "surrogatepass")))
