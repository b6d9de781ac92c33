"""The composition root's half for what processes share: `VT_STATE` says where cache, leases and quota are kept."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Callable, NamedTuple

from .cache import Freshness
from .cache.entry import AnswerStore
from .cache.memory import MemoryAnswers
from .clock import Clock
from .coalescing import LeaseBook, MemoryLeases, SqliteLeases
from .errors import ConfigError
from .settings import Settings
from .state.address import RedisAddress, redis_address
from .state.location import default_state_file, quota_file, refuse_network_folder
from .state.unavailable import Fallback

if TYPE_CHECKING:
    from .pending import PendingStore
    from .quota.books import QuotaBook
    from .state.redis_server import RedisServer

_WITHOUT_CACHE = "working without the shared cache"
_WITHOUT_QUEUE = "what finds no quota is not queued"
_WITHOUT_BOOK = "the quota cannot be shared, so this process takes a quarter of it"


# Splunk's, which nobody reaches from elsewhere.
KVSTORE = "kvstore"


class Parts(NamedTuple):
    """What is answered from the cache needs neither the quota's book nor the queue: they are made when they are used,
    and `closes` grows with them.
    """

    answers: AnswerStore
    leases: LeaseBook
    make_book: Callable[[], QuotaBook]
    closes: list[Callable[[], None]]
    make_queue: Callable[[], PendingStore]


# By what `VT_STATE` calls it: a place of the state that the platform has, and the core does not know.
Places = Mapping[str, Callable[[Settings, Clock], Parts]]
NO_PLACES: Places = {}


class Stores:
    """The shared parts, each with its stand-in within the process. Raises `ConfigError`."""

    def __init__(self, settings: Settings, clock: Clock, places: Places) -> None:
        local = Parts(
            MemoryAnswers(clock), MemoryLeases(clock), lambda: _memory_book(clock), [], lambda: _memory_queue(clock)
        )
        of_platform = places.get(settings.state or "")
        if of_platform is not None:
            self._parts = of_platform(settings, clock)
        else:
            place = state_place(settings)
            if isinstance(place, RedisAddress):
                self._parts = _at_server(place, settings, clock)
            else:
                self._parts = local if place is None else _in_file(place, settings, clock)
        self._clock = clock
        self._book: Fallback[QuotaBook] | None = None
        self._queue: Fallback[PendingStore] | None = None
        self._lock = threading.Lock()
        answers = self._parts.answers
        self.answers = Fallback[AnswerStore](answers, MemoryAnswers(clock), clock, _WITHOUT_CACHE, busy_is_lost=True)
        self.leases = Fallback[LeaseBook](self._parts.leases, local.leases, clock, _WITHOUT_CACHE, busy_is_lost=True)

    @property
    def book(self) -> Fallback[QuotaBook]:
        """Made when it is first asked for, which is for one caller at a time to do."""
        if self._book is None:
            self._book = Fallback(self._parts.make_book(), _memory_book(self._clock), self._clock, _WITHOUT_BOOK)
        return self._book

    @property
    def queue(self) -> Fallback[PendingStore]:
        """Made when it is first asked for, by whichever thread."""
        with self._lock:
            if self._queue is None:
                shared, local = self._parts.make_queue(), _memory_queue(self._clock)
                self._queue = Fallback(shared, local, self._clock, _WITHOUT_QUEUE, busy_is_lost=True)
            return self._queue

    def close(self) -> None:
        for close in self._parts.closes:
            close()


def _memory_book(clock: Clock) -> QuotaBook:
    from .quota.books import MemoryBook

    return MemoryBook(clock)


def _memory_queue(clock: Clock) -> PendingStore:
    from .pending.memory import MemoryPending

    return MemoryPending(clock)


def state_place(settings: Settings) -> Path | RedisAddress | None:
    """The state's file or server, or None where it is kept in memory. Raises `ConfigError` for what is neither."""
    if settings.state is None:
        return default_state_file()
    if settings.state == "memory":
        return None
    if settings.state == KVSTORE:
        raise ConfigError("VT_STATE: kvstore is Splunk's, for the app inside Splunk alone; name a file or a server")
    address = redis_address(settings.state)
    if address is not None:
        return address
    try:
        path = Path(settings.state).expanduser()
    except RuntimeError:
        raise ConfigError(f"VT_STATE: {settings.state!r} names a home folder that does not exist") from None
    if path.exists() and not path.is_file():
        raise ConfigError(f"VT_STATE: {path} is there and is not a regular file; name one that may be made")
    return path


def server_at(address: RedisAddress, clock: Clock) -> RedisServer:
    """Raises `ConfigError` where there is nothing installed to reach it with."""
    try:
        from .state.redis_server import RedisServer
    except ImportError:
        raise ConfigError(f"VT_STATE: {address.scheme}:// is not available here; name a file") from None
    return RedisServer(address, clock)


def _in_file(path: Path, settings: Settings, clock: Clock) -> Parts:
    refuse_network_folder(path)
    from .cache.sqlite import SCHEMA, SqliteAnswers
    from .state.sqlite_file import SqliteFile

    file = SqliteFile(path, SCHEMA, "WAL")
    closes: list[Callable[[], None]] = [file.close_all]

    def make_book() -> QuotaBook:
        from .quota.books import SqliteBook

        book = SqliteBook(quota_file(path), clock)
        closes.append(book.close)
        return book

    def make_queue() -> PendingStore:
        from .pending.sqlite import SqlitePending

        return SqlitePending(file, clock, settings.api_version)

    answers = SqliteAnswers(file, clock, settings.cache_max_bytes)
    return Parts(answers, SqliteLeases(file, clock), make_book, closes, make_queue)


def _at_server(address: RedisAddress, settings: Settings, clock: Clock) -> Parts:
    server = server_at(address, clock)
    server.greet()
    from .cache.redis_answers import RedisAnswers
    from .coalescing.redis_leases import RedisLeases
    from .pending.redis_pending import RedisPending
    from .quota.redis_book import RedisBook

    freshness = Freshness(settings.cache_ttl_s, settings.cache_ttl_not_found_s)
    answers = RedisAnswers(server, freshness.longest_s)
    leases = RedisLeases(server, clock)

    def make_queue() -> PendingStore:
        return RedisPending(server, settings.api_version)

    return Parts(answers, leases, lambda: RedisBook(server), [server.close], make_queue)
