"""The checksum of stored content, because SQLite and Redis do not detect a changed digit."""

from __future__ import annotations

import zlib


def checksum(content: bytes, key: str = "") -> bytes:
    """Eight hexadecimal digits. It covers the `key` too, so that the content of another key does not match."""
    return b"%08x" % zlib.crc32(content, zlib.crc32(key.encode("utf-8", "surrogatepass")))
