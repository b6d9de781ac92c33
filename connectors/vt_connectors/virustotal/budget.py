"""What one action may spend, and what it spent."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Callable, Protocol

from ..observer import SILENT

if TYPE_CHECKING:
    from ..quota.gate import Turn
    from ..quota.limiter import Limiter
    from ..quota.waiters import Claim


class Permit(Protocol):
    """Whether the requests of one action may be sent, as far as others of the same account show it."""

    def waits(self) -> None:
        """A request begins to wait for quota."""

    def may_send(self) -> None:
        """Called with a request's slot. Raises `ConnectorError` if the request is not to be sent."""

    def accepted(self) -> None:
        """VirusTotal answered a request."""


class _Always:
    def waits(self) -> None:
        return None

    def may_send(self) -> None:
        return None

    def accepted(self) -> None:
        return None


class Budget:
    """`deadline`: until when it may wait for quota (the clock's monotonic seconds).

    `requests` and `waited_s` add up; `quota` is its state after the last request. `waiting` is told True
    when a request begins to wait for quota, and False when it goes out after that. `observer` hears of a
    file's bytes. `keep`: how many of the day's requests it leaves to others; None: the usual share. `claim`:
    what its requests say of themselves in the queue for quota; `turn`: their place among their client's, if taken.
    `permit`: asked before each request. `has_written`: a request went out that changes something at VirusTotal, and
    VirusTotal did not refuse it.
    """

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.requests = 0
        self.has_written = False
        self.waited_s = 0.0
        self.keep: int | None = 0
        self.claim: Claim | None = None
        self.turn: Turn | None = None
        self.permit: Permit = _Always()
        self.quota: dict[str, Any] = {}
        self.waiting: Callable[[bool], None] | None = None
        self.observer = SILENT

    def take_turn(self, limiter: Limiter, key: str) -> Turn:
        """The place of the request for `key` among those of its client. It is to be entered, and left."""
        self.turn = limiter.turn(self.deadline, self.claim_for(key))
        return self.turn

    def claim_for(self, key: str) -> Claim:
        """What the request for `key` says of itself."""
        from ..quota.waiters import Claim

        claim = self.claim or Claim(returns=self.keep == 0)
        self.claim = claim._replace(about=f"{zlib.crc32(key.encode('utf-8', 'surrogatepass')):08x}")
        return self.claim
