"""Remembers a refusal, so that later callers are refused without a lease, a ticket and a change of the ledger.

For a day or month that is used up, the refusal is reused for a second; if only the shares of others are left of it,
then for the same client only. The other windows depend on the client and on the other waiters: for them, the ledger is
read for each caller after a refusal, but not changed.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ..clock import Clock
from ..errors import ConnectorError, RateLimited
from .acquisition import refusal
from .limiter import Limiter
from .policy import Refuse
from .waiters import LONGEST_RESERVATION_S, Claim

# Others may raise the quota, end a pause or lose the ledger at any time.
_REUSED_S = 1.0


class Refusal(NamedTuple):
    """The error of one caller, and the quota's state."""

    error: RateLimited
    usage: Mapping[str, Any]


class _Exhausted(NamedTuple):
    """No request of `client` (None: of any) can start before `until` (monotonic seconds), as `decision` says.

    Read from the ledger at `read_at`.
    """

    until: float
    decision: Refuse
    client: str | None
    usage: Mapping[str, Any]
    read_at: float


class Refused:
    """Whether the quota of one key is used up, by the last refusal in this process. Safe for many threads."""

    def __init__(self, limiter: Limiter, clock: Clock) -> None:
        self._limiter = limiter
        self._clock = clock
        self._exhausted: _Exhausted | None = None
        self._until = 0.0
        self._reading = threading.Lock()

    def remember(self, error: RateLimited) -> None:
        """A caller was refused with `error`."""
        self._exhausted = None
        self._until = self._clock.monotonic() + (error.retry_after or 0.0)

    def forget(self) -> None:
        """A caller got quota."""
        self._exhausted = None
        self._until = 0.0

    def refusal(self, deadline: float, claim: Claim | None = None) -> Refusal | None:
        """The refusal of a caller that may wait until `deadline` (monotonic seconds); None if it must try for a slot.

        `claim`: the client and purpose of its request.
        """
        now, known = self._clock.monotonic(), self._known_for(claim)
        if max(now, deadline) >= self._until:
            return None
        if known is None:
            return self._look(now, deadline, claim)
        if now < known.read_at + _REUSED_S or not self._reading.acquire(blocking=False):
            return self._refusal_from(known, now, deadline)
        try:
            return self._look(now, deadline, claim)
        finally:
            self._reading.release()

    def _known_for(self, claim: Claim | None) -> _Exhausted | None:
        known = self._exhausted
        is_for_it = known is not None and known.client in (None, self._limiter.named(claim).client)
        return known if is_for_it else None

    def _look(self, now: float, deadline: float, claim: Claim | None) -> Refusal | None:
        known = self._known_for(claim)
        try:
            decision, usage = self._limiter.foresee(deadline, claim)
        except ConnectorError:
            # The last refusal stays valid while the ledger cannot be read.
            self._exhausted = known._replace(read_at=self._clock.monotonic()) if known is not None else None
            return self._refusal_from(known, now, deadline) if known is not None else None
        if decision is None:
            self._exhausted = None
            return None
        client = self._limiter.named(claim).client if decision.reserved else None
        found = _Exhausted(now + decision.retry_after, decision, client, usage, self._clock.monotonic())
        is_calendar = decision.window in ("day", "month")
        self._exhausted = found if is_calendar or decision.retry_after > LONGEST_RESERVATION_S else None
        self._until = max(self._until, found.until) if self._exhausted is not None else self._until
        return self._refusal_from(found, now, deadline)

    def _refusal_from(self, known: _Exhausted, now: float, deadline: float) -> Refusal | None:
        if max(now, deadline) >= known.until:
            return None
        decision = replace(known.decision, retry_after=known.until - now)
        return Refusal(refusal(decision, deadline - now, 0), known.usage)
