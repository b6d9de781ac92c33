"""Simultaneous drains send no request twice, and a killed drain loses nothing: with real processes."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.vtaction_process import RunnerProcess, vtaction_process
from vt_connectors.sandbox import Quota, SandboxServer

HOSTS = [f"8.8.8.{number}" for number in range(12)]


@pytest.fixture
def slow() -> Iterator[SandboxServer]:
    with SandboxServer(Quota.unlimited(), latency_s=0.15) as server:
        yield server


@pytest.fixture(params=["file", "redis"])
def runner(request: pytest.FixtureRequest, slow: SandboxServer, tmp_path: Path) -> RunnerProcess:
    """A state whose queue has `HOSTS`."""
    process = vtaction_process(slow, tmp_path)
    if request.param == "redis":
        process.environment["VT_STATE"] = request.getfixturevalue("redis_process").url
    process.text("lookup_domain", "a.example", VT_QUOTA="1/day")
    done = process.text("lookup_ip", *HOSTS, "--max-wait", "0", VT_QUOTA="1/day")
    assert done.returncode == 75
    assert _stats(process)["pending"] == len(HOSTS)
    return process


def _stats(runner: RunnerProcess) -> dict[str, Any]:
    stats: dict[str, Any] = json.loads(runner.text("cache", "stats").stdout)
    return stats


def _asked(server: SandboxServer) -> Counter[str]:
    return Counter(request.path.rpartition("/")[2] for request in server.requests[1:])


def _cached(runner: RunnerProcess) -> set[str]:
    lines = runner.text("lookup_ip", *HOSTS, "--cache", "only").stdout.splitlines()
    return {answer["id"] for answer in map(json.loads, lines) if answer["status"] != "skipped"}


def test_simultaneous_drains_send_no_request_twice(slow: SandboxServer, runner: RunnerProcess) -> None:
    processes = [runner.fork("drain") for _ in range(4)]
    reports = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    assert _asked(slow) == dict.fromkeys(HOSTS, 1)
    assert sum(report["asked"] for report in reports) == len(HOSTS)
    assert sum(report["answered"] + report["dropped"] for report in reports) >= len(HOSTS)
    assert (_stats(runner)["pending"], _cached(runner)) == (0, set(HOSTS))


def test_a_drain_killed_in_the_middle_loses_nothing(slow: SandboxServer, runner: RunnerProcess) -> None:
    process = runner.fork("drain")
    give_up = time.monotonic() + 60
    while len(slow.requests) < 5:
        assert time.monotonic() < give_up
        time.sleep(0.005)
    process.kill()
    process.communicate()
    cached, stats = _cached(runner), _stats(runner)
    assert stats["pending"] >= len(HOSTS) - len(cached) > 0
    done = runner.text("drain")
    assert (done.returncode, json.loads(done.stdout)["left"]) == (0, 0)
    assert _cached(runner) == set(HOSTS)
    assert sum(_asked(slow).values()) <= len(HOSTS) + 4, "what was under way is asked again, and nothing else"


def test_several_drains_together_leave_the_reserved_quota(slow: SandboxServer, runner: RunnerProcess) -> None:
    processes = [runner.fork("drain", "--keep", "9", VT_QUOTA="20/day") for _ in range(4)]
    reports = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    assert len(slow.requests) == 11
    assert {process.returncode for process in processes} == {75}
    assert sum(report["asked"] for report in reports) == 10


def test_a_cancelled_drain_leaves_the_rest_queued(slow: SandboxServer, runner: RunnerProcess) -> None:
    process = runner.fork("drain", "--max-wait", "10m", VT_QUOTA="4/600s")
    give_up = time.monotonic() + 60
    while len(slow.requests) < 4:
        assert time.monotonic() < give_up
        time.sleep(0.01)
    time.sleep(0.5)
    process.terminate()
    report = json.loads(process.communicate(timeout=60)[0])
    assert process.returncode == 75
    assert report["left"] == len(HOSTS) - report["answered"] == _stats(runner)["pending"]
