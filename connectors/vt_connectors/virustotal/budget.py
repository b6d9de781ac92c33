"""The limits of one action, and its used requests and time."""

from __future__ import annotations

import zlib

from ..light_typing import TYPE_CHECKING, Any, Callable, Protocol

if TYPE_CHECKING:
    from ..observer import Observer
    from ..quota.gate import Turn
    from ..quota.limiter import Limiter
    from ..quota.waiters import Claim


class Permit(Protocol):
    """Permits the requests of one action, depending on other requests of the same account."""

    def waits(self) -> None:
        """A request begins to wait for quota."""

    def may_send(self) -> None:
        """Called after a request's reservation. Raises `ConnectorError` if the request must not be sent."""

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
    """`deadline`: the end of waiting for quota (the clock's monotonic seconds).

    `requests` and `waited_s` add up; `quota` is its state after the last request. `waiting` is called with True
    when a request begins to wait for quota, and with False when it is sent after that. `told` is
    notified of the bytes of a file. `keep`: the day's requests to reserve for others; None: the default share. `claim`:
    the data of its requests in the queue for quota; `turn`: their place among those of their client, if taken.
    `permit`: checked before each request. `has_written`: a write was sent, and VirusTotal did not refuse it.
    """

    def __init__(
        self, deadline: float, told: Observer | None = None, keep: int | None = 0, claim: Claim | None = None
    ) -> None:
        self.deadline = deadline
        self.requests = 0
        self.has_written = False
        self.waited_s = 0.0
        self.keep = keep
        self.claim = claim
        self.turn: Turn | None = None
        self.permit: Permit = _Always()
        self.quota: dict[str, Any] = {}
        self.waiting: Callable[[bool], None] | None = None
        self.told = told

    @property
    def observer(self) -> Observer:
        """What is notified; `told`, if there is one."""
        from ..observer import SILENT

        return self.told or SILENT

    def take_turn(self, limiter: Limiter, key: str) -> Turn:
        """The place of the request for `key` among those of its client. Enter it, and leave it."""
        self.turn = limiter.turn(self.deadline, self.claim_for(key))
        return self.turn

    def claim_for(self, key: str) -> Claim:
        """The claim of the request for `key` in the queue for quota."""
        from ..quota.waiters import Claim

        claim = self.claim or Claim(returns=self.keep == 0)
        self.claim = claim._replace(about=f"{zlib.crc32(key.encode('utf-8', 'surrogatepass')):08x}")
        return self.claim
