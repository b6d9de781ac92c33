"""Registers the shares of the tokens in the record of the quota, so that every process on this state obeys them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any, Callable

from ...clock import Clock
from ...errors import Cancelled, ConnectorError
from ...log import logger
from .callers import Caller
from .cores import AnyCore, Cores

_LOG = logger("serve")
# A registration holds for a day. A short time restores the shares soon if the record is lost.
_AGAIN_S = 300.0
# Servers of several tokens files share the room in the record.
_MOST_CLIENTS = 100


class ShareRegistration:
    """Call `look` often: it registers the shares if tokens have changed, and every few minutes."""

    def __init__(self, cores: Cores, callers: Callable[[], Collection[Caller]], place: str, clock: Clock) -> None:
        """`place`: the path of the tokens file, which names this registration."""
        self._cores = cores
        self._callers = callers
        self._owner = hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self._clock = clock
        self._registered: dict[str, int] | None = None
        self._due = 0.0
        self._told = ""

    def look(self) -> None:
        """Never raises, apart from `Cancelled`: a failure is logged once, and tried again later."""
        # With a share of 0 a token's use is counted too.
        shares = {caller.client: caller.share for caller in _most_important(self._callers())}
        now = self._clock.monotonic()
        if shares == self._registered and now < self._due:
            return
        # A token whose share ended must give it back.
        has_shares = any(shares.values()) or any((self._registered or {}).values())
        self._registered, self._due = shares, now + _AGAIN_S
        try:
            with self._cores.core() as core:
                core.shares.register(shares, self._owner)
            self._told = ""
        except Cancelled:
            raise
        except ConnectorError as error:
            # Without shares only the count of each token's use is missing.
            if has_shares:
                self._tell(error.message)

    def again(self) -> None:
        """The settings may have changed, and with them the record."""
        self._due = 0.0

    def _tell(self, message: str) -> None:
        if message != self._told:
            _LOG.error("the shares of the tokens could not be registered: %s", message)
        self._told = message


def use_by_client(core: AnyCore) -> dict[str, dict[str, Any]]:
    """The figures of `ClientShares.usage` by the names of the tokens; empty if they cannot be read."""
    try:
        usage = core.shares.usage()
    except Cancelled:
        raise
    except ConnectorError:
        return {}  # the quota's own figures fail with the same error, which is shown there
    return {client.partition(":")[2]: use for client, use in usage.items()}


def _most_important(callers: Collection[Caller]) -> list[Caller]:
    """Those with a share come first, because the record has room for a limited number of clients."""
    return sorted(callers, key=lambda caller: -caller.share)[:_MOST_CLIENTS]
