"""The composition root's half for what processes share: `VT_STATE` says where cache, leases and quota are kept."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Callable, NamedTuple

from ..backends.memory.answers import MemoryAnswers
from ..backends.memory.leases import MemoryLeases
from ..backends.redis_url import RedisAddress, redis_address
from ..backends.sqlite.paths import default_state_file, leases_file, quota_file, refuse_unsafe_place, substitute_file
from ..cache import Freshness
from ..cache.entry import AnswerStore
from ..clock import Clock
from ..coalescing import LeaseStore
from ..config.paths import whole
from ..config.settings import Settings
from ..errors import ConfigError
from ..state.fallback import Fallback, Required
from ..state.trust import refuse_untrusted

if TYPE_CHECKING:
    from ..backends.redis.server import Condition as Condition
    from ..backends.redis.server import RedisServer
    from ..backends.sqlite.file import SqliteFile
    from ..pending import PendingStore
    from ..quota.ledger_store import LedgerStore

_WITHOUT_CACHE = "working without the shared cache"
_WITHOUT_KEEPING = "what is asked is not kept in the shared cache"
_WITHOUT_LEASES = "equal lookups of several processes are asked by each of them"
_WITHOUT_BOOK = (
    "until the quota's record can be used, all processes of this user on this machine share a quarter of the quota"
)
_REQUIRED = "VT_STATE_REQUIRED is set, so nothing is asked without the record of the quota: repeat later"
# How soon cache and leases are tried again. A server that is gone is known to be for longer, by all parts at once.
_TRIED_AGAIN_S = 1.0
# Another program's lock on the leases is waited for by the callers, each for as long as it may wait.
_LEASES_PATIENCE_S = 1.0

# Splunk's, which nobody reaches from elsewhere.
KVSTORE = "kvstore"


class Parts(NamedTuple):
    """What is answered from the cache needs neither the quota's book nor the queue: they are made when they are used,
    and `closes` grows with them.
    """

    answers: AnswerStore
    leases: LeaseStore
    make_book: Callable[[], LedgerStore]
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
        self._is_required = settings.state_required
        self._book: Fallback[LedgerStore] | None = None
        self._queue: PendingStore | None = None
        self._lock = threading.Lock()
        answers, instead = self._parts.answers, MemoryAnswers(clock)
        again = _TRIED_AGAIN_S
        self.answers = Fallback[AnswerStore](answers, instead, clock, _WITHOUT_CACHE, retry_after_s=again)
        self.answers_written = Fallback[AnswerStore](answers, instead, clock, _WITHOUT_KEEPING, retry_after_s=again)
        self.leases = Fallback[LeaseStore](
            self._parts.leases, local.leases, clock, _WITHOUT_LEASES, retry_after_s=again
        )

    @property
    def book(self) -> Fallback[LedgerStore]:
        """Made when it is first asked for, which is for one caller at a time to do."""
        if self._book is None:
            self._book = self._make_book()
        return self._book

    def _make_book(self) -> Fallback[LedgerStore]:
        from ..backends.memory.ledgers import MemoryLedgers
        from ..backends.sqlite.substitute import RejoiningLedgers, SubstituteLedgers, readable
        from ..quota.ledger_store import LedgerStore

        shared = self._parts.make_book()
        if isinstance(shared, MemoryLedgers):
            return Fallback(shared, shared, self._clock, _WITHOUT_BOOK)
        substitute = SubstituteLedgers(substitute_place(), self._clock, readable(shared))
        self._parts.closes.append(substitute.close)
        rejoining = RejoiningLedgers(shared, substitute, self._clock)
        if self._is_required:
            return Required[LedgerStore](rejoining, self._clock, _REQUIRED)
        return Fallback[LedgerStore](rejoining, substitute, self._clock, _WITHOUT_BOOK)

    @property
    def queue(self) -> PendingStore:
        """Made when it is first asked for, by whichever thread."""
        with self._lock:
            if self._queue is None:
                self._queue = self._parts.make_queue()
            return self._queue

    def close(self) -> None:
        for close in self._parts.closes:
            close()


def _memory_book(clock: Clock) -> LedgerStore:
    from ..backends.memory.ledgers import MemoryLedgers

    return MemoryLedgers(clock)


def _memory_queue(clock: Clock) -> PendingStore:
    from ..backends.memory.pending import MemoryPending

    return MemoryPending(clock)


def state_place(settings: Settings) -> Path | RedisAddress | None:
    """The state's file or server, or None where it is kept in memory. Raises `ConfigError` for what is neither."""
    if settings.state is None:
        return default_state_file(os.environ)
    if settings.state == "memory":
        if settings.state_required:
            raise ConfigError("VT_STATE_REQUIRED is set, but VT_STATE is memory, which no other process shares")
        return None
    if settings.state == KVSTORE:
        raise ConfigError("VT_STATE: kvstore is Splunk's, for the app inside Splunk alone; name a file or a server")
    address = redis_address(settings.state)
    if address is not None:
        return address
    return whole("VT_STATE", settings.state)


