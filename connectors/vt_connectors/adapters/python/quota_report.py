"""The typed answer of the action `quota`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .answers import Answer, answer_fields


@dataclass(frozen=True)
class QuotaWindow:
    """Requests `used` of `limit` in one window, by our own record. `resets_in_s`: seconds until requests are freed."""

    limit: int
    used: int
    resets_in_s: float


@dataclass(frozen=True)
class QuotaPool:
    """The numbers of requests that a user or a group is `allowed`, has `used` and has `left`; None if unknown."""

    allowed: int | None
    used: int | None
    left: int | None


@dataclass(frozen=True)
class AccountQuota(QuotaPool):
    """One quota of the account. The numbers belong to the pool that runs out first, which `pool` names.

    `group`: the shared pool, for members of a group only.
    """

    pool: Literal["user", "group"] | None
    user: QuotaPool | None
    group: QuotaPool | None

    @classmethod
    def from_dict(cls, figure: Mapping[str, Any]) -> AccountQuota:
        user, group = (QuotaPool(**figure[name]) if name in figure else None for name in ("user", "group"))
        return cls(figure["allowed"], figure["used"], figure["left"], figure["pool"], user, group)


@dataclass(frozen=True)
class EndpointUse:
    """The requests to one of VirusTotal's endpoints: those that count against the quota, and those that do not."""

    endpoint: str
    requests: int
    not_counted: int


@dataclass(frozen=True)
class DayUse:
    """The requests of one day of UTC (`date`: 2026-01-02), and its endpoints, the most used first."""

    date: str
    requests: int
    not_counted: int
    endpoints: tuple[EndpointUse, ...]


@dataclass(frozen=True)
class UsageReport:
    """The use of the account from the day `start` to the day `end`: in all, by endpoint (the most used first), and by
    day. `unread`: the number of VirusTotal's figures that cannot be read and are left out.
    """

    start: str
    end: str
    requests: int
    not_counted: int
    endpoints: tuple[EndpointUse, ...]
    days: tuple[DayUse, ...]
    unread: int = 0

    @classmethod
    def from_dict(cls, usage: Mapping[str, Any]) -> UsageReport:
        days = tuple(DayUse(**{**day, "endpoints": _endpoints(day)}) for day in usage["days"])
        return cls(**{**usage, "endpoints": _endpoints(usage), "days": days})


def _endpoints(rows: Mapping[str, Any]) -> tuple[EndpointUse, ...]:
    return tuple(EndpointUse(**row) for row in rows["endpoints"])


@dataclass(frozen=True)
class QuotaReport(Answer):
    """The answer of `quota`: our record by window (`minute`, `day`, ...), and the account's figures by VirusTotal's
    names. `blocked_for_s`: seconds until the pause that VirusTotal requested ends; None if there is no pause.
    `usage`: only if it was asked for.
    """

    windows: Mapping[str, QuotaWindow] = field(hash=False)
    account: Mapping[str, AccountQuota] = field(hash=False)
    blocked_for_s: float | None
    usage: UsageReport | None = None

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> QuotaReport:
        """From a response document. Raises its error."""
        fields = answer_fields(document)
        windows, account = document["data"]["windows"], document["data"]["account"]
        return cls(
            **fields,
            windows={name: QuotaWindow(**window) for name, window in windows.items() if "limit" in window},
            account={name: AccountQuota.from_dict(figures) for name, figures in account.items()},
            blocked_for_s=windows.get("blocked", {}).get("resets_in_s"),
            usage=UsageReport.from_dict(document["data"]["usage"]) if "usage" in document["data"] else None,
        )
