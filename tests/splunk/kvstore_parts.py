"""The KV store's parts of the state, as the command has them: through splunklib."""

from __future__ import annotations

import sys
from pathlib import Path

from vt_connectors.clock import Clock
from vt_connectors.composition import Parts
from vt_connectors.composition.state import KVSTORE
from vt_connectors.config.settings import Settings

from .fake_splunkd import SESSION, FakeSplunkd

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "splunk_app/bin"))

from vtlookup_app.kvstore.collection import Collection, KvStore
from vtlookup_app.kvstore.leases import KvLeases as KvLeases
from vtlookup_app.kvstore.ledgers import APART_S, KvLedgers
from vtlookup_app.kvstore.parts import LEDGERS
from vtlookup_app.kvstore.versions import Versions
from vtlookup_app.splunkd import Splunkd as Splunkd


def parts_at(splunkd: FakeSplunkd, settings: Settings, clock: Clock, session: str = SESSION) -> Parts:
    return parts_of(Splunkd(splunkd.url, session), settings, clock)


def parts_of(session: Splunkd, settings: Settings, clock: Clock) -> Parts:
    return session.places()[KVSTORE](settings, clock)


def collection_at(splunkd: FakeSplunkd, name: str, session: str = SESSION) -> Collection:
    return Collection(KvStore(Splunkd(splunkd.url, session).kvstore_service()), name)


def book_at(
    splunkd: FakeSplunkd, clock: Clock, patience_s: float = 30.0, max_clock_skew_s: float = APART_S
) -> KvLedgers:
    return KvLedgers(Versions(collection_at(splunkd, LEDGERS)), clock, patience_s, max_clock_skew_s)
