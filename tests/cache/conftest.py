"""Every kind of answer store."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.cache.entry import AnswerStore
from connectors.cache.memory import MemoryAnswers
from connectors.cache.sqlite import SCHEMA, SqliteAnswers
from connectors.state.sqlite_file import SqliteFile
from tests.fake_clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def file(tmp_path: Path) -> SqliteFile:
    return SqliteFile(tmp_path / "state.db", SCHEMA, "WAL")


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, file: SqliteFile, clock: FakeClock) -> AnswerStore:
    return MemoryAnswers(clock) if request.param == "memory" else SqliteAnswers(file, clock, 1 << 30)
