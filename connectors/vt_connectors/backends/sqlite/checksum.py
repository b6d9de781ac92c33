"""The ledgers of all keys as the one content of a file, under a seal: damage is never taken for a record. Pure.

SQLite notices damage to its own structure; of a digit that became another one, or of a row that fell out of its page,
it knows nothing. There the seal does not fit, or nothing is there at all.
"""

from __future__ import annotations

import json

from ...state.checksum import checksum


def with_checksum(ledgers: dict[str, str]) -> bytes:
    """Ledgers (as JSON, by scope) as they are kept."""
    text = json.dumps(ledgers, separators=(",", ":")).encode()
    return b"%b %b" % (checksum(text), text)


def checked_content(content: object) -> dict[str, str]:
    """What `seal` was given. Raises `ValueError` for anything that it did not write."""
    if not isinstance(content, bytes):
        raise ValueError("no record is there")
    found, _, text = content.partition(b" ")
    if found != checksum(text):
        raise ValueError("the record is not what was written")
    ledgers: dict[str, str] = json.loads(text)
    return ledgers
