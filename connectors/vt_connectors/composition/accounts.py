"""The accounts of a core: the configured key's, and those of callers' own keys."""

from __future__ import annotations

import threading

from ..api_key import ApiKey
from ..clock import Clock
from ..config.settings import Settings
from ..errors import ConfigError, ConnectorError
from ..light_typing import TYPE_CHECKING, Callable
from ..redaction import forget
from ..threads import freed_at_fork
from .state import Stores

if TYPE_CHECKING:
    from ..quota.refused import Refusal
    from ..quota.waiters import Claim
    from ..state.heartbeat import Heartbeat
    from ..virustotal.account import Account
    from ..virustotal.http.requests_transport import RequestsTransport
    from ..virustotal.http.transport import HttpRequest, HttpResponse, Transport

_KEY_KNOWN_S = 1.0
# Of callers' own keys. Whoever may give a key could otherwise fill the memory with them.
_MOST_ACCOUNTS = 100

MakeTransport = Callable[[ApiKey], "Transport"]


class Accounts:
    """Accounts by key, each built on first use. Apart from the configured key's, those used last are kept."""

    def __init__(
        self,
        settings: Settings,
        default_key: Callable[[], ApiKey],
        clock: Clock,
        stores: Stores,
        heartbeat: Heartbeat,
        transport: MakeTransport | None,
    ) -> None:
        self._settings = settings
        self._default_key = default_key
        self._clock = clock
        self._stores = stores
        self._heartbeat = heartbeat
        self._transport = transport
        # The least recently used first.
        self._known: dict[ApiKey, Account] = {}
        self._default: tuple[Account, float] | None = None
        self._transports: dict[ApiKey, _LazyTransport] = {}
        self._lock = freed_at_fork(threading.RLock())

    def __call__(self, key: ApiKey | None) -> Account:
        with self._lock:
            chosen = key or self._default_key()
            account = self._known.pop(chosen, None) or self._make(chosen)
            self._known[chosen] = account
            if key is None:
                self._default = account, self._clock.monotonic()
            elif len(self._known) > _MOST_ACCOUNTS:
                self._forget_one()
            return account

    def _forget_one(self) -> None:
        """A request that still uses the account can finish. The key's quota is in the shared record."""
        configured = self.owner(None)
        oldest = next(key for key in self._known if key.scope != configured)
        del self._known[oldest]
        transport = self._transports.pop(oldest, None)
        if transport is not None:
            transport.forget()

    def owner(self, key: ApiKey | None) -> str | None:
        """See `Context`. It needs no account."""
        try:
            return (key or self._default_key()).scope
        except ConnectorError:
            return None  # reported when a request is to be sent

    def key_is_elsewhere(self) -> bool:
        """See `LicensedKeys`."""
        try:
            self._default_key()
        except ConnectorError as error:
            return error.key_is_elsewhere
        return False

    def refusal(self, key: ApiKey | None, deadline: float, claim: Claim | None) -> Refusal | None:
        """See `Context`. None for an account that was not used yet."""
        account = self._recent_default() if key is None else self._known.get(key)
        return None if account is None else account.refusal(deadline, claim)

    def _recent_default(self) -> Account | None:
        """The configured key's account. The key is read at most once a second, because reading it is slow."""
        if self._default is None:
            return None
        account, read_at = self._default
        if self._clock.monotonic() < read_at + _KEY_KNOWN_S:
            return account
        try:
            return self(None)
        except ConfigError:
            return None  # reported when a request is to be sent

    def _make(self, key: ApiKey) -> Account:
        from .account import make_account

        transport = (self._transport or self._real_transport)(key)
        return make_account(key, self._settings, self._stores.book, self._clock, self._heartbeat, transport)

    def _real_transport(self, key: ApiKey) -> Transport:
        transport = self._transports[key] = _LazyTransport(key, self._settings.timeout_s)
        return transport

    def close(self) -> None:
        with self._lock:
            transports = list(self._transports.values())
        for transport in transports:
            transport.close()


class _LazyTransport:
    """Imports `requests` on the first request, because that takes five times as long as an answer from the cache."""

    def __init__(self, key: ApiKey, timeout_s: float) -> None:
        self._key = key
        self._timeout_s = timeout_s
        self._real: RequestsTransport | None = None
        self._lock = freed_at_fork(threading.Lock())

    def send(self, request: HttpRequest) -> HttpResponse:
        if self._real is None:
            # One thread at a time, because Python's import locks may stay locked if memory runs out during an import.
            with self._lock:
                from ..virustotal.http.requests_transport import RequestsTransport

                self._real = self._real or RequestsTransport(self._key, self._timeout_s)
        return self._real.send(request)

    def close(self) -> None:
        if self._real is not None:
            self._real.close()

    def forget(self) -> None:
        """Close it for good."""
        self.close()
        if self._real is not None:
            forget(self._key)
