"""The composition root: every real part is chosen and wired here, and nowhere else."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from .actions.context import Context
from .api_key import ApiKey
from .cache import AnswerCache, Freshness
from .cache.entry import AnswerStore
from .cache.memory import MemoryAnswers
from .clock import Clock
from .coalescing import LeaseBook, MemoryLeases, SingleFlight, SqliteLeases
from .core import Core
from .errors import ConfigError
from .indicators import NeverQuery
from .settings import Settings
from .state.heartbeat import Heartbeat
from .state.location import default_state_file, refuse_network_folder
from .state.unavailable import Fallback

if TYPE_CHECKING:
    from .account import Account
    from .virustotal.requests_transport import RequestsTransport
    from .virustotal.transport import HttpAnswer, HttpRequest, Transport
    from .way_out import Book

_WITHOUT_CACHE = "working without the shared cache"
_NEAR_ENTRIES, _NEAR_TTL_S = 4096, 300.0

MakeTransport = Callable[[ApiKey], "Transport"]


class _State:
    """The shared parts for one `VT_STATE`, each with its stand-in; the quota's book when it is first needed."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        answers: AnswerStore = MemoryAnswers(clock)
        leases: LeaseBook = MemoryLeases(clock)
        self._clock = clock
        self._opened: list[Callable[[], None]] = []
        self._book: Book | None = None
        self._path = path = state_file(settings)
        if path is not None:
            refuse_network_folder(path)
            from .cache.sqlite import SCHEMA, SqliteAnswers
            from .state.sqlite_file import SqliteFile

            file = SqliteFile(path, SCHEMA, "WAL")
            answers = SqliteAnswers(file, clock, settings.cache_max_bytes)
            leases = SqliteLeases(file, clock)
            self._opened = [file.close_all]
        self.answers = Fallback[AnswerStore](answers, MemoryAnswers(clock), clock, _WITHOUT_CACHE, busy_is_lost=True)
        self.leases = Fallback[LeaseBook](leases, MemoryLeases(clock), clock, _WITHOUT_CACHE, busy_is_lost=True)

    @property
    def book(self) -> Book:
        if self._book is None:
            from .way_out import Book

            self._book = Book(self._path, self._clock)
            self._opened.append(self._book.close)
        return self._book

    def close(self) -> None:
        for close in self._opened:
            close()


def state_file(settings: Settings) -> Path | None:
    """The state's file, or None where it is kept in memory. Raises `ConfigError` for a store this version has not."""
    if settings.state is None:
        return default_state_file()
    if settings.state == "memory":
        return None
    if "://" in settings.state:
        raise ConfigError("VT_STATE: only a file's path and `memory` are known here")
    try:
        path = Path(settings.state).expanduser()
    except RuntimeError:
        raise ConfigError(f"VT_STATE: {settings.state!r} names a home folder that does not exist") from None
    if path.exists() and not path.is_file():
        raise ConfigError(f"VT_STATE: {path} is there and is not a regular file; name one that may be made")
    return path


def build(
    settings: Settings,
    default_key: Callable[[], ApiKey],
    clock: Clock,
    transport: MakeTransport | None = None,
) -> Core:
    """The core. `default_key` is called when VirusTotal is to be asked and the request brings no key of its own;
    it may raise `ConfigError`. `transport` stands in for real HTTP. Raises `ConfigError`.
    """
    state = _State(settings, clock)
    heartbeat = Heartbeat()
    near = MemoryAnswers(clock, _NEAR_ENTRIES, _NEAR_TTL_S)
    accounts = _Accounts(settings, default_key, clock, state, heartbeat, transport)

    def release() -> None:
        # The heart last used the state's connections in a thread of its own.
        heartbeat.rest()
        state.close()
        accounts.close()

    return Core(
        Context(
            clock=clock,
            cache=AnswerCache(near, state.answers),
            freshness=Freshness(settings.cache_ttl_s, settings.cache_ttl_not_found_s),
            single_flight=SingleFlight(state.leases, clock, heartbeat),
            never_query=NeverQuery(settings.never_query),
            thresholds=settings.thresholds,
            api_version=settings.api_version,
            account=accounts,
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
        state: _State,
        heartbeat: Heartbeat,
        transport: MakeTransport | None,
    ) -> None:
        self._settings = settings
        self._default_key = default_key
        self._clock = clock
        self._state = state
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

        return make_account(key, self._settings, self._state.book, self._clock, self._heartbeat, self._transport(key))

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
