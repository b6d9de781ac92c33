"""The result that a finished holder leaves with its lease for its followers, as text."""

from __future__ import annotations

import base64
import json

from ..cache import Entry
from ..cache.entry import MAX_STORED_BYTES, TooLargeToKeep, is_deep
from ..errors import ConnectorError, from_dict
from ..light_typing import NamedTuple
from ..state import checksum

_CHECKSUM_LENGTH = 8
# Two answers in base64, and some text. A longer one is not ours: it could fill the memory of its readers.
MOST_CHARACTERS = 2 * (MAX_STORED_BYTES * 4 // 3 + 4) + 64 * 1024


class Result(NamedTuple):
    """How a holder ended: with an answer or with an error.

    `entry` is for followers of the same account (key and server), `public` for followers of other accounts; None: no
    entry for them. `error` is for followers of the same account. `is_cached` is known within one process only.
    """

    entry: Entry | None = None
    public: Entry | None = None
    error: ConnectorError | None = None
    is_cached: bool = False

    def entry_for(self, same_account: bool) -> Entry | None:
        return self.entry if same_account else self.public

    def to_text(self, key: str) -> str:
        """With a checksum, because a damaged answer would be a wrong answer."""
        content = json.dumps(
            {
                "entry": _packed(self.entry),
                "public": "same" if self.public is self.entry else _packed(self.public),
                "error": None if self.error is None else self.error.to_dict(),
            }
        )
        return _checksum(key, content) + content

    @classmethod
    def from_text(cls, key: str, text: str) -> Result:
        """The result; an empty one if `to_text` did not write `text` for `key`."""
        if len(text) > MOST_CHARACTERS:
            return cls()
        content = text[_CHECKSUM_LENGTH:]
        if text[:_CHECKSUM_LENGTH] != _checksum(key, content):
            return cls()
        try:
            found = json.loads(content)
            if is_deep(content.encode("utf-8", "surrogatepass"), found):
                return cls()
            entry = _unpacked(found["entry"])
            public = entry if found["public"] == "same" else _unpacked(found["public"])
            return cls(entry, public, None if found["error"] is None else from_dict(found["error"]))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return cls()


def _packed(entry: Entry | None) -> str | None:
    try:
        return None if entry is None else base64.b64encode(entry.to_bytes()).decode("ascii")
    except TooLargeToKeep:
        return None


def _unpacked(text: str | None) -> Entry | None:
    return None if text is None else Entry.from_bytes(base64.b64decode(text))


def _checksum(key: str, content: str) -> str:
    return checksum(content.encode("utf-8", "surrogatepass"), key).decode("ascii")
