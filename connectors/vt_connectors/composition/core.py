"""The composition root: chooses and connects the parts of the core; `state` does so for the shared state."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ..actions.context import Context
from ..actions.licensed_keys import LicensedKeys
from ..api_key import ApiKey
from ..backends.memory.answers import MemoryAnswers
from ..cache import AnswerCache, Freshness
from ..clock import Clock
from ..config.settings import Settings
from ..core import Core
from ..deferred import deferred, is_made
from ..light_typing import TYPE_CHECKING, Callable
from ..redaction import KeyGuard
from . import Memory, memory_parts
from .accounts import Accounts
from .state import KVSTORE, NO_PLACES, Places, Stores, state_place

if TYPE_CHECKING:
    from pathlib import Path

    from ..actions.deliveries import Deliveries
    from ..actions.file_access import FileAccess
    from ..coalescing import SingleFlight, TwoLevels
    from ..indicators import NeverQuery
    from ..pending import Pending
    from ..state.heartbeat import Heartbeat
    from .accounts import MakeTransport

# Short, because another process may have replaced or cleared an answer. Reading it again takes 30 microseconds.
_NEAR_ENTRIES, _NEAR_TTL_S = 4096, 10.0


def build(
    settings: Settings,
    default_key: Callable[[], ApiKey],
    clock: Clock,
    transport: MakeTransport | None = None,
    places: Places = NO_PLACES,
    own_files: Callable[[], Iterable[Path]] = tuple,
    memory: Memory = memory_parts,
) -> Core:
    """The core. `default_key` is called before a request without its own key is sent; it may raise `ConfigError`.
    `transport` replaces real HTTP. `places`: the platform's own backends for the state. `own_files`: the files with
    the key or settings, which are never sent. `memory`: the stores of `VT_STATE=memory`. Raises `ConfigError`.
    """
    stores = Stores(settings, clock, places, memory)
    # Separate threads, because a lock on the quota's record must not make a leader look dead.
    heartbeat, leading = deferred(_heartbeat), deferred(_heartbeat)
    near = MemoryAnswers(clock, _NEAR_ENTRIES, _NEAR_TTL_S)
    accounts = Accounts(settings, default_key, clock, stores, heartbeat, transport)

    def release() -> None:
        # Stopped first, because their threads use the stores' connections.
        for beating in (heartbeat, leading):
            if is_made(beating):
                beating.rest()
        stores.close()
        accounts.close()

    cache = AnswerCache(near, stores.answers, stores.answers_written)
    return Core(
        Context(
            clock=clock,
            cache=cache,
            freshness=Freshness(settings.cache_ttl_s, settings.cache_ttl_not_found_s),
            single_flight=deferred(lambda: _coalescing(stores, clock, leading)),
            never_query=_never_query(settings.never_query) if settings.never_query else deferred(_never_query),
            rules=settings.rules,
            space=settings.space,
            account=accounts,
            owner=accounts.owner,
            pending=deferred(lambda: _pending(stores, settings.pending_max, clock)),
            refusal=accounts.refusal,
            guard=KeyGuard(default_key),
            file_access=deferred(lambda: file_access(settings, own_files)),
            deliveries=deferred(_deliveries),
            licensed_keys=LicensedKeys(cache, clock, settings.space, accounts.owner, accounts.key_is_elsewhere),
            keeps_raw=settings.keep_raw,
        ),
        release,
    )


def file_access(settings: Settings, own_files: Callable[[], Iterable[Path]]) -> FileAccess:
    """Which files may be sent. Raises `ConfigError`."""
    from pathlib import Path

    from ..actions.file_access import FileAccess, OwnFiles
    from ..backends.sqlite.paths import substitute_file

    place = state_place(settings) if settings.state != KVSTORE else None
    states = (substitute_file(os.environ), *([place] if isinstance(place, Path) else []))
    return FileAccess(OwnFiles(own_files, states), settings.scan_roots)


def _deliveries() -> Deliveries:
    from ..actions.deliveries import Deliveries

    return Deliveries()


def _heartbeat() -> Heartbeat:
    from ..state.heartbeat import Heartbeat

    return Heartbeat()


def _never_query(extra: tuple[str, ...] = ()) -> NeverQuery:
    """Raises `ConfigError` for a wrong entry."""
    from ..indicators import NeverQuery

    return NeverQuery(extra)


def _pending(stores: Stores, most: int, clock: Clock) -> Pending:
    from ..pending import Pending

    return Pending(lambda: stores.queue, most, clock)


def _coalescing(stores: Stores, clock: Clock, leading: Heartbeat) -> TwoLevels:
    from ..coalescing import SingleFlight, TwoLevels

    return TwoLevels(_flight_within(clock), SingleFlight(stores.leases, clock, leading))


def _flight_within(clock: Clock) -> SingleFlight:
    """Coalescing among the threads of this process."""
    from ..backends.memory.leases import MemoryLeases
    from ..coalescing import LeaseStore, SingleFlight
    from ..state.fallback import Fallback

    leases: LeaseStore = MemoryLeases(clock)
    return SingleFlight(Fallback(leases, leases, clock, "this process alone"), clock, None)
