"""Every kind of answer store."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fake_clock import FakeClock
from tests.redis_process import RedisProcess
from tests.splunk.fake_splunkd import FakeSplunkd
from tests.splunk.kvstore_parts import parts_at
from vt_connectors.backends.memory.answers import MemoryAnswers
from vt_connectors.backends.redis.answers import RedisAnswers
from vt_connectors.backends.sqlite.answers import SCHEMA, SqliteAnswers
from vt_connectors.backends.sqlite.file import SqliteFile
from vt_connectors.cache.entry import AnswerStore
from vt_connectors.config.settings import Settings


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def file(tmp_path: Path) -> SqliteFile:
    return SqliteFile(tmp_path / "state.db", SCHEMA, "WAL")


@pytest.fixture(params=["memory", "sqlite", "redis", "kvstore"])
def store(request: pytest.FixtureRequest, file: SqliteFile, clock: FakeClock) -> AnswerStore:
    if request.param == "redis":
        process: RedisProcess = request.getfixturevalue("redis_process")
        return RedisAnswers(process.server(clock), lambda _: 3600.0)
    if request.param == "kvstore":
        splunkd: FakeSplunkd = request.getfixturevalue("splunkd_with_kvstore")
        return parts_at(splunkd, Settings(), clock).answers
    return MemoryAnswers(clock) if request.param == "memory" else SqliteAnswers(file, clock, 1 << 30)
