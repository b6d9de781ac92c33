"""A limiter with every ledger store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.fake_clock import FakeClock
from tests.splunk.kvstore_parts import book_at
from vt_connectors.backends.memory.ledgers import MemoryLedgers
from vt_connectors.backends.redis.ledgers import Found, RedisLedgers
from vt_connectors.backends.redis.server import RedisServer
from vt_connectors.backends.sqlite.ledgers import SqliteLedgers
from vt_connectors.quota import parse_quota
from vt_connectors.quota.ledger_store import LedgerStore
from vt_connectors.quota.limiter import Limiter
from vt_connectors.state.fallback import Fallback
from vt_connectors.state.heartbeat import Heartbeat

MakeLimiter = Callable[..., Limiter]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


class RedisLedgersByFakeClock(RedisLedgers):
    """Uses the test's clock instead of the server's."""

    def __init__(self, server: RedisServer, clock: FakeClock) -> None:
        super().__init__(server)
        self._clock = clock

    def _found(self, reply: Any) -> Found:
        return replace(super()._found(reply), now=self._clock.now())


@pytest.fixture(params=["memory", "sqlite", "redis", "kvstore"])
def ledgers(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> LedgerStore:
    if request.param == "redis":
        return RedisLedgersByFakeClock(request.getfixturevalue("redis_server"), clock)
    if request.param == "kvstore":
        # As for the other stores, clocks do not differ.
        return book_at(request.getfixturevalue("splunkd_with_kvstore"), clock, max_clock_skew_s=0.0)
    return MemoryLedgers(clock) if request.param == "memory" else SqliteLedgers(tmp_path / "quota.db", clock)


@pytest.fixture
def limiter(ledgers: LedgerStore, clock: FakeClock) -> MakeLimiter:
    """Makes limiters that share one ledger store."""

    def make(
        quota: str, scope: str = "a key", given: LedgerStore | None = None, own_clock: FakeClock | None = None
    ) -> Limiter:
        parsed = parse_quota(quota)
        shared = Fallback[LedgerStore](given or ledgers, MemoryLedgers(clock), clock, "alone")
        return Limiter(shared, scope, lambda: parsed, own_clock or clock, Heartbeat())

    return make
