"""One key's way to VirusTotal: its quota, its API, and what is known of its prospects."""

from __future__ import annotations

import logging
import math
import threading
from typing import Any, Callable, TypeVar

from ..clock import Clock
from ..errors import ConnectorError, RateLimited, told
from ..quota import Quota
from ..quota.account_quota import measured, use_of
from ..quota.limiter import Limiter
from ..quota.refused import Refusal, Refused
from ..quota.waiters import Claim
from ..redaction import without_keys
from .budget import Budget
from .circuit_breaker import CircuitBreaker
from .port import Api
from .probe import KeyProbe, Permit
from .responses import ForeignLimit

_LOG = logging.getLogger("vt_connectors.virustotal.account")
Result = TypeVar("Result")

# How long the account's own figures hold: only this key's users change them, unless a group shares them.
_QUOTA_KNOWN_S = 86400.0
# When to ask again if they could not be read, if a group's other members change them, and during a pause.
_QUOTA_AGAIN_S = 300.0
# How soon a thread that waits for them notices that its process is asked to end.
_LOOK_S = 0.05


class Account:
    """`ask` is the only way out of the house."""

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
        """`identity`: a hash of the key and the server, by which equal requests are told from others'."""
        self._api = api
        self.limiter = limiter
        self.identity = identity
        self._breaker = breaker
        self._probe = probe
        self._quota = quota
        self._refused = refused

    @property
    def writes_to_url_ids(self) -> bool:
        """Whether writing about a URL wants the id from VirusTotal's report on it."""
        return self._api.writes_to_url_ids

    def permit(self, purpose: str, key: str, budget: Budget) -> Permit:
        """The permit of the request for `key`, with its place among those of its client. Enter it before anything that
        other processes may wait for; `ask` does so at the latest. Leave it in any case.

        `purpose` names the kind of call, such as `lookup_hash`.
        """
        self._quota.look()
        return self._probe.permit(purpose, budget.deadline, budget.take_turn(self.limiter, key))

    def ask(self, permit: Permit, call: Callable[[Api], Result], budget: Budget) -> Result:
        """`call(api)`, unless what happened a moment ago says that it would be in vain. Raises `ConnectorError`.

        Whatever fails after something was written is `OutcomeUnknown`, for all who wait for the same.
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
        """How a request is refused that may wait for quota until `deadline` (monotonic seconds), if that is known:
        because another was refused a moment ago. None also if the account is to be asked first, which may lift a pause.
        """
        return None if self._quota.is_due else self._refused.refusal(deadline, claim)

    def own_figures(self, budget: Budget) -> dict[str, Any]:
        """The account's quotas as VirusTotal tells them (not counted); our record takes over what is used and left.

        A pause after a 429 is lifted by it if there are requests left. Raises `ConnectorError`.
        """
        # No quota is needed for it, so no want of quota stands against it.
        began = self._quota.clock.monotonic()
        permit = self._probe.permit("quota", math.inf)
        permit.enter()
        figures = self._try(permit, lambda api: api.overall_quotas(budget), budget)
        self._quota.heard(figures)
        self.limiter.take_over(use_of(figures, self._quota.clock.monotonic() - began))
        return figures


class MeasuredQuota:
    """`VT_QUOTA=auto`: the windows the account has; the public ones until they are known, or where they cannot be read.

    Threads that ask before the account was asked the first time wait for that.
    """

    def __init__(self, start: Quota, clock: Clock) -> None:
        self.clock = clock
        self.figures: Callable[[], dict[str, Any]] | None = None
        self._public = start
        self._quota = start
        self._next_look = 0.0
        self._told = ""
        self._lock = threading.Lock()
        self._was_asked = threading.Event()

    def __call__(self) -> Quota:
        return self._quota

    def heard(self, figures: dict[str, Any]) -> None:
        """What the account said of itself, whoever asked it."""
        if not self._public.auto:
            return
        found = measured(figures, self._public, without_keys)
        self._quota = found.quota
        self._was_asked.set()
        is_for_long = not found.is_shared and not found.unread
        self._next_look = self.clock.monotonic() + (_QUOTA_KNOWN_S if is_for_long else _QUOTA_AGAIN_S)
        self._warn(
            f"VT_QUOTA=auto: the account's figures cannot all be read ({'; '.join(found.unread)}); "
            f"the public quota holds for limits that cannot be read; in force now: {found.quota}"
            if found.unread
            else ""
        )

    @property
    def is_due(self) -> bool:
        """Whether it is time to ask the account."""
        return self.figures is not None and self.clock.monotonic() >= self._next_look

    def look(self) -> None:
        """Ask the account if it is time to."""
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
        """VirusTotal asked for a pause: ask the account again before long, as its figures may lift it."""
        with self._lock:
            self._next_look = min(self._next_look, self.clock.monotonic() + _QUOTA_AGAIN_S)

    def _ask(self, figures: Callable[[], dict[str, Any]]) -> None:
        try:
            figures()
        except ConnectorError as error:
            self._warn(f"VT_QUOTA=auto: the account's quota could not be read ({error}); {self._quota} until then")
        finally:
            self._was_asked.set()

    def _warn(self, text: str) -> None:
        """Once, not each time that the account is asked."""
        if text and text != self._told:
            _LOG.warning("%s", text)
        self._told = text
