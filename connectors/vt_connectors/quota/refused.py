"""What is known of a refusal: the next callers are refused without a lease, a ticket and a change of the record.

A day or a month that is used up is believed for a second. The other windows depend on who asks, and who else waits: of
these it is remembered that somebody was refused, and the record is looked at for each caller, but not changed.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..clock import Clock
from ..errors import ConnectorError, RateLimited
from .acquisition import refusal
from .limiter import Limiter
from .policy import Refuse
from .waiters import LONGEST_RESERVATION_S, Claim

# Others may raise the quota, lift a pause or lose the record at any time.
_BELIEVED_S = 1.0


class Refusal(NamedTuple):
    """A caller's own error, and the quota's state."""

    error: RateLimited
    usage: Mapping[str, Any]


class _Exhausted(NamedTuple):
    """That no request can start before `until` (monotonic seconds), which is `ends_at` (epoch seconds), because
    `window` is used up; as of `read_at`.
    """

    until: float
    ends_at: float
    window: str
    usage: Mapping[str, Any]
    read_at: float


class Refused:
    """Whether one key's quota is used up, as one process knows it from its last refusal. Safe for many threads."""

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
        """There was quota for a caller."""
        self._exhausted = None
        self._until = 0.0

    def refusal(self, deadline: float, claim: Claim | None = None) -> Refusal | None:
        """What a caller gets that may wait until `deadline` (monotonic seconds); None if it has to ask.

        `claim`: what its request says of itself.
        """
        now, known = self._clock.monotonic(), self._exhausted
        if max(now, deadline) >= self._until:
            return None
        if known is None:
            return self._look(now, deadline, claim)
        if now < known.read_at + _BELIEVED_S or not self._reading.acquire(blocking=False):
            return self._told(known, now, deadline)
        try:
            return self._look(now, deadline, claim)
        finally:
            self._reading.release()

    def _look(self, now: float, deadline: float, claim: Claim | None) -> Refusal | None:
        known = self._exhausted
        try:
            decision, usage = self._limiter.foresee(deadline, claim)
        except ConnectorError:
            # What is known holds while the record cannot be read.
            self._exhausted = known._replace(read_at=self._clock.monotonic()) if known is not None else None
            return self._told(known, now, deadline) if known is not None else None
        if decision is None:
            self._exhausted = None
            return None
        found = _Exhausted(now + decision.retry_after, decision.until, decision.window, usage, self._clock.monotonic())
        is_calendar = decision.window in ("day", "month")
        self._exhausted = found if is_calendar or decision.retry_after > LONGEST_RESERVATION_S else None
        self._until = max(self._until, found.until) if self._exhausted is not None else self._until
        return self._told(found, now, deadline)

    def _told(self, known: _Exhausted, now: float, deadline: float) -> Refusal | None:
        if max(now, deadline) >= known.until:
            return None
        decision = Refuse(known.until - now, known.window, known.ends_at)
        return Refusal(refusal(decision, deadline - now, 0), known.usage)
