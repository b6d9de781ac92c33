"""The policy with a ledger, a quota and a clock, with short methods for long tests."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timezone

from vt_connectors.quota import parse_quota, policy, shares
from vt_connectors.quota import reservations as slots
from vt_connectors.quota.account_quota import AccountPeriod, AccountUse
from vt_connectors.quota.ledger import Ledger
from vt_connectors.quota.policy import Decision, Refuse, Start, Wait
from vt_connectors.quota.usage import take_over, usage
from vt_connectors.quota.waiters import Claim
from vt_connectors.quota.windows import Period, period_key

_NO_CLAIM = Claim(returns=False)

_PERIODS: tuple[AccountPeriod, ...] = ("hour", "day", "month")


def utc(text: str) -> float:
    """`2026-01-31T23:59:59` as epoch seconds."""
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()


class Scenario:
    """Callers, by name, that request slots."""

    def __init__(self, quota: str, at: str = "2026-01-02T03:04:05") -> None:
        self.quota = parse_quota(quota)
        self.ledger = Ledger()
        self.now = utc(at)
        self._taken: dict[str, float] = {}

    def at(self, text: str) -> Scenario:
        self.now = utc(text)
        return self

    def after(self, seconds: float) -> Scenario:
        self.now += seconds
        return self

    def share(self, owner: str = "", /, **percents: int) -> str | None:
        """Register shares; what is wrong with them."""
        return shares.register(self.ledger.shares, percents, owner, self.now)

    def grants(self, client: str, count: int, *, batch: bool = False) -> int:
        """How many of `count` requests of the client are answered now, without a wait."""
        return sum(self.grant(f"{client} {self.now} {number}", client, batch=batch) for number in range(count))

    def grant(self, ticket: str, client: str, *, batch: bool = False) -> bool:
        """Whether the client may send now; then it is answered at once."""
        is_granted = isinstance(self.look(ticket, 0.0, Claim(client, batch=batch, returns=False)), Start)
        if is_granted:
            self.answer(ticket)
        return is_granted

    def used_by(self, client: str, period: Period = "day") -> int:
        """How many requests of the present day or month are the client's."""
        return self.ledger.shares.used[period].get(period_key(period, self.now), {}).get(client, 0)

    def look(self, name: str, patience: float = math.inf, claim: Claim = _NO_CLAIM) -> Decision:
        decision = policy.decide(self.ledger, self.quota, name, self.now, self.now + patience, claim)
        if isinstance(decision, Start):
            self._taken[name] = decision.taken_at
        return decision

    def goes(self, name: str) -> bool:
        """Whether `name` may start now, without a wait."""
        return isinstance(self.look(name, 0.0), Start)

    def waits(self, name: str) -> bool:
        return isinstance(self.look(name), Wait)

    def refused(self, name: str, patience: float = 0.0, claim: Claim = _NO_CLAIM) -> Refuse:
        decision = self.look(name, patience, claim)
        assert isinstance(decision, Refuse)
        return decision

    def answer(self, name: str) -> None:
        slots.settle(self.ledger, name, self.now, answered=True)

    def lose(self, name: str) -> None:
        """The request was sent and got no response."""
        slots.settle(self.ledger, name, self.now, answered=False)

    def never_sent(self, name: str) -> None:
        slots.refund(self.ledger, name, self._taken[name])

    def beat(self, *names: str) -> None:
        slots.beat(self.ledger, list(names), self.now)

    def asked(self, name: str) -> bool:
        """Whether `name` may start now; then it is answered at once."""
        goes = self.goes(name)
        if goes:
            self.answer(name)
        return goes

    def asks(self, count: int) -> int:
        """How many of `count` callers are answered now, without a wait."""
        return sum(self.asked(f"{self.now}-{number}") for number in range(count))

    def penalise(self, retry_after: float | None = None) -> float:
        return policy.penalise(self.ledger, self.quota, self.now, retry_after)

    def forgive(self) -> None:
        policy.forgive(self.ledger)

    def take_over(
        self, age_s: float = 0.0, *, left: Mapping[AccountPeriod, int | None] | None = None, **used: int
    ) -> None:
        """The account reports that `day=3` and `month=4` are used, and how many are left."""
        reported: dict[AccountPeriod, int] = {period: used[period] for period in _PERIODS if period in used}
        take_over(self.ledger, self.quota, AccountUse(reported, left or {}, frozenset(left or ()), age_s), self.now)

    def used(self, window: str) -> int:
        used: int = usage(self.ledger, self.quota, self.now)[window]["used"]
        return used

    def resets(self, window: str) -> float:
        resets: float = usage(self.ledger, self.quota, self.now)[window]["resets_in_s"]
        return resets
