"""Builds the four stores of the state in the KV store."""

from __future__ import annotations

from typing import Any

from vt_connectors.actions.flat_report import flat_report
from vt_connectors.cache import Freshness
from vt_connectors.clock import Clock
from vt_connectors.composition import Parts
from vt_connectors.config.settings import Settings
from vt_connectors.pending import PendingStore
from vt_connectors.quota.ledger_store import LedgerStore

from .answers import KvAnswers
from .collection import Collection, KvStore
from .leases import KvLeases
from .versions import Versions

ANSWERS, LEASES, LEDGERS, PENDING = "vt_answers", "vt_leases", "vt_ledgers", "vt_pending"


def kvstore_parts(service: Any, settings: Settings, clock: Clock) -> Parts:
    """`service`: splunklib's, with the owner `nobody` and our app."""
    store = KvStore(service)
    freshness = Freshness(settings.cache_ttl_s, settings.cache_ttl_not_found_s)

    def make_book() -> LedgerStore:
        from .ledgers import KvLedgers

        return KvLedgers(Versions(Collection(store, LEDGERS)), clock)

    def make_queue() -> PendingStore:
        from .pending import KvPending

        return KvPending(Collection(store, PENDING), clock, settings.space)

    answers = KvAnswers(
        Collection(store, ANSWERS),
        clock,
        freshness.longest_s,
        lambda key, entry: flat_report(key, entry, settings),
    )
    return Parts(answers, KvLeases(Versions(Collection(store, LEASES)), clock), make_book, [], make_queue)
