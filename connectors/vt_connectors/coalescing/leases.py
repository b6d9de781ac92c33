"""Leases: the right to send the request for one key, held as long as the holder lives; and the result that a finished
holder leaves with its lease for its followers, as text.

A lease has no time in it, because clocks are set, and the clocks of two machines differ. A holder changes the `beat` of
its lease once a second. If a follower sees no change for `LEASE_S` of its own monotonic clock, the holder is dead.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection

from ..cache import Entry
from ..cache.entry import MAX_STORED_BYTES, TooLargeToKeep, is_deep
from ..errors import ConnectorError, from_dict
from ..light_typing import NamedTuple, Protocol
from ..state import checksum

# Seconds without a heartbeat, while a follower watches, after which a holder is dead.
LEASE_S = 4.0
# Seconds for which a finished holder's result is left for its followers, which look several times a second ...
RESULT_LEFT_S = 10.0
# ... and an answer that the cache could not store, for the next caller.
ANSWER_LEFT_S = 3600.0
# Seconds after which an unused lease is removed: its key may never be used again.
ABANDONED_S = 86400.0
# Results that are left between two sweeps.
SWEEP_EVERY = 64


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


class Lease(NamedTuple):
    """One key's lease.

    `account`: a hash of the holder's key and server. `beat` changes with every heartbeat. `waiting`: the holder waits
    for quota. `result`: how the request ended; None while the lease is held.
    """

    token: str
    account: str = ""
    beat: int = 0
    waiting: bool = False
    result: Result | None = None


class Seen(NamedTuple):
    """The result of a claim: the caller's new lease (`mine`), or the lease of another holder.

    `before`: the lease of a finished holder that `lease` replaced.
    """

    lease: Lease
    mine: bool
    before: Lease | None = None


class LeaseStore(Protocol):
    """The port. May raise `StateBusy` and `StateUnavailable`."""

    def claim(self, key: str, lease: Lease, dead: Lease | None = None) -> Seen:
        """Store `lease`, unless another holder has the key. Replaces the lease of a finished holder, and a lease that
        still equals `dead`.
        """

    def peek(self, key: str) -> Lease | None:
        """The key's lease: held, or finished with a result that is still there."""

    def waiting(self, key: str, token: str, waiting: bool) -> None:
        """The holder begins to wait for quota, or sends its request after it."""

    def release(self, key: str, token: str, result: Result | None, left_s: float = RESULT_LEFT_S) -> None:
        """The holder is done; `result` is left for at least `left_s` seconds, or until the key is claimed again."""

    def renew(self, tokens: Collection[str]) -> None:
        """The heartbeat of the holders with these tokens."""


def may_replace(found: Lease, dead: Lease | None) -> bool:
    """Whether a claim replaces the lease `found`; `dead` is the lease that the caller knows to be dead."""
    return found.result is not None or (dead is not None and (found.token, found.beat) == (dead.token, dead.beat))


def _packed(entry: Entry | None) -> str | None:
    try:
        return None if entry is None else base64.b64encode(entry.to_bytes()).decode("ascii")
    except TooLargeToKeep:
        return None


def _unpacked(text: str | None) -> Entry | None:
    return None if text is None else Entry.from_bytes(base64.b64decode(text))


def _checksum(key: str, content: str) -> str:
    return checksum(content.encode("utf-8", "surrogatepass"), key).decode("ascii")
