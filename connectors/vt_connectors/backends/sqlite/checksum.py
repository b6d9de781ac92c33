"""The content of a record file: the ledgers of all keys, with a checksum against damage. Pure.

SQLite detects damage to its own structure, but not a changed digit or a missing row. In these cases the checksum does
not match, or there is no content.
"""

from __future__ import annotations

import json

from ...state.checksum import checksum


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
