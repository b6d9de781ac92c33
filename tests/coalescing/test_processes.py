"""One process sends the request, the others get its answer."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.vtaction_process import EICAR, RunnerProcess, Running, lookup, vtaction_process
from vt_connectors.sandbox import Quota, SandboxServer

PROCESSES = 16


@pytest.fixture
def slow() -> Iterator[SandboxServer]:
    with SandboxServer(Quota.unlimited(), latency_s=1.5) as server:
        yield server


@pytest.fixture(params=["file", "redis"])
def runner(request: pytest.FixtureRequest, slow: SandboxServer, tmp_path: Path) -> RunnerProcess:
    process = vtaction_process(slow, tmp_path)
    if request.param == "redis":
        process.environment["VT_STATE"] = request.getfixturevalue("redis_process").url
    return process


def _ask(process: Running) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(lookup(EICAR)).encode() + b"\n")
    process.stdin.flush()


def _answer(process: Running) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(process.communicate(timeout=60)[0])
    return answer


def test_sixteen_processes_with_the_same_lookup_send_one_request(slow: SandboxServer, runner: RunnerProcess) -> None:
    processes = [runner.fork("run") for _ in range(PROCESSES)]
    for process in processes:
        _ask(process)
    answers = [_answer(process) for process in processes]
    assert {answer["status"] for answer in answers} == {"ok"}
    sources = Counter(answer["meta"]["source"] for answer in answers)
    assert sources["api"] == 1
    assert len(slow.requests) == 1


def test_when_the_leader_is_killed_a_follower_sends_the_request(slow: SandboxServer, runner: RunnerProcess) -> None:
    leader = runner.fork("run")
    _ask(leader)
    while not slow.requests:
        time.sleep(0.01)
    others = [runner.fork("run") for _ in range(3)]
    for process in others:
        _ask(process)
    leader.kill()
    leader.communicate()
    answers = [_answer(process) for process in others]
    assert {answer["status"] for answer in answers} == {"ok"}
    assert len(slow.requests) == 2
