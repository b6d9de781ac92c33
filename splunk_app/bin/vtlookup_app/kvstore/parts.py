"""The KV store's parts of the state, put together."""

from __future__ import annotations

from typing import Any

from connectors.cache import Freshness
from connectors.clock import Clock
from connectors.pending import PendingStore
from connectors.plain_fields import plain_fields
from connectors.quota.books import QuotaBook
from connectors.settings import Settings
from connectors.stores import Parts

from .answers import KvAnswers
from .collection import Collection, KvStore
from .leases import KvLeases
from .versions import Versions

ANSWERS, LEASES, LEDGERS, PENDING = "vt_answers", "vt_leases", "vt_ledgers", "vt_pending"


def kvstore_parts(service: Any, settings: Settings, clock: Clock) -> Parts:
    """`service`: splunklib's, in the name of nobody and of the app."""
    store = KvStore(service)
    freshness = Freshness(settings.cache_ttl_s, settings.cache_ttl_not_found_s)

    def make_book() -> QuotaBook:
        from .book import KvBook

        return KvBook(Versions(Collection(store, LEDGERS)), clock)

    def make_queue() -> PendingStore:
        from .pending import KvPending

        return KvPending(Collection(store, PENDING), clock, settings.space)

    answers = KvAnswers(
        Collection(store, ANSWERS),
        clock,
        freshness.longest_s,
        lambda key, entry: plain_fields(key, entry, settings),
    )
    return Parts(answers, KvLeases(Versions(Collection(store, LEASES)), clock), make_book, [], make_queue)