def server_at(address: RedisAddress, clock: Clock) -> RedisServer:
    """Raises `ConfigError` where there is nothing installed to reach it with."""
    try:
        from ..backends.redis.server import RedisServer
    except ImportError:
        raise ConfigError(f"VT_STATE: {address.scheme}:// is not available here; name a file") from None
    return RedisServer(address, clock)


class StateFiles(NamedTuple):
    """The cache's and the leases' file; the quota's record is found by what the cache's file says of it."""

    answers: SqliteFile
    leases: SqliteFile

    @property
    def paths(self) -> tuple[Path, Path, Path]:
        """Those of the cache, of the leases and of the quota's record, if that is beside the cache."""
        return self.answers.path, self.leases.path, quota_file(self.answers.path)


def state_files(path: Path) -> StateFiles:
    """Raises `ConfigError` if the state cannot safely be in the file `path`. Nothing is opened or changed."""
    refuse_unsafe_place(path)
    refuse_untrusted(path, "the state file")
    from ..backends.sqlite.answers import SCHEMA
    from ..backends.sqlite.file import SqliteFile
    from ..backends.sqlite.leases import SCHEMA as LEASES_SCHEMA
    from ..backends.sqlite.record_file import record_file
    from ..state.ownership import LEASES_ID

    answers = SqliteFile(path, SCHEMA, "WAL")
    beside = leases_file(answers.path)
    leases = SqliteFile(beside, LEASES_SCHEMA, "WAL", application_id=LEASES_ID, patience_s=_LEASES_PATIENCE_S)
    for file in (answers, leases, record_file(quota_file(answers.path))):
        file.check()
    return StateFiles(answers, leases)


def substitute_place() -> Path:
    """The file in which the quota is counted while the state cannot be used."""
    return substitute_file(os.environ)


def _in_file(path: Path, settings: Settings, clock: Clock) -> Parts:
    from ..backends.sqlite.answers import SqliteAnswers
    from ..backends.sqlite.leases import SqliteLeases

    file, leases = state_files(path)
    closes: list[Callable[[], None]] = [file.close_all, leases.close_all]

    def make_book() -> LedgerStore:
        from ..backends.sqlite.record_location import ledgers_of

        book = ledgers_of(file, quota_file(file.path), clock)
        closes.append(book.close)
        return book

    def make_queue() -> PendingStore:
        from ..backends.sqlite.pending import SqlitePending

        return SqlitePending(file, clock, settings.space)

    answers = SqliteAnswers(file, clock, settings.cache_max_bytes)
    return Parts(answers, SqliteLeases(leases, clock), make_book, closes, make_queue)


def _at_server(address: RedisAddress, settings: Settings, clock: Clock) -> Parts:
    server = server_at(address, clock)
    server.greet()
    from ..backends.redis.answers import RedisAnswers
    from ..backends.redis.leases import RedisLeases
    from ..backends.redis.ledgers import RedisLedgers
    from ..backends.redis.pending import RedisPending

    freshness = Freshness(settings.cache_ttl_s, settings.cache_ttl_not_found_s)
    answers = RedisAnswers(server, freshness.longest_s)
    leases = RedisLeases(server)

    def make_queue() -> PendingStore:
        return RedisPending(server, settings.space)

    return Parts(answers, leases, lambda: RedisLedgers(server), [server.close], make_queue)
