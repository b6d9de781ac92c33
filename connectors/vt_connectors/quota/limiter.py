"""The quota for callers: `with limiter.slot(deadline)` around each request."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Any, Callable

from ..clock import Clock
from ..errors import Unavailable
from ..log import logger
from ..state.fallback import Fallback, StateBusy
from ..state.heartbeat import Heartbeat
from ..threads import freed_at_fork
from . import policy, waiters
from . import reservations as slots
from .account_quota import AccountUse
from .acquisition import Acquisition, ReservationRequest, refusal
from .client_shares import ClientShares
from .gate import Gates, Turn
from .ledger import Ledger
from .ledger_store import Change, LedgerStore, Result
from .positions import Positions
from .reservation import Reservation
from .usage import take_over, usage
from .waiters import Claim
from .windows import Quota

_LOG = logger("quota")
# Without the shared ledger a process cannot see the requests of others, so it takes this part of the quota.
_UNSHARED_PART = 4
# The ticket of a forecast.
_FORECAST_TICKET = "forecast"


class Limiter:
    """The quota of one key, shared with every process that uses the same ledger store."""

    def __init__(
        self,
        ledgers: Fallback[LedgerStore],
        scope: str,
        quota: Callable[[], Quota],
        clock: Clock,
        heartbeat: Heartbeat,
    ) -> None:
        self._ledgers = ledgers
        self._scope = scope
        self._quota = quota
        self._clock = clock
        self._heartbeat = heartbeat
        self._client = os.urandom(8).hex()
        self._in_flight: list[Reservation] = []
        self._gates = Gates(clock)
        # Slots of answered requests, with the times of the answers (monotonic seconds). The next change reports them.
        self._unreported: list[tuple[Reservation, float]] = []
        self._consecutive_429s = 0
        self._is_blocked = False
        self._lock = freed_at_fork(threading.Lock())

    def turn(self, deadline: float, claim: Claim | None = None) -> Turn:
        """The place of one request among those of its client. Enter it before `slot`, or `slot` does that."""
        named = self.named(claim)
        return self._gates.turn(named, deadline, lambda ahead: self._check(ahead, deadline, named))

    @contextlib.contextmanager
    def slot(
        self,
        deadline: float,
        waiting: Callable[[bool], None] | None = None,
        keep: int | None = 0,
        claim: Claim | None = None,
        turn: Turn | None = None,
    ) -> Iterator[Reservation]:
        """Take one request's slot, waiting until `deadline` (this clock's monotonic seconds) at most.

        `keep`: how many of the day's requests are reserved for others; None: the usual share. `claim`: the client and
        purpose of the request; without it the client is this limiter. `turn` is left when the slot is taken or refused.
        `waiting` is called with True when a wait begins, and with False when it is over.
        Raises `RateLimited` at once if the wait would be longer, and `Cancelled` when the process ends.
        """
        if self._is_free():
            if turn is not None:
                turn.leave()
            yield Reservation()
            return
        named = self.named(claim)
        wanted = ReservationRequest(deadline, named, lambda: self.quota.leaving(keep), waiting)
        slot = Acquisition(wanted, self._transact, self._clock).slot(turn or self.turn(deadline, named))
        with self._lock:
            self._in_flight.append(slot)
        try:
            if slot.has_waited:
                slot.never_sent()
                wanted.report(False)
                slot.outcome = "unknown"
            with self._heartbeat.keeping(self._beat):
                yield slot
        finally:
            with self._lock:
                self._in_flight.remove(slot)
            self._give_back(slot)

    def named(self, claim: Claim | None) -> Claim:
        """The claim, with this limiter as the client of one without."""
        return claim if claim is not None and claim.client else (claim or Claim())._replace(client=self._client)

    def _is_free(self) -> bool:
        """Whether no process counts requests. Then one read replaces two changes that are synced to the disk."""
        quota = self.quota
        if quota.windows:
            return False
        ledger, now = self._peek()
        self._consecutive_429s = ledger.consecutive_429s
        return policy.is_free(ledger, quota, now)

    def _check(self, requests_ahead: int, deadline: float, claim: Claim) -> None:
        """Raise `RateLimited` if a request cannot start in time after `requests_ahead` others of its client."""
        ledger, now = self._peek()
        here = self._clock.monotonic()
        refused = policy.forecast(ledger, self.quota, now, now + deadline - here, claim, requests_ahead)
        if refused is not None:
            raise refusal(refused, deadline - here, 0)

    def foresee(self, deadline: float, claim: Claim | None = None) -> tuple[policy.Refuse | None, dict[str, Any]]:
        """The refusal of a request that may wait until `deadline`, and the quota's state. Nothing is changed.

        None if it would not be refused, or if its client would get a reserved place and has none yet. Raises
        `Unavailable`.
        """
        ledger, now = self._peek()
        named, until = self.named(claim), now + deadline - self._clock.monotonic()
        had_place = waiters.has_reservation(ledger, named)
        decision = policy.decide(ledger, self.quota, _FORECAST_TICKET, now, until, named)
        refused = decision if isinstance(decision, policy.Refuse) else None
        if not had_place and waiters.has_reservation(ledger, named):
            refused = None
        return refused, usage(ledger, self.quota, now)

    def _give_back(self, slot: Reservation) -> None:
        if self._can_report_later(slot):
            with self._lock:
                self._unreported.append((slot, self._clock.monotonic()))
            return

        def change(ledger: Ledger, now: float) -> dict[str, Any]:
            policy.tidy(ledger, self.quota, now)
            if slot.outcome == "never_sent":
                slots.refund(ledger, slot.ticket, slot.taken_at)
            else:
                slots.settle(ledger, slot.ticket, now, answered=slot.outcome == "answered")
            return usage(ledger, self.quota, now)

        try:
            slot.usage_after = self._transact(change)
        except Unavailable as error:
            # The slot still counts for as long as VirusTotal may count the request.
            _LOG.warning("%s", error.message)

    def _can_report_later(self, slot: Reservation) -> bool:
        """Whether the next change of the ledger can report the end of this request, which saves a change per request.

        That is so if no request waits for the slot and there is no usage to show. Without a next change, the slot
        counts from the end of its grace.
        """
        return slot.outcome == "answered" and slot.is_held and not self._is_blocked and not self.quota.windows

    def _beat(self) -> None:
        """Renew the slots in flight. A slot that expired before its request was sent is lost: it may be used again."""

        def change(ledger: Ledger, now: float) -> None:
            # Read inside the transaction, so that slots that were given back before it are not renewed.
            with self._lock:
                in_flight = [slot for slot in self._in_flight if not slot.is_lost]
            for slot in in_flight:
                slot.is_lost = not slot.is_sent and slots.has_run_out(ledger, slot.ticket, now)
                slot.confirm()
            slots.beat(ledger, [slot.ticket for slot in in_flight if not slot.is_lost], now)

        self._transact(change)

    @property
    def quota(self) -> Quota:
        """The windows in force: the configured ones, or a share of them while the shared ledger is unavailable."""
        quota = self._quota()
        return quota if self._ledgers.is_shared else quota.share(_UNSHARED_PART)

    def penalise(self, retry_after: float | None) -> float:
        """After a 429 (v2: 204), pause requests for that long, at most until the UTC day ends. Returns the seconds."""

        def change(ledger: Ledger, now: float) -> float:
            return policy.penalise(ledger, self.quota, now, retry_after)

        return self._transact(change)

    def accepted(self) -> None:
        """VirusTotal accepted a request: the next 429 is the first in a row."""
        if self._consecutive_429s:
            self._transact(lambda ledger, _: policy.forgive(ledger))
            self._consecutive_429s = 0

    def usage(self) -> dict[str, Any]:
        """The contract's `meta.quota`: window name to limit, used, resets_in_s; `blocked` while a 429 is waited out."""
        return self._transact(lambda ledger, now: usage(ledger, self.quota, now))

    @property
    def positions(self) -> Positions:
        """Where the polls of this key's streams ended."""
        return Positions(self._transact)

    @property
    def shares(self) -> ClientShares:
        """What is guaranteed to clients of this key."""
        return ClientShares(self._transact, self._peek, lambda: self.quota, self._gates.waiting)

    def take_over(self, use: AccountUse) -> None:
        """Correct the ledger with the account's own figures: see `usage.take_over`."""
        self._transact(lambda ledger, now: take_over(ledger, self.quota, use, now))

    def _transact(self, change: Change[Result]) -> Result:
        """Run `change`, after the reports that are still due."""
        with self._lock:
            unreported = list(self._unreported)

        def all_changes(ledger: Ledger, now: float) -> Result:
            here = self._clock.monotonic()
            for slot, answered_at in unreported:
                slots.settle_late(ledger, slot.ticket, now - (here - answered_at))
            result = change(ledger, now)
            self._consecutive_429s, self._is_blocked = ledger.consecutive_429s, ledger.blocked_until > now
            return result

        result = self._patiently(lambda ledgers: ledgers.transact(self._scope, all_changes))
        if unreported:
            with self._lock:
                self._unreported = [report for report in self._unreported if report not in unreported]
        return result

    def _peek(self) -> tuple[Ledger, float]:
        return self._patiently(lambda ledgers: ledgers.peek(self._scope))

    def _patiently(self, work: Callable[[LedgerStore], Result]) -> Result:
        try:
            return self._ledgers.use(work)
        except StateBusy as error:
            raise Unavailable(
                f"{error}; no request is sent without the quota record; repeat it later", details={"source": "state"}
            ) from error
