"""Every kind of lease store, and single flights with them."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest

from tests.fake_clock import FakeClock
from tests.redis_process import ServersClock
from tests.splunk.kvstore_parts import parts_at
from vt_connectors.backends.memory.leases import MemoryLeases
from vt_connectors.backends.redis.leases import RedisLeases
from vt_connectors.backends.sqlite.file import SqliteFile
from vt_connectors.backends.sqlite.leases import SCHEMA, SqliteLeases
from vt_connectors.clock import Clock
from vt_connectors.coalescing import LeaseStore
from vt_connectors.config.settings import Settings

MakeLeases = Callable[[Clock], LeaseStore]


@pytest.fixture(params=["memory", "sqlite", "redis", "kvstore"])
def kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def clock(request: pytest.FixtureRequest) -> FakeClock:
    if "kind" in request.fixturenames and request.getfixturevalue("kind") == "redis":
        return ServersClock(request.getfixturevalue("redis_server"))
    return FakeClock()


@pytest.fixture
def make_leases(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> MakeLeases:
    def make(clock: Clock) -> LeaseStore:
        if kind == "memory":
            return MemoryLeases(clock)
        if kind == "redis":
            return RedisLeases(request.getfixturevalue("redis_server"))
        if kind == "kvstore":
            return parts_at(request.getfixturevalue("splunkd_with_kvstore"), Settings(), clock).leases
        return SqliteLeases(SqliteFile(tmp_path / "leases.db", SCHEMA, "WAL"), clock)

    return make


@pytest.fixture
def leases(make_leases: MakeLeases, clock: FakeClock) -> LeaseStore:
    return make_leases(clock)
