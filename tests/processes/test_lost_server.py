"""The server dies in the middle of the work of several processes, and comes back."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes.workers import workers
from tests.redis_process import RedisProcess
from tests.vtaction_process import vtaction_process
from vt_connectors.api_key import ApiKey
from vt_connectors.backends.redis.ledgers import RedisLedgers
from vt_connectors.sandbox import Quota, SandboxServer

PROCESSES = 4
HASHES = [f"{number:032x}" for number in range(1, 41)]
LIMIT, SECONDS = 8, 1.5
# What is left to each process that is on its own.
SHARE = LIMIT // 4


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path / "redis", "--appendonly", "yes").start()
    yield process
    process.kill()


@pytest.fixture
def virustotal() -> Iterator[SandboxServer]:
    with SandboxServer(Quota.unlimited(), latency_s=0.02) as server:
        yield server


def test_nothing_is_lost_and_no_window_is_exceeded_by_more_than_the_shares(
    own: RedisProcess, virustotal: SandboxServer, tmp_path: Path
) -> None:
    runner = vtaction_process(virustotal, tmp_path)
    runner.environment.update(VT_STATE=own.url, VT_QUOTA=f"{LIMIT}/{SECONDS}s")
    members = workers(runner, tmp_path, PROCESSES, HASHES)
    while len(virustotal.requests) < 2 * LIMIT:
        time.sleep(0.05)
    own.kill()
    time.sleep(2)
    own.start()
    for member in members:
        answers = member.answers()
        assert [answer["error"] for answer in answers if answer["error"]] == []
        assert len(answers) == len(HASHES)
    times = sorted(request.arrived_at for request in virustotal.requests)
    most = max(bisect_left(times, at + SECONDS) - place for place, at in enumerate(times))
    assert most <= LIMIT + PROCESSES * SHARE
    scope = ApiKey(runner.environment["VT_API_KEY"]).scope
    assert RedisLedgers(own.server()).transact(scope, lambda ledger, now: now - ledger.settled[-1] < 20), (
        "it is used again"
    )
