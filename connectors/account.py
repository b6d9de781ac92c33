"""One key's way to VirusTotal: its quota, its API, and what is known of its prospects."""

from __future__ import annotations

import logging
import math
from typing import Any, Callable, TypeVar

from .clock import Clock
from .errors import ConnectorError
from .prospects import Prospects
from .quota import Quota
from .quota.account import quota_of, used_of
from .quota.limiter import Limiter
from .virustotal.api import Api
from .virustotal.budget import Budget

_LOG = logging.getLogger("connectors.account")
Result = TypeVar("Result")

# How long the account's own figures hold, and when to ask again after a failure.
_QUOTA_KNOWN_S = 86400.0
_QUOTA_RETRY_S = 300.0


class Account:
    """`ask` is the only way out of the house."""

    def __init__(self, api: Api, limiter: Limiter, prospects: Prospects, quota: MeasuredQuota) -> None:
        self._api = api
        self.limiter = limiter
        self._prospects = prospects
        self._quota = quota

    @property
    def writes_to_url_ids(self) -> bool:
        """Whether writing about a URL wants the id from VirusTotal's report on it."""
        return self._api.writes_to_url_ids

    def ask(self, purpose: str, call: Callable[[Api], Result], budget: Budget) -> Result:
        """`call(api)`, unless what happened a moment ago says that it would be in vain.

        `purpose` names the kind of call, such as `lookup_hash`. Raises `ConnectorError`.
        """
        self._quota.look()
        result = self._try(purpose, call, budget.deadline)
        self.limiter.accepted()
        return result

    def _try(self, purpose: str, call: Callable[[Api], Result], deadline: float) -> Result:
        hopeless = self._prospects.hopeless(purpose, deadline)
        if hopeless is not None:
            raise hopeless
        try:
            result = call(self._api)
        except ConnectorError as error:
            self._prospects.failed(purpose, error)
            raise
        self._prospects.answered(purpose)
        return result

    def own_figures(self, budget: Budget) -> dict[str, Any]:
        """The account's quotas as VirusTotal tells them (not counted); our record takes over what is used."""
        # No quota is needed for it, so no want of quota stands against it.
        figures = self._try("quota", lambda api: api.overall_quotas(budget), math.inf)
        self._quota.heard(figures)
        self.limiter.take_over(used_of(figures))
        return figures


class MeasuredQuota:
    """`VT_QUOTA=auto`: the windows the account has; the given ones until they are known."""

    def __init__(self, start: Quota, clock: Clock) -> None:
        self._quota = start
        self._clock = clock
        self._next_look = 0.0
        self.figures: Callable[[], dict[str, Any]] | None = None

    def __call__(self) -> Quota:
        return self._quota

    def heard(self, figures: dict[str, Any]) -> None:
        """What the account said of itself, whoever asked it."""
        if self._quota.auto:
            self._quota = quota_of(figures, self._quota)

    def look(self) -> None:
        """Ask the account if it is time to."""
        now = self._clock.monotonic()
        if self.figures is None or now < self._next_look:
            return
        self._next_look = now + _QUOTA_RETRY_S
        try:
            self.heard(self.figures())
            self._next_look = now + _QUOTA_KNOWN_S
        except ConnectorError as error:
            _LOG.warning("VT_QUOTA=auto: the account's quota could not be read (%s); %s until then", error, self._quota)
