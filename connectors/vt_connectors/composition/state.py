"""The composition root for the shared state: `VT_STATE` selects the backend of cache, leases, ledgers and queue."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping

from ..backends.memory.answers import MemoryAnswers
from ..backends.sqlite.paths import leases_place, quota_place, refuse_unsafe_place
from ..clock import Clock
from ..config.paths import whole
from ..config.settings import Settings
from ..deferred import deferred
from ..errors import ConfigError
from ..light_typing import TYPE_CHECKING, Callable, NamedTuple
from ..state.fallback import Fallback, Required
from ..state.trust import refuse_untrusted
from ..threads import freed_at_fork
from . import Memory, Parts, memory_leases, memory_parts

if TYPE_CHECKING:
    from pathlib import Path

    from ..backends.redis_url import RedisAddress
    from ..backends.sqlite.file import SqliteFile
    from ..coalescing import LeaseStore
    from ..pending import PendingStore
    from ..quota.ledger_store import LedgerStore

_WITHOUT_CACHE = "working without the shared cache"
_WITHOUT_STORING = "new answers are not stored in the shared cache"
_WITHOUT_LEASES = "equal lookups of several processes are sent by each of them"
_WITHOUT_LEDGERS = (
    "until the quota's record can be used, all processes of this user on this machine share a quarter of the quota"
)
_REQUIRED = "VT_STATE_REQUIRED is set, so no request is sent without the record of the quota: try again later"
# Seconds until cache and leases are tried again. A lost server is skipped for longer, by all parts at once.
_TRIED_AGAIN_S = 1.0
# Short, because each caller itself waits for another program's lock on the leases, as long as it may wait.
_LEASES_PATIENCE_S = 1.0

# Splunk's KV store, which is available inside Splunk only.
KVSTORE = "kvstore"


# By value of `VT_STATE`: backends that belong to a platform.
Places = Mapping[str, Callable[[Settings, Clock], Parts]]
NO_PLACES: Places = {}


class Stores:
    """The shared stores, each with its fallback within the process. Raises `ConfigError`."""

    def __init__(self, settings: Settings, clock: Clock, places: Places, memory: Memory = memory_parts) -> None:
        local_leases = deferred(lambda: memory_leases(clock))
        of_platform = places.get(settings.state or "")
        if of_platform is not None:
            self._parts = of_platform(settings, clock)
        else:
            place = _place_of(settings)
            if place is None:
                self._parts = memory(clock)
            elif isinstance(place, str):
                self._parts = _in_file(place, settings, clock)
            else:
                from .redis_state import parts_at

                self._parts = parts_at(place, settings, clock)
        self._clock = clock
        self._is_required = settings.state_required
        self._ledgers: Fallback[LedgerStore] | None = None
        self._queue: PendingStore | None = None
        self._lock = freed_at_fork(threading.Lock())
        answers, instead = self._parts.answers, MemoryAnswers(clock)
        again = _TRIED_AGAIN_S
        self.answers = Fallback(answers, instead, clock, _WITHOUT_CACHE, retry_after_s=again)
        self.answers_written = Fallback(answers, instead, clock, _WITHOUT_STORING, retry_after_s=again)
        self.leases = Fallback(self._parts.leases, local_leases, clock, _WITHOUT_LEASES, retry_after_s=again)

    @property
    def book(self) -> Fallback[LedgerStore]:
        """The ledger store, made on first use. Not thread-safe."""
        if self._ledgers is None:
            self._ledgers = self._make_ledgers()
        return self._ledgers

    def _make_ledgers(self) -> Fallback[LedgerStore]:
        from ..backends.memory.ledgers import MemoryLedgers
        from ..backends.sqlite.substitute import RejoiningLedgers, SubstituteLedgers, readable
        from ..quota.ledger_store import LedgerStore

        shared = self._parts.make_book()
        if isinstance(shared, MemoryLedgers):
            return Fallback(shared, shared, self._clock, _WITHOUT_LEDGERS)
        substitute = SubstituteLedgers(substitute_place(), self._clock, readable(shared))
        self._parts.closes.append(substitute.close)
        rejoining = RejoiningLedgers(shared, substitute, self._clock)
        if self._is_required:
            return Required[LedgerStore](rejoining, self._clock, _REQUIRED)
        return Fallback[LedgerStore](rejoining, substitute, self._clock, _WITHOUT_LEDGERS)

    @property
    def queue(self) -> PendingStore:
        """The queue, made on first use. Thread-safe."""
        with self._lock:
            if self._queue is None:
                self._queue = self._parts.make_queue()
            return self._queue

    def close(self) -> None:
        for close in self._parts.closes:
            close()


def state_place(settings: Settings) -> Path | RedisAddress | None:
    """The state's file or server; None for memory. Raises `ConfigError`."""
    from pathlib import Path

    place = _place_of(settings)
    return Path(place) if isinstance(place, str) else place


