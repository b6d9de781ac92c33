"""Every kind of lease book, and single flights over them."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest

from connectors.cache.sqlite import SCHEMA
from connectors.clock import Clock
from connectors.coalescing import LeaseBook, MemoryLeases, SqliteLeases
from connectors.state.sqlite_file import SqliteFile
from tests.fake_clock import FakeClock

MakeLeases = Callable[[Clock], LeaseBook]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["memory", "sqlite"])
def make_leases(request: pytest.FixtureRequest, tmp_path: Path) -> MakeLeases:
    def make(clock: Clock) -> LeaseBook:
        if request.param == "memory":
            return MemoryLeases(clock)
        return SqliteLeases(SqliteFile(tmp_path / "state.db", SCHEMA, "WAL"), clock)

    return make


@pytest.fixture
def leases(make_leases: MakeLeases, clock: FakeClock) -> LeaseBook:
    return make_leases(clock)
