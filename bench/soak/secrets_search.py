"""Searches bytes for the key: plain, in usual encodings, and in compressed data."""

from __future__ import annotations

import base64
import contextlib
import re
import shutil
import sqlite3
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.soak.drill import KEY
from vt_connectors.cache.entry import DICTIONARY

# So much of a key is as bad as all of it.
STEM = KEY[:16]
_PIECE_BYTES = 8_000_000
_PACKED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]|\x78[\x20\x7d\xbb\xf9]")
_WITH_DICTIONARY = 0x20
_MOST_UNPACKED = 1_000_000
_WITHIN = 2


def forms() -> dict[str, bytes]:
    """What the key's beginning becomes, by name. Base64 by where in a group of three it begins."""
    raw = STEM.encode()
    found = {
        "it is": raw,
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "UTF-16 LE": STEM.encode("utf-16-le"),
        "UTF-16 BE": STEM.encode("utf-16-be"),
        "percent": "".join(f"%{byte:02x}" for byte in raw).encode(),
        "PERCENT": "".join(f"%{byte:02X}" for byte in raw).encode(),
        "JSON escapes": "".join(f"\\u{byte:04x}" for byte in raw).encode(),
        "escapes": "".join(f"\\x{byte:02x}" for byte in raw).encode(),
    }
    for shift in range(3):
        # What stands before it and after it is not known: the signs that depend on that are left out.
        for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
            signs = encode(b"\0" * shift + raw)
            found[f"{name}, shifted by {shift}"] = signs[4 if shift else 0 : len(signs) // 4 * 4 - 4]
    return found


FORMS = forms()


def in_bytes(data: bytes, within: int = _WITHIN) -> list[str]:
    """The forms of the key in `data`, and in what is packed in it."""
    found = [name for name, form in FORMS.items() if form in data]
    if within:
        for packed in _PACKED.finditer(data):
            with contextlib.suppress(zlib.error):
                unpacking = _unpacking(packed.group())
                content = unpacking.decompress(data[packed.start() :], _MOST_UNPACKED)
                found += [f"{name}, packed" for name in in_bytes(content, within - 1)]
    return found


def _unpacking(begin: bytes) -> Any:
    """For gzip, zlib, and zlib with the dictionary of the cache, by the first two bytes."""
    has_dictionary = begin[0] == 0x78 and begin[1] & _WITH_DICTIONARY
    return zlib.decompressobj(zdict=DICTIONARY) if has_dictionary else zlib.decompressobj(47)


def in_file(path: Path) -> list[str]:
    found = [name for piece in _pieces(path) for name in in_bytes(piece)]
    with path.open("rb") as file:
        is_database = file.read(15) == b"SQLite format 3"
    if is_database:
        found += [f"{name}, in a row" for value in _values(path) for name in in_bytes(value)]
    return found


def _pieces(path: Path) -> Iterator[bytes]:
    """Each with the end of the one before it."""
    longest = max(len(form) for form in FORMS.values())
    end = b""
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield end + piece
            end = piece[-longest:]


def _values(path: Path) -> list[bytes]:
    """All that is in a database, with what is in its log; what is left of it, if it is damaged."""
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(sqlite3.DatabaseError):
        for name in (path.name, path.name + "-wal"):
            if path.with_name(name).exists():
                shutil.copy(path.with_name(name), Path(folder) / name)
        with contextlib.closing(sqlite3.connect(Path(folder) / path.name)) as db:
            tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            rows = (row for table in tables for row in db.execute(f'SELECT * FROM "{table}"').fetchall())
            return [
                value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
                for row in rows
                for value in row
            ]
    return []
