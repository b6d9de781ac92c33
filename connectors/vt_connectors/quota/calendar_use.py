"""How much of days and months is used, and what is left of them for a client beside the shares of others. Pure."""

from __future__ import annotations

from ..light_typing import NamedTuple
from .ledger import Ledger
from .windows import Calendar, Quota, period_key


class ShareUse(NamedTuple):
    """`guaranteed`: the requests that a client's share of one window is; `used`: the client's own requests in it."""

    client: str
    percent: int
    guaranteed: int
    used: int


class CalendarUse:
    """The requests of each day and month, to which a plan adds those that will start."""

    def __init__(self, ledger: Ledger, quota: Quota) -> None:
        self.windows = quota.calendar
        self._used = {window.period: dict(ledger.used[window.period]) for window in self.windows}
        self._registered = ledger.shares.registered
        self._by_client = ledger.shares.copy().used if self._registered else {}
        # By window and key: the guaranteed requests that are not used yet. Valid until a client with a share is added.
        self._unused: dict[tuple[Calendar, str], int] = {}

    def add(self, client: str, start: float) -> None:
        """The client starts a request at `start` (epoch seconds)."""
        for period, used in self._used.items():
            key = period_key(period, start)
            used[key] = used.get(key, 0) + 1
            if client in self._registered:
                by_client = self._by_client[period].setdefault(key, {})
                by_client[client] = by_client.get(client, 0) + 1
                self._unused.clear()

    def is_full(self, window: Calendar, at: float) -> bool:
        """Whether the whole window is used."""
        return self._used[window.period].get(window.key(at), 0) >= window.limit

    def reserved_from(self, window: Calendar, client: str, at: float) -> int:
        """How many requests are left that the client may not use, because the shares of others need all of them.

        0 if the client may use one, or if none is left.
        """
        if not self._registered:
            return 0
        own = self.share(window, client, at)
        if own is not None and own.used < own.guaranteed:
            return 0
        left = window.limit + window.kept - self._used[window.period].get(window.key(at), 0)
        return left if 0 < left <= self._unused_in(window, at) else 0

    def is_held_up(self, client: str, at: float) -> bool:
        """Whether only the shares of others keep the client from a request."""
        return bool(self._registered) and any(self.reserved_from(window, client, at) for window in self.windows)

    def share(self, window: Calendar, client: str, at: float) -> ShareUse | None:
        """The client's share of the window; None if it is not registered."""
        share = self._registered.get(client)
        if share is None:
            return None
        used = self._by_client[window.period].get(window.key(at), {}).get(client, 0)
        return ShareUse(client, share.percent, (window.limit + window.kept) * share.percent // 100, used)

    def figures(self, window: Calendar, client: str, at: float) -> dict[str, int]:
        """For people: `used` and `guaranteed` of the client, and the `limit` for all."""
        share = self.share(window, client, at)
        used, guaranteed = (share.used, share.guaranteed) if share is not None else (0, 0)
        return {"used": used, "guaranteed": guaranteed, "limit": window.limit}

    def _unused_in(self, window: Calendar, at: float) -> int:
        """The guaranteed requests that are not used yet, of all clients. One that asks for more than its share has
        none of them.
        """
        key = window.key(at)
        if (window, key) not in self._unused:
            used, whole = self._by_client[window.period].get(key, {}), window.limit + window.kept
            left = (whole * share.percent // 100 - used.get(client, 0) for client, share in self._registered.items())
            self._unused[window, key] = sum(requests for requests in left if requests > 0)
        return self._unused[window, key]