def _place_of(settings: Settings) -> str | RedisAddress | None:
    """As `state_place`, the file as text."""
    if settings.state is None:
        from ..backends.sqlite.paths import default_state_file
        from ..config.paths import has_home

        return str(default_state_file(os.environ, has_home=has_home()))
    if settings.state == "memory":
        if settings.state_required:
            raise ConfigError(
                "VT_STATE_REQUIRED is set, but VT_STATE is memory, which is not shared with other processes"
            )
        return None
    if settings.state == KVSTORE:
        raise ConfigError("VT_STATE: kvstore is only available in the app inside Splunk; name a file or a server")
    if ":/" in settings.state:
        from ..backends.redis_url import redis_address

        address = redis_address(settings.state)
        if address is not None:
            return address
    return whole("VT_STATE", settings.state)


class StateFiles(NamedTuple):
    """The files of the cache and of the leases. The cache's file says where the quota's record is."""

    answers: SqliteFile
    leases: SqliteFile

    @property
    def paths(self) -> tuple[Path, Path, Path]:
        """The paths of the cache, the leases and the quota's record in its default place."""
        from ..backends.sqlite.paths import quota_file

        return self.answers.path, self.leases.path, quota_file(self.answers.path)


def state_files(path: str | Path) -> StateFiles:
    """The files for the state at `path`. Raises `ConfigError` if they are not safe there. Opens and changes nothing."""
    refuse_unsafe_place(path)
    refuse_untrusted(path, "the state file:")
    from ..backends.sqlite.answers import SCHEMA
    from ..backends.sqlite.file import SqliteFile
    from ..state.ownership import LEASES_ID, QUOTA_ID

    answers = SqliteFile(path, SCHEMA, "WAL")
    beside = leases_place(answers.place)
    leases = SqliteFile(beside, _schema_of_leases, "WAL", application_id=LEASES_ID, patience_s=_LEASES_PATIENCE_S)
    # Only checked here. `record_location` makes the one that is used, which a cached answer does not need.
    place = quota_place(answers.place)
    record = SqliteFile(place, _schema_of_record, "TRUNCATE", application_id=QUOTA_ID)
    for file in (answers, leases, record):
        file.check()
    return StateFiles(answers, leases)


def _schema_of_leases() -> str:
    from ..backends.sqlite.leases import SCHEMA

    return SCHEMA


def _schema_of_record() -> str:
    from ..backends.sqlite.record_file import schema

    return schema()


def substitute_place() -> Path:
    """The file that counts the quota while the state cannot be used."""
    from ..backends.sqlite.paths import substitute_file

    return substitute_file(os.environ)


def _in_file(path: str, settings: Settings, clock: Clock) -> Parts:
    from ..backends.sqlite.answers import SqliteAnswers

    file, leases = state_files(path)
    closes: list[Callable[[], None]] = [file.close_all, leases.close_all]

    def make_book() -> LedgerStore:
        from ..backends.sqlite.paths import quota_file
        from ..backends.sqlite.record_location import ledgers_of

        book = ledgers_of(file, quota_file(file.path), clock)
        closes.append(book.close)
        return book

    def make_leases() -> LeaseStore:
        from ..backends.sqlite.leases import SqliteLeases

        return SqliteLeases(leases, clock)

    def make_queue() -> PendingStore:
        from ..backends.sqlite.pending import SqlitePending

        return SqlitePending(file, clock, settings.space)

    answers = SqliteAnswers(file, clock, settings.cache_max_bytes)
    return Parts(answers, deferred(make_leases), make_book, closes, make_queue)
