"""Leases: the right to send the request for one key, held as long as the holder lives.

A lease has no time in it, because clocks are set, and the clocks of two machines differ. A holder changes the `beat` of
its lease once a second. If a follower sees no change for `LEASE_S` of its own monotonic clock, the holder is dead.
"""

from __future__ import annotations

from collections.abc import Collection

from ..light_typing import NamedTuple, Protocol
from .results import Result

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
