"""Every kind of queue, and a harness for lookups that run out of quota."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from tests.redis_process import RedisProcess, ServersClock
from tests.splunk.fake_splunkd import FakeSplunkd
from tests.splunk.kvstore_parts import parts_at
from tests.virustotal.house import core_at
from vt_connectors.actions.drain import DrainLimits, DrainResult
from vt_connectors.backends.memory.pending import MemoryPending
from vt_connectors.backends.redis.pending import RedisPending
from vt_connectors.backends.redis.server import PREFIX, RedisServer
from vt_connectors.backends.sqlite.answers import SCHEMA
from vt_connectors.backends.sqlite.file import SqliteFile
from vt_connectors.backends.sqlite.pending import SqlitePending
from vt_connectors.config.settings import Settings
from vt_connectors.core import Core
from vt_connectors.pending import PendingStore
from vt_connectors.sandbox import Quota, SandboxServer

KINDS = ("memory", "sqlite", "redis", "kvstore")


class QueuesClock(ServersClock):
    """A clock that also ages the server's queue, because this uses the server's own clock."""

    def __init__(self, server: RedisServer) -> None:
        super().__init__(server)
        self._redis = server

    def _age(self, seconds: float) -> None:
        super()._age(seconds)
        order = PREFIX + "pending:3:order"
        for key in self._redis.call("ZRANGE", order, 0, -1):
            self._redis.call("ZINCRBY", order, -int(seconds * 1000), key)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def clock(request: pytest.FixtureRequest) -> FakeClock:
    if "kind" in request.fixturenames and request.getfixturevalue("kind") == "redis":
        return QueuesClock(request.getfixturevalue("redis_server"))
    return FakeClock()


@pytest.fixture
def file(tmp_path: Path) -> SqliteFile:
    return SqliteFile(tmp_path / "state.db", SCHEMA, "WAL")


@pytest.fixture
def store(kind: str, clock: FakeClock, file: SqliteFile, request: pytest.FixtureRequest) -> PendingStore:
    if kind == "redis":
        process: RedisProcess = request.getfixturevalue("redis_process")
        return RedisPending(process.server(clock), "3")
    if kind == "kvstore":
        splunkd: FakeSplunkd = request.getfixturevalue("splunkd_with_kvstore")
        return parts_at(splunkd, Settings(), clock).make_queue()
    return MemoryPending(clock) if kind == "memory" else SqlitePending(file, clock, "3")


class Harness:
    """Cores that share a state and a sandbox, each with its own quota."""

    def __init__(self, server: SandboxServer, clock: FakeClock, state: Path) -> None:
        self.server = server
        self.clock = clock
        self._state = state

    def core(self, quota: str = "none", **settings: str) -> Core:
        return core_at(self.server.url, self.clock, self._state, VT_QUOTA=quota, **settings)

    def run_out(self, *hosts: str, options: dict[str, Any] | None = None, **settings: str) -> None:
        """Look the addresses up when no quota is left."""
        core = self.core("1/day", **settings)
        self.look_up(core, "9.9.9.9")
        for host in hosts:
            answer = self.look_up(core, host, **(options or {}))
            assert answer["error"]["code"] == "rate_limited"
        core.close()

    def look_up(self, core: Core, host: str, **options: Any) -> Mapping[str, Any]:
        return core.answer({"action": "lookup_ip", "params": {"ip": host}, "options": options})

    def drain(self, quota: str = "none", spend: DrainLimits | None = None, **settings: str) -> DrainResult:
        return self.core(quota, **settings).drain(spend or DrainLimits())

    def queued(self, **settings: str) -> list[str]:
        """The queued addresses, without the address that uses the quota up."""
        entries = self.core(**settings).context.pending.oldest(9999)
        return [entry.value for entry in entries if entry.value != "9.9.9.9"]

    @property
    def asked(self) -> list[str]:
        """The addresses that the sandbox was asked for, without the one that uses the quota up."""
        paths = [request.path.rpartition("/")[2] for request in self.server.requests]
        return [path for path in paths if path != "9.9.9.9"]


@pytest.fixture
def harness(clock: FakeClock, tmp_path: Path) -> Iterator[Harness]:
    with SandboxServer(Quota.unlimited(), clock.now) as server:
        yield Harness(server, clock, tmp_path / "state.db")
