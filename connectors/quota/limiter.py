"""The quota as a caller meets it: `with limiter.slot(deadline)` around each request."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import threading
from collections.abc import Iterator
from typing import Any, Callable

from ..clock import Clock
from ..errors import RateLimited, Unavailable
from ..state.heartbeat import Heartbeat
from ..state.unavailable import Fallback, StateBusy
from . import policy, slots
from .books import Change, QuotaBook, Result
from .ledger import Ledger
from .usage import take_over, usage
from .windows import Quota

_LOG = logging.getLogger("connectors.quota")
# Without the shared book a process cannot see the others; it takes this part of the quota.
_BLIND_SHARE = 4
_SHORTEST_NAP_S = 0.005


class Slot:
    """One granted request: say what became of it before the block ends.

    `waited_s` is what it cost; `usage_after` is the quota's state when the block has ended.
    """

    def __init__(self, ticket: str = "", taken_at: float = 0.0, waited_s: float = 0.0) -> None:
        self.ticket = ticket
        self.taken_at = taken_at
        self.waited_s = waited_s
        self.usage_after: dict[str, Any] = {}
        self.outcome = "unknown"

    def answered(self) -> None:
        """VirusTotal answered, whatever it said."""
        self.outcome = "answered"

    def never_sent(self) -> None:
        """No connection was made, so VirusTotal cannot have counted it."""
        self.outcome = "never_sent"


def _unheard(waiting: bool) -> None:
    return None


class Limiter:
    """One key's quota, shared with every process that uses the same book."""

    def __init__(
        self,
        book: Fallback[QuotaBook],
        scope: str,
        quota: Callable[[], Quota],
        clock: Clock,
        heartbeat: Heartbeat,
    ) -> None:
        self._book = book
        self._scope = scope
        self._quota = quota
        self._clock = clock
        self._heartbeat = heartbeat
        self._flying: list[str] = []
        self._strikes = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def slot(self, deadline: float, waiting: Callable[[bool], None] = _unheard, keep: int | None = 0) -> Iterator[Slot]:
        """Take one request's slot, waiting until `deadline` (this clock's monotonic seconds) at most.

        `keep`: how many of the day's requests are left to others; None: the usual share.
        `waiting` is told True when the wait begins, and False when it is over; nothing when there is none.
        Raises `RateLimited` at once when the wait would be longer, `Cancelled` when the process ends.
        """
        if self._is_free():
            yield Slot()
            return
        slot = self._take(deadline, waiting, keep)
        with self._lock:
            self._flying.append(slot.ticket)
        try:
            with self._heartbeat.keeping(self._beat):
                yield slot
        finally:
            with self._lock:
                self._flying.remove(slot.ticket)
            self._give_back(slot)

    def _is_free(self) -> bool:
        """Whether nobody counts: then a request takes a look instead of two changes that outlive a power cut."""
        quota = self.quota
        if quota.windows:
            return False
        ledger, now = self._patiently(lambda book: book.peek(self._scope))
        self._strikes = ledger.strikes
        return policy.is_free(ledger, quota, now)

    def _take(self, deadline: float, waiting: Callable[[bool], None], keep: int | None) -> Slot:
        ticket = os.urandom(8).hex()
        began = self._clock.monotonic()
        decision, again = self._look(ticket, deadline, keep)
        if isinstance(decision, policy.Wait):
            waiting(True)
            decision = self._wait(ticket, deadline, again, keep)
            waiting(False)
        if isinstance(decision, policy.Refuse):
            raise _refusal(decision, deadline - began, self._kept(keep))
        assert isinstance(decision, policy.Start)
        return Slot(ticket, decision.taken_at, self._clock.monotonic() - began)

    def _wait(self, ticket: str, deadline: float, again: float, keep: int | None) -> policy.Decision:
        """Look in `again` and again until it is decided."""
        while True:
            nap = min(again - self._clock.monotonic(), policy.LONGEST_LOOK_IN_S)
            try:
                self._clock.sleep(max(nap, _SHORTEST_NAP_S))
            except BaseException:
                self._transact(lambda ledger, _: policy.leave(ledger, ticket))
                raise
            decision, again = self._look(ticket, deadline, keep)
            if not isinstance(decision, policy.Wait):
                return decision

    def _look(self, ticket: str, deadline: float, keep: int | None) -> tuple[policy.Decision, float]:
        """The decision, and when to look in again: this clock's monotonic seconds, as the book's clock may differ."""

        def change(ledger: Ledger, now: float) -> tuple[policy.Decision, float]:
            here = self._clock.monotonic()
            decision = policy.decide(ledger, self.quota.leaving(keep), ticket, now, now + deadline - here)
            return decision, here + (decision.until - now if isinstance(decision, policy.Wait) else 0.0)

        return self._transact(change)

    def _give_back(self, slot: Slot) -> None:
        def change(ledger: Ledger, now: float) -> dict[str, Any]:
            policy.tidy(ledger, self.quota, now)
            if slot.outcome == "never_sent":
                slots.refund(ledger, slot.ticket, slot.taken_at)
            else:
                slots.settle(ledger, slot.ticket, now, answered=slot.outcome == "answered")
            self._strikes = ledger.strikes
            return usage(ledger, self.quota, now)

        try:
            slot.usage_after = self._transact(change)
        except Unavailable as error:
            # The slot counts on by itself for as long as the request could still be counted.
            _LOG.warning("%s", error.message)

    def _beat(self) -> None:
        def change(ledger: Ledger, now: float) -> None:
            # Read in here: a slot given back before this transaction is not among them any more.
            with self._lock:
                flying = list(self._flying)
            slots.beat(ledger, flying, now)

        self._transact(change)

    @property
    def quota(self) -> Quota:
        """The windows in force: the configured ones, or a share of them while the book is out of reach."""
        quota = self._quota()
        return quota if self._book.is_shared else quota.share(_BLIND_SHARE)

    def _kept(self, keep: int | None) -> int:
        """How many of the day's requests that leaves to others."""
        quota = self.quota
        return sum(have.limit - may.limit for have, may in zip(quota.calendar, quota.leaving(keep).calendar))

    def penalise(self, retry_after: float | None) -> float:
        """VirusTotal said 429 (v2: 204): nobody asks for that long. Returns the wait in seconds."""

        def change(ledger: Ledger, now: float) -> float:
            wait = policy.penalise(ledger, self.quota, now, retry_after)
            self._strikes = ledger.strikes
            return wait

        return self._transact(change)

    def accepted(self) -> None:
        """VirusTotal took a request and did what was asked: the next 429 is the first in a row."""
        if self._strikes:
            self._transact(lambda ledger, _: policy.forgive(ledger))
            self._strikes = 0

    def usage(self) -> dict[str, Any]:
        """The contract's `meta.quota`: window name to limit, used, resets_in_s; `blocked` while a 429 is waited out."""
        return self._transact(lambda ledger, now: usage(ledger, self.quota, now))

    def take_over(self, used: dict[str, int]) -> None:
        """Raise this day's and month's use to the account's own figures (`{"day": n, "month": n}`)."""
        self._transact(lambda ledger, now: take_over(ledger, used, now))

    def _transact(self, change: Change[Result]) -> Result:
        return self._patiently(lambda book: book.transact(self._scope, change))

    def _patiently(self, work: Callable[[QuotaBook], Result]) -> Result:
        try:
            return self._book.use(work)
        except StateBusy as error:
            raise Unavailable(f"{error}; nothing is asked without the record of the quota: repeat later") from error


def _refusal(decision: policy.Refuse, patience_s: float, kept: int) -> RateLimited:
    seconds = max(1, math.ceil(decision.retry_after))
    if decision.window == "day" and kept:
        return RateLimited(
            f"what is left of the quota of this day is kept for others; the next day begins in {seconds} s",
            retry_after=round(decision.retry_after, 3),
            details={"source": "local", "window": "day", "kept": kept},
        )
    upstream = decision.window == "upstream"
    why = "VirusTotal asked for a pause" if upstream else f"the quota of this {decision.window} is used up"
    return RateLimited(
        f"{why}: free again in {seconds} s, and this action waits {max(0.0, patience_s):.0f} s at most; "
        "repeat it then, or let it wait for longer",
        retry_after=round(decision.retry_after, 3),
        details={
            "source": "upstream" if upstream else "local",
            "window": None if upstream else decision.window,
        },
    )
