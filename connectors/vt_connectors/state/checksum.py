"""The checksum of what is kept: SQLite and Redis do not notice a digit that became another one."""

from __future__ import annotations

import zlib


def checksum(content: bytes, key: str = "") -> bytes:
    """Eight hexadecimal digits; with the `key` it is kept by, so that another key's content does not fit."""
    return b"%08x" % zlib.crc32(content, zlib.crc32(key.encode("utf-8", "surrogatepass")))
