"""The point of it all: sixteen real processes share one cache, one quota, and each other's requests."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes.workers import Member, workers
from tests.vtaction_process import RunnerProcess, vtaction_process
from vt_connectors.sandbox import Quota, SandboxServer

PROCESSES = 16
KILLED = 5
HASHES = [f"{number:032x}" for number in range(1, 25)]
# The quota of the processes, which the server enforces exactly.
LIMIT, SECONDS = 8, 1.5


@pytest.fixture
def strict() -> Iterator[SandboxServer]:
    quota = Quota(windows=((LIMIT, SECONDS),), per_day=None, per_month=None)
    with SandboxServer(quota, latency_s=0.05) as server:
        yield server


@pytest.fixture(params=["file", "redis"])
def runner(request: pytest.FixtureRequest, strict: SandboxServer, tmp_path: Path) -> RunnerProcess:
    process = vtaction_process(strict, tmp_path)
    if request.param == "redis":
        process.environment["VT_STATE"] = request.getfixturevalue("redis_process").url
    process.environment["VT_QUOTA"] = f"{LIMIT}/{SECONDS}s"
    return process


def test_each_hash_is_requested_once_and_all_processes_get_every_answer(
    strict: SandboxServer, runner: RunnerProcess, tmp_path: Path
) -> None:
    members = workers(runner, tmp_path, PROCESSES, HASHES)
    for member in members:
        _assert_has_all(member)
    assert _asked(strict) == dict.fromkeys(HASHES, 1)
    assert strict.refused == 0


def test_processes_killed_at_any_moment_cost_at_most_a_request_each(
    strict: SandboxServer, runner: RunnerProcess, tmp_path: Path
) -> None:
    members = workers(runner, tmp_path, PROCESSES, HASHES)
    chance = random.Random(20260102)
    doomed = chance.sample(members, KILLED)
    while len(strict.requests) < LIMIT:
        time.sleep(0.05)
    for member in doomed:
        time.sleep(chance.uniform(0.1, 0.8))
        member.kill()
    for member in members:
        if member not in doomed:
            _assert_has_all(member)
    asked = _asked(strict)
    assert set(asked) == set(HASHES)
    # A killed process worked on several hashes side by side, and its slots' requests may have been under way.
    assert sum(asked.values()) <= len(HASHES) + KILLED * 8
    assert max(asked.values()) <= 1 + KILLED
    assert strict.refused == 0


def _asked(server: SandboxServer) -> dict[str, int]:
    return dict(Counter(request.path.rpartition("/")[2] for request in server.requests))


def _assert_has_all(member: Member) -> None:
    answers = member.answers()
    assert {answer["data"]["indicator"] for answer in answers if not answer["error"]} == set(HASHES)
    assert {answer["status"] for answer in answers} <= {"ok", "not_found"}
    assert member.process.returncode == 0
