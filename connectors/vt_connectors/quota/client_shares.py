"""The shares of clients, for servers: registration, and each client's use. The rules are in `shares`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ..errors import ConfigError
from . import shares
from .calendar_use import CalendarUse
from .ledger import Ledger
from .windows import Quota


class ClientShares:
    """`transact` changes the ledger of one key, `peek` reads it; `quota`: the windows in force. `waiting`: how many
    requests of each client wait in this process.
    """

    def __init__(
        self,
        transact: Callable[[Callable[[Ledger, float], Any]], Any],
        peek: Callable[[], tuple[Ledger, float]],
        quota: Callable[[], Quota],
        waiting: Callable[[], Mapping[str, int]],
    ) -> None:
        self._transact = transact
        self._peek = peek
        self._quota = quota
        self._waiting = waiting

    def register(self, percents: Mapping[str, int], owner: str = "") -> None:
        """Guarantee `percents` of each day and month to clients, for a day. All other shares of `owner` end.

        `owner`: a name of the server that is the same after a restart. Call it again within a day, best every few
        minutes; the ledger is written once in half an hour. Raises `ConfigError` if the shares of all owners add up to
        more than 100, or there are too many of them, and `Unavailable`.
        """
        wrong = self._transact(lambda ledger, now: shares.register(ledger.shares, percents, owner, now))
        if wrong is not None:
            raise ConfigError(f"shares of the quota: {wrong}")

    def usage(self) -> dict[str, dict[str, Any]]:
        """By client: `share` (percent), `waiting` (its requests in the queue for quota), and `windows`: by `day` and
        `month`, the requests that it has `used`, that are `guaranteed` to it, and the `limit` for all clients together.

        Of all clients with a registration. A client with a share of 0 has nothing guaranteed. Raises `Unavailable`.
        """
        ledger, now = self._peek()
        shares.tidy(ledger.shares, now)
        waiting = dict(self._waiting())
        for waiter in ledger.queue:
            if not waiter.is_reserved and waiter.promise >= now:
                waiting[waiter.client] = max(1, waiting.get(waiter.client, 0))
        use = CalendarUse(ledger, self._quota())
        return {
            client: {
                "share": share.percent,
                "waiting": waiting.get(client, 0),
                "windows": {window.name: use.figures(window, client, now) for window in use.windows},
            }
            for client, share in sorted(ledger.shares.registered.items())
        }
