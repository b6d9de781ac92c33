"""The shares of clients in the days and months of a key. Pure.

A share is a percentage of each day and month that is guaranteed to a client, such as a token of a server. Requests that
no guarantee covers are for everybody. The ledger has the shares, so all processes obey them, also those whose clients
have none. A client with a share of 0 is only counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..light_typing import NamedTuple
from .windows import PERIODS, Period

# A registration holds for this long, so that the shares of a server that does not run any more expire.
VALID_S = 24 * 3600.0
# It is not written again before this much of that time is over.
_RENEWED_AFTER_S = 1800.0
# A ledger is read and written with each request, so it has few clients, with short names.
MOST_CLIENTS, _LONGEST_NAME = 128, 200

# The requests of each client by the key of a period.
Counts = dict[str, dict[str, int]]


class Share(NamedTuple):
    """`until` (epoch seconds): when the registration expires. `owner`: the server that registered it."""

    percent: int
    until: float
    owner: str = ""


@dataclass
class Shares:
    """`registered`: by client. `used`: by period. `senders`: the clients of requests in flight, by ticket."""

    registered: dict[str, Share] = field(default_factory=dict)
    used: dict[Period, Counts] = field(default_factory=lambda: {period: {} for period in PERIODS})
    senders: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.registered or self.senders or any(self.used.values()))

    def copy(self) -> Shares:
        used = {period: {key: dict(by) for key, by in counts.items()} for period, counts in self.used.items()}
        return Shares(dict(self.registered), used, dict(self.senders))

    @classmethod
    def from_raw(cls, raw: Mapping[str, Any] | None) -> Shares:
        """From the parsed JSON of a ledger. Raises `KeyError`, `TypeError`, `AttributeError` or `ValueError`."""
        if raw is None:
            return cls()
        return cls(
            {str(client): Share(int(row[0]), float(row[1]), str(row[2])) for client, row in raw["registered"].items()},
            {period: _counts(raw["used"][period]) for period in PERIODS},
            {str(ticket): str(client) for ticket, client in raw["senders"].items()},
        )


def register(shares: Shares, percents: Mapping[str, int], owner: str, now: float) -> str | None:
    """Replace the shares of `owner`, for `VALID_S` seconds. `percents`: by client.

    Returns what is wrong; then nothing is changed.
    """
    others = {
        client: share
        for client, share in shares.registered.items()
        if share.owner != owner and share.until > now and client not in percents
    }
    wrong = _problem(percents, others)
    if wrong is not None:
        return wrong
    mine = {client: _renewed(shares.registered.get(client), percents[client], owner, now) for client in percents}
    shares.registered = {**others, **mine}
    _forget_surplus(shares)
    return None


def _problem(percents: Mapping[str, int], others: Mapping[str, Share]) -> str | None:
    for client, percent in percents.items():
        if not client or len(client) > _LONGEST_NAME:
            return f"the name of the client {client[:40]!r} must have 1 to {_LONGEST_NAME} characters"
        if isinstance(percent, bool) or not isinstance(percent, int) or not 0 <= percent <= 100:
            return f"the share of {client!r} is {percent!r}; write a whole number from 0 to 100 (percent)"
    if len(percents) + len(others) > MOST_CLIENTS:
        return f"{len(percents) + len(others)} clients have shares, and {MOST_CLIENTS} are the most; remove some"
    theirs = sum(share.percent for share in others.values())
    total = sum(percents.values()) + theirs
    if total > 100:
        elsewhere = f", with {theirs} % of other servers on the same state" if theirs else ""
        return f"the shares add up to {total} %{elsewhere}; make them smaller, so that they are 100 % at most"
    return None


def _renewed(known: Share | None, percent: int, owner: str, now: float) -> Share:
    is_recent = known is not None and known.until > now + VALID_S - _RENEWED_AFTER_S
    if known is not None and is_recent and (known.percent, known.owner) == (percent, owner):
        return known
    return Share(percent, now + VALID_S, owner)


def _forget_surplus(shares: Shares) -> None:
    """Counts of clients whose shares were removed are kept for the period, but not too many of them."""
    for counts in shares.used.values():
        for by_client in counts.values():
            removed = [client for client in by_client if client not in shares.registered]
            removed.sort(key=lambda client: by_client[client])
            for client in removed[: max(0, len(by_client) - MOST_CLIENTS)]:
                del by_client[client]


def count(shares: Shares, client: str, period: Period, key: str, change: int) -> None:
    """The client has `change` more requests in the period with this key."""
    by_client = shares.used[period].setdefault(key, {})
    by_client[client] = max(0, by_client.get(client, 0) + change)


def tidy(shares: Shares, now: float) -> None:
    """Drop expired registrations, and clamp times that are too far in the future."""
    if not shares.registered:
        return
    shares.registered = {
        client: share if share.until <= now + VALID_S else share._replace(until=now + VALID_S)
        for client, share in shares.registered.items()
        if share.until > now
    }


def move(shares: Shares, step: float) -> None:
    """The clock was set forward by `step` seconds."""
    shares.registered = {
        client: share._replace(until=share.until + step) for client, share in shares.registered.items()
    }


def add_use(shares: Shares, other: Shares) -> None:
    """Add the requests that another ledger granted."""
    for period, counts in other.used.items():
        for key, by_client in counts.items():
            for client, requests in by_client.items():
                count(shares, client, period, key, requests)


def _counts(raw: Mapping[str, Any]) -> Counts:
    return {str(key): {str(client): int(used) for client, used in by.items()} for key, by in raw.items()}
