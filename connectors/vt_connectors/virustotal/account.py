"""One account: a key at a server, with its quota, its API and its circuit breaker."""

from __future__ import annotations

import math
import threading
from typing import Any, Callable, TypeVar

from ..clock import Clock
from ..errors import ConnectorError, RateLimited, told
from ..log import logger
from ..quota import Quota
from ..quota.account_quota import measured, use_of
from ..quota.limiter import Limiter
from ..quota.refused import Refusal, Refused
from ..quota.waiters import Claim
from ..redaction import without_keys
from ..threads import freed_at_fork
from .budget import Budget
from .circuit_breaker import CircuitBreaker
from .port import Api
from .probe import KeyProbe, Permit
from .responses import ForeignLimit

_LOG = logger("virustotal.account")
Result = TypeVar("Result")

# How long the account's figures are valid: only users of this key change them, unless a group shares them.
_QUOTA_KNOWN_S = 86400.0
# When to request them again if they could not be read, if other members of a group change them, or during a pause.
_QUOTA_AGAIN_S = 300.0
# How often a thread that waits for them checks whether its process should end.
_LOOK_S = 0.05


class Account:
    """All requests to VirusTotal go through `ask`."""

    def __init__(
        self,
        api: Api,
        limiter: Limiter,
        breaker: CircuitBreaker,
        probe: KeyProbe,
        quota: MeasuredQuota,
        refused: Refused,
        identity: str = "",
    ) -> None:
        """`identity`: a hash of the key and the server, so that equal requests of other accounts are different."""
        self._api = api
        self.limiter = limiter
        self.identity = identity
        self._breaker = breaker
        self._probe = probe
        self._quota = quota
        self._refused = refused

    @property
    def writes_to_url_ids(self) -> bool:
        """Whether a write on a URL needs the id from VirusTotal's report on it."""
        return self._api.writes_to_url_ids

    def permit(self, purpose: str, key: str, budget: Budget) -> Permit:
        """The permit of the request for `key`, with its place among those of its client. Enter it before taking a lease
        or anything else that other processes wait for; `ask` enters it at the latest. Always leave it.

        `purpose` is the kind of call, such as `lookup_hash`.
        """
        self._quota.look()
        return self._probe.permit(purpose, budget.deadline, budget.take_turn(self.limiter, key))

    def permit_without_quota(self, purpose: str) -> Permit:
        """As `permit`, for a call that VirusTotal does not count: it has no place among those that need quota, so lack
        of quota does not prevent it.
        """
        return self._probe.permit(purpose, math.inf)

    def ask(self, permit: Permit, call: Callable[[Api], Result], budget: Budget) -> Result:
        """The result of `call(api)`, unless the circuit breaker is open. Raises `ConnectorError`.

        Any failure after a write was sent is `OutcomeUnknown`, also for callers that wait for the same write.
        """
        permit.enter()
        had_written = budget.has_written
        try:
            return self._asked(permit, call, budget)
        except Exception as failure:
            if budget.has_written and not had_written:
                raise told(failure, has_written=True) from failure
            raise

    def _asked(self, permit: Permit, call: Callable[[Api], Result], budget: Budget) -> Result:
        try:
            result = self._try(permit, call, budget)
        except RateLimited as error:
            if error.details.get("source") == "upstream":
                self._quota.doubt()
            raise
        if permit.turn is not None:
            self.limiter.accepted()
        return result

    def _try(self, permit: Permit, call: Callable[[Api], Result], budget: Budget) -> Result:
        open_error = self._probe.open_error(permit)
        if open_error is not None:
            raise open_error
        budget.permit = permit
        try:
            result = call(self._api)
        except ForeignLimit as error:
            self._breaker.failed(permit.purpose, error)
            raise
        except RateLimited as error:
            self._refused.remember(error)
            if error.http_status is not None:
                permit.accepted()
            raise
        except ConnectorError as error:
            self._breaker.failed(permit.purpose, error)
            raise
        else:
            self._refused.forget()
            permit.accepted()
            return result
        finally:
            permit.settle()

    def refusal(self, deadline: float, claim: Claim | None = None) -> Refusal | None:
        """The refusal of a request that may wait for quota until `deadline` (monotonic seconds), if it is known from
        another recent refusal. None if not, or if the account's figures are requested first, which may end a pause.
        """
        return None if self._quota.is_due else self._refused.refusal(deadline, claim)

    def own_figures(self, budget: Budget) -> dict[str, Any]:
        """VirusTotal's figures for the account's quotas (not counted); our record adopts the used requests.

        This ends a pause after a 429 if there are requests left. Raises `ConnectorError`.
        """
        began = self._quota.clock.monotonic()
        permit = self.permit_without_quota("quota")
        permit.enter()
        figures = self._try(permit, lambda api: api.overall_quotas(budget), budget)
        self._quota.heard(figures)
        try:
            self.limiter.take_over(use_of(figures, self._quota.clock.monotonic() - began))
        finally:
            self._quota.go_on()
        return figures


class MeasuredQuota:
    """`VT_QUOTA=auto`: the account's windows; the public ones until these are known, or if they cannot be read.

    Threads that need the quota before the first reply wait for it.
    """

    def __init__(self, start: Quota, clock: Clock) -> None:
        self.clock = clock
        self.figures: Callable[[], dict[str, Any]] | None = None
        self._public = start
        self._quota = start
        self._next_look = 0.0
        self._told = ""
        self._lock = freed_at_fork(threading.Lock())
        self._was_asked = threading.Event()

    def __call__(self) -> Quota:
        return self._quota

    def heard(self, figures: dict[str, Any]) -> None:
        """Adopt the account's windows from any request for its figures."""
        if not self._public.auto:
            return
        found = measured(figures, self._public, without_keys)
        self._quota = found.quota
        is_for_long = not found.is_shared and not found.unread
        self._next_look = self.clock.monotonic() + (_QUOTA_KNOWN_S if is_for_long else _QUOTA_AGAIN_S)
        self._warn(
            f"VT_QUOTA=auto: the account's figures cannot all be read ({'; '.join(found.unread)}); "
            f"the public quota holds for limits that cannot be read; now in use: {found.quota}"
            if found.unread
            else ""
        )

    def go_on(self) -> None:
        """Threads that wait go on: the record has the used requests too, so they do not exceed what is left."""
        self._was_asked.set()

    @property
    def is_due(self) -> bool:
        """Whether it is time to request the account's figures."""
        return self.figures is not None and self.clock.monotonic() >= self._next_look

    def look(self) -> None:
        """Request the account's figures if it is time to."""
        if self.figures is None:
            return
        with self._lock:
            is_due = self.is_due
            if is_due:
                self._next_look = self.clock.monotonic() + _QUOTA_AGAIN_S
        if is_due:
            self._ask(self.figures)
        while not self._was_asked.wait(_LOOK_S):
            self.clock.sleep(0)

    def doubt(self) -> None:
        """VirusTotal requested a pause: request the figures again soon, because they may end it."""
        with self._lock:
            self._next_look = min(self._next_look, self.clock.monotonic() + _QUOTA_AGAIN_S)

    def _ask(self, figures: Callable[[], dict[str, Any]]) -> None:
        try:
            figures()
        except ConnectorError as error:
            self._warn(
                f"VT_QUOTA=auto: the account's quota could not be read ({error}); until then {self._quota} is used"
            )
        finally:
            self.go_on()

    def _warn(self, text: str) -> None:
        """Log the warning once, not after each request."""
        if text and text != self._told:
            _LOG.warning("%s", text)
        self._told = text
