"""The composition root: every real part is chosen and wired here and, as far as it is shared, in `stores`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Callable

from .actions.context import Context
from .api_key import ApiKey
from .cache import AnswerCache, Freshness
from .cache.memory import MemoryAnswers
from .clock import Clock
from .coalescing import SingleFlight
from .core import Core
from .indicators import NeverQuery
from .pending import Pending
from .settings import Settings
from .state.heartbeat import Heartbeat
from .stores import NO_PLACES, Places, Stores

if TYPE_CHECKING:
    from .account import Account
    from .virustotal.requests_transport import RequestsTransport
    from .virustotal.transport import HttpAnswer, HttpRequest, Transport

_NEAR_ENTRIES, _NEAR_TTL_S = 4096, 300.0

MakeTransport = Callable[[ApiKey], "Transport"]


def build(
    settings: Settings,
    default_key: Callable[[], ApiKey],
    clock: Clock,
    transport: MakeTransport | None = None,
    places: Places = NO_PLACES,
) -> Core:
    """The core. `default_key` is called when VirusTotal is to be asked and the request brings no key of its own;
    it may raise `ConfigError`. `transport` stands in for real HTTP, `places` are the platform's own for the state.
    Raises `ConfigError`.
    """
    stores = Stores(settings, clock, places)
    heartbeat = Heartbeat()
    near = MemoryAnswers(clock, _NEAR_ENTRIES, _NEAR_TTL_S)
    accounts = _Accounts(settings, default_key, clock, stores, heartbeat, transport)

    def release() -> None:
        # The heart last used the stores' connections in a thread of its own.
        heartbeat.rest()
        stores.close()
        accounts.close()

    return Core(
        Context(
            clock=clock,
            cache=AnswerCache(near, stores.answers),
            freshness=Freshness(settings.cache_ttl_s, settings.cache_ttl_not_found_s),
            single_flight=SingleFlight(stores.leases, clock, heartbeat),
            never_query=NeverQuery(settings.never_query),
            thresholds=settings.thresholds,
            api_version=settings.api_version,
            account=accounts,
            pending=Pending(lambda: stores.queue, settings.pending_max),
        ),
        release,
    )


class _Accounts:
    """Accounts by key, each made when first needed."""

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
        self._transport = transport or self._real_transport
        self._known: dict[ApiKey, Account] = {}
        self._transports: list[_LazyTransport] = []
        self._lock = threading.RLock()

    def __call__(self, key: ApiKey | None) -> Account:
        with self._lock:
            key = key or self._default_key()
            if key not in self._known:
                self._known[key] = self._make(key)
            return self._known[key]

    def _make(self, key: ApiKey) -> Account:
        from .way_out import make_account

        return make_account(key, self._settings, self._stores.book, self._clock, self._heartbeat, self._transport(key))

    def _real_transport(self, key: ApiKey) -> Transport:
        transport = _LazyTransport(key, self._settings.timeout_s)
        self._transports.append(transport)
        return transport

    def close(self) -> None:
        for transport in self._transports:
            transport.close()


class _LazyTransport:
    """Importing `requests` takes five times as long as an answer from the cache: it waits for the first request."""

    def __init__(self, key: ApiKey, timeout_s: float) -> None:
        self._make = (key, timeout_s)
        self._real: RequestsTransport | None = None

    def send(self, request: HttpRequest) -> HttpAnswer:
        if self._real is None:
            from .virustotal.requests_transport import RequestsTransport

            self._real = RequestsTransport(*self._make)
        return self._real.send(request)

    def close(self) -> None:
        if self._real is not None:
            self._real.close()
