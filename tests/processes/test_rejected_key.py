"""A key that VirusTotal rejects costs one request in each adapter, for any number of simultaneous values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.scripted_server import ScriptedServer, Step, Wire, answer, own_error
from tests.vtaction_process import RunnerProcess, clean_environment, lookup
from vt_connectors import connect
from vt_connectors.errors import AccessDenied

KEY = "rejected-key-0123456789"
HASHES = [f"{number:064x}" for number in range(1, 31)]
MIXED = [
    lookup(HASHES[0]),
    {"action": "lookup_ip", "params": {"ip": "8.8.8.8"}},
    {"action": "lookup_domain", "params": {"domain": "evil.example.com"}},
    {"action": "lookup_url", "params": {"url": "http://evil.example.com/x"}},
    {"action": "add_comment", "params": {"indicator": "8.8.4.4", "comment": "seen"}},
    {"action": "passive_dns", "params": {"ip": "8.8.8.8"}},
    {"action": "scan_url", "params": {"url": "http://evil.example.com/y"}},
    {"action": "get_analysis", "params": {"analysis_id": "f-abc-1"}},
]


def _slowly(step: Step) -> Step:
    """Long enough for all threads of a process to come."""

    def slow(wire: Wire) -> None:
        wire.over.wait(0.3)
        step(wire)

    return slow


@pytest.fixture(params=["3", "2"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(version: str) -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        server.script(_slowly(own_error(401) if version == "3" else answer(403)))
        yield server


@pytest.fixture(params=["none", "4/minute"])
def vtaction(request: pytest.FixtureRequest, server: ScriptedServer, version: str, tmp_path: Path) -> RunnerProcess:
    settings = {"VT_API_URL": server.url, "VT_API_KEY": KEY, "VT_API_VERSION": version, "VT_QUOTA": request.param}
    return RunnerProcess({**clean_environment(), **settings, "VT_STATE": str(tmp_path / "state.db")})


def _codes(lines: list[dict[str, Any]]) -> set[str]:
    return {line["error"]["code"] for line in lines}


def test_many_lines_for_the_runner(vtaction: RunnerProcess, server: ScriptedServer) -> None:
    ran = vtaction(*(lookup(value) for value in HASHES))
    assert (len(ran.lines), _codes(ran.lines), ran.exit_code) == (30, {"access_denied"}, 1)
    assert len(server.received) == 1
    assert KEY not in json.dumps(ran.lines) + ran.stderr


def test_lines_of_all_kinds_for_the_runner(vtaction: RunnerProcess, server: ScriptedServer, version: str) -> None:
    asked = MIXED if version == "3" else MIXED[:5]
    ran = vtaction(*asked)
    assert _codes(ran.lines) == {"access_denied"}
    assert len(server.received) == 1


def test_several_values_on_the_command_line(vtaction: RunnerProcess, server: ScriptedServer) -> None:
    done = vtaction.text("lookup_hash", *HASHES[:3], "--json")
    assert _codes([json.loads(line) for line in done.stdout.splitlines()]) == {"access_denied"}
    assert len(server.received) == 1


def test_a_drain(vtaction: RunnerProcess, server: ScriptedServer) -> None:
    left_over = vtaction(*(lookup(value, options={"max_wait_s": 0}) for value in HASHES), VT_QUOTA="1/month")
    assert len(server.received) == 1
    assert _codes(left_over.lines) == {"access_denied"}
    server.script(own_error(429))
    queued = vtaction(*(lookup(value, options={"max_wait_s": 0}) for value in HASHES), VT_API_VERSION="3")
    assert _codes(queued.lines) == {"rate_limited"}
    server.received.clear()
    server.script(_slowly(own_error(401)))
    done = vtaction.text("drain", VT_API_VERSION="3", VT_API_KEY=f"another-{KEY}")
    assert (done.returncode, len(server.received)) == (1, 1), done


def test_lookup_many(version: str, server: ScriptedServer, tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    usual: dict[str, Any] = {"api_url": server.url, "api_version": version, "state": state, "quota": "none"}
    with connect(api_key=KEY, **usual) as vt:
        answers = list(vt.lookup_many(HASHES, side_by_side=16))
    assert {found.error.code for found in answers if found.error} == {"access_denied"}
    assert (len(answers), len(server.received)) == (30, 1)


def test_each_further_process_costs_one_request(vtaction: RunnerProcess, server: ScriptedServer) -> None:
    with ThreadPoolExecutor(3) as pool:
        ran = list(pool.map(lambda _: vtaction(*(lookup(value) for value in HASHES[:10])), range(3)))
    assert all(_codes(one.lines) == {"access_denied"} for one in ran)
    assert len(server.received) <= 3


def test_threads_that_use_one_connection(version: str, server: ScriptedServer, tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    usual: dict[str, Any] = {"api_url": server.url, "api_version": version, "state": state, "quota": "none"}
    with connect(api_key=KEY, **usual) as vt, ThreadPoolExecutor(8) as pool:
        errors = [found.exception() for found in [pool.submit(vt.lookup, value) for value in HASHES[:8]]]
    assert {type(error) for error in errors} == {AccessDenied}
    assert len(server.received) == 1
