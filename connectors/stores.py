"""The composition root's half for what processes share: `VT_STATE` says where cache, leases and quota are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from .cache import Freshness
from .cache.entry import AnswerStore
from .cache.memory import MemoryAnswers
from .clock import Clock
from .coalescing import LeaseBook, MemoryLeases, SqliteLeases
from .errors import ConfigError
from .quota.books import MemoryBook, QuotaBook, SqliteBook
from .settings import Settings
from .state.address import RedisAddress, redis_address
from .state.location import default_state_file, quota_file, refuse_network_folder
from .state.unavailable import Fallback

if TYPE_CHECKING:
    from .state.redis_server import RedisServer

_WITHOUT_CACHE = "working without the shared cache"
_WITHOUT_BOOK = "the quota cannot be shared, so this process takes a quarter of it"


@dataclass(frozen=True)
class _Parts:
    answers: AnswerStore
    leases: LeaseBook
    book: QuotaBook
    closes: tuple[Callable[[], None], ...] = ()


class Stores:
    """The three shared parts, each with its stand-in within the process. Raises `ConfigError`."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        local = _Parts(MemoryAnswers(clock), MemoryLeases(clock), MemoryBook(clock))
        place = state_place(settings)
        if isinstance(place, RedisAddress):
            parts = _at_server(place, settings, clock)
        else:
            parts = local if place is None else _in_file(place, settings, clock)
        self._closes = parts.closes
        self.answers = Fallback[AnswerStore](
            parts.answers, MemoryAnswers(clock), clock, _WITHOUT_CACHE, busy_is_lost=True
        )
        self.leases = Fallback[LeaseBook](parts.leases, local.leases, clock, _WITHOUT_CACHE, busy_is_lost=True)
        self.book = Fallback[QuotaBook](parts.book, local.book, clock, _WITHOUT_BOOK)

    def close(self) -> None:
        for close in self._closes:
            close()


def state_place(settings: Settings) -> Path | RedisAddress | None:
    """The state's file or server, or None where it is kept in memory. Raises `ConfigError` for what is neither."""
    if settings.state is None:
        return default_state_file()
    if settings.state == "memory":
        return None
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


def _in_file(path: Path, settings: Settings, clock: Clock) -> _Parts:
    refuse_network_folder(path)
    from .cache.sqlite import SCHEMA, SqliteAnswers
    from .state.sqlite_file import SqliteFile

    file = SqliteFile(path, SCHEMA, "WAL")
    book = SqliteBook(quota_file(path), clock)
    answers = SqliteAnswers(file, clock, settings.cache_max_bytes)
    return _Parts(answers, SqliteLeases(file, clock), book, (file.close_all, book.close))


def _at_server(address: RedisAddress, settings: Settings, clock: Clock) -> _Parts:
    server = server_at(address, clock)
    server.greet()
    from .cache.redis_answers import RedisAnswers
    from .coalescing.redis_leases import RedisLeases
    from .quota.redis_book import RedisBook

    freshness = Freshness(settings.cache_ttl_s, settings.cache_ttl_not_found_s)
    answers = RedisAnswers(server, freshness.longest_s)
    return _Parts(answers, RedisLeases(server, clock), RedisBook(server), (server.close,))
