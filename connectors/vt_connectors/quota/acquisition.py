"""How one request gets a reservation: the gate of its client, the queue of all clients, the grant or the refusal."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from ..clock import Clock, iso
from ..errors import RateLimited
from . import policy, waiters
from .gate import Turn
from .ledger import Ledger
from .ledger_store import Change, Result
from .reservation import Reservation
from .waiters import Claim
from .windows import Quota

_SHORTEST_NAP_S = 0.005


class Transact(Protocol):
    """Runs a change of the key's ledger in one transaction, and stores the result."""

    def __call__(self, change: Change[Result], /) -> Result: ...


class ReservationRequest(NamedTuple):
    """A request for a slot before `deadline` (the clock's monotonic seconds).

    `quota`: the windows in force, less what the caller leaves to others. `waiting` is called with True when the wait
    begins, and with False when it ends with a refusal.
    """

    deadline: float
    claim: Claim
    quota: Callable[[], Quota]
    waiting: Callable[[bool], None] | None

    def report(self, waiting: bool) -> None:
        """Report that the wait begins, or is over."""
        if self.waiting is not None:
            self.waiting(waiting)


class Acquisition:
    """`slot()` returns the slot, which the ledger counts from then on. Used once."""

    def __init__(self, wanted: ReservationRequest, transact: Transact, clock: Clock) -> None:
        self._wanted = wanted
        self._transact = transact
        self._clock = clock
        self._began = clock.monotonic()
        self._slot = Reservation(clock, os.urandom(8).hex())

    def slot(self, turn: Turn) -> Reservation:
        """Always leaves `turn`. Raises `RateLimited` at once if the wait would be too long, and `Cancelled`."""
        try:
            turn.enter()
            began = self._clock.monotonic()
            decision, again = self._look()
            if isinstance(decision, policy.Wait):
                self._slot.has_waited = True
                self._wanted.report(True)
                turn.waits()
                decision = self._wait(again)
        finally:
            turn.leave()
        if isinstance(decision, policy.Refuse):
            if self._slot.has_waited:
                self._wanted.report(False)
            raise refusal(decision, self._wanted.deadline - self._began, self._wanted.quota().kept)
        self._slot.waited_s = turn.take_waited_s() + self._clock.monotonic() - began
        return self._slot

    def _wait(self, again: float) -> policy.Decision:
        """Look at `again`, and repeatedly after it, until there is a decision."""
        ticket = self._slot.ticket
        while True:
            nap = min(again - self._clock.monotonic(), waiters.LONGEST_LOOK_IN_S)
            try:
                self._clock.sleep(max(nap, _SHORTEST_NAP_S))
            except BaseException:
                self._transact(lambda ledger, _: waiters.leave(ledger, ticket))
                raise
            decision, again = self._look()
            if not isinstance(decision, policy.Wait):
                return decision

    def _look(self) -> tuple[policy.Decision, float]:
        """The decision, and when to look again: in monotonic seconds, because the ledger's clock may differ."""

        def change(ledger: Ledger, now: float) -> tuple[policy.Decision, float]:
            here, wanted = self._clock.monotonic(), self._wanted
            self._slot.confirm()
            decision = policy.decide(
                ledger, wanted.quota(), self._slot.ticket, now, now + wanted.deadline - here, wanted.claim
            )
            return decision, here + (decision.until - now if isinstance(decision, policy.Wait) else 0.0)

        decision, again = self._transact(change)
        if isinstance(decision, policy.Start):
            self._slot.taken_at = decision.taken_at
        return decision, again


def refusal(decision: policy.Refuse, patience_s: float, reserved: int) -> RateLimited:
    """The error of a request that may wait `patience_s`. `reserved`: how many of the day's requests others have."""
    seconds = max(1, math.ceil(decision.retry_after))
    if decision.reserved:
        return _reserved_for_shares(decision, seconds)
    if decision.window == "day" and reserved:
        return RateLimited(
            f"what is left of the quota of this day is reserved for others; the next day begins in {seconds} s",
            retry_after=round(decision.retry_after, 3),
            details={"source": "local", "window": "day", "reserved": reserved},
        )
    upstream = decision.window == "upstream"
    pause = f"requests pause until {iso(decision.until)}, as VirusTotal has no quota left for the key"
    why = pause if upstream else f"the quota of this {decision.window} is used up"
    # Nobody waits for the next day or month.
    is_soon = decision.window not in ("day", "month")
    advice = "; repeat it then, or let it wait for longer with max_wait_s" if is_soon else ""
    return RateLimited(
        f"{why}: free again in {seconds} s, and this action waits {max(0.0, patience_s):.0f} s at most{advice}",
        retry_after=round(decision.retry_after, 3),
        details={
            "source": "upstream" if upstream else "local",
            "window": None if upstream else decision.window,
        },
    )


def _reserved_for_shares(decision: policy.Refuse, seconds: int) -> RateLimited:
    """The error if only the shares of other clients are left. It names no other client."""
    window, share = decision.window, decision.share
    details: dict[str, Any] = {"source": "local", "window": window, "reserved": decision.reserved}
    own = ""
    if share is not None and share.percent:
        own = f"the share of {share.client} in the quota of this {window} is used up ({share.guaranteed} requests); "
        details["share"] = share._asdict()
    return RateLimited(
        f"{own}what is left of the quota of this {window} ({decision.reserved} requests) is reserved for the shares of "
        f"other clients; the next {window} begins in {seconds} s",
        retry_after=round(decision.retry_after, 3),
        details=details,
    )
