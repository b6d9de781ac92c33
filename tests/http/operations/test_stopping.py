"""The end of the server: every call gets an answer or `cancelled`, and the process ends with status 0."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Callable

import pytest
import requests

from tests.http.served_process import ServedProcess, served
from vt_connectors.sandbox import Quota, SandboxServer

_MOST_S = 40.0
IN_FLIGHT, WAITING = 20, 20


class Gate:
    """Holds the sandbox's answers from `close()` to `open()`. `held`: how many requests arrived meanwhile."""

    def __init__(self) -> None:
        self._opened = threading.Event()
        self._opened.set()
        self._lock = threading.Lock()
        self.held = 0

    def sleep(self, _: float) -> None:
        if not self._opened.is_set():
            with self._lock:
                self.held += 1
        assert self._opened.wait(_MOST_S)

    def close(self) -> None:
        self._opened.clear()

    def open(self) -> None:
        self._opened.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def sandbox(gate: Gate) -> Iterator[SandboxServer]:
    with SandboxServer(Quota.unlimited(), latency_s=1.0, sleep=gate.sleep) as server:
        yield server
        gate.open()


def until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + _MOST_S
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def lookup(number: int) -> dict[str, Any]:
    return {"action": "lookup_hash", "params": {"hash": f"{number:064x}"}, "options": {"max_wait_s": 500}}


def prove_the_key(server: ServedProcess, gate: Gate) -> None:
    """Before VirusTotal has accepted the key, requests are sent one by one."""
    assert outcome(server.run(lookup(0))) == "answered"
    gate.close()


def figure(server: ServedProcess, name: str) -> float:
    lines = server.get("/metrics", server.token).text.splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))


def outcome(reply: requests.Response) -> str:
    """`answered`, or the code of the error."""
    assert reply.status_code == 200, reply.text
    error = reply.json()["error"]
    return str(error["code"]) if error else "answered"


def outcomes(calls: list[Future[requests.Response]]) -> list[str]:
    return sorted(outcome(call.result(timeout=_MOST_S)) for call in calls)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_calls_in_flight_are_answered_and_waiting_ones_cancelled(
    sandbox: SandboxServer, gate: Gate, tmp_path: Path, number: int
) -> None:
    quota = f"{IN_FLIGHT + 1}/60s"
    with served(sandbox, tmp_path, "--threads", "128", VT_QUOTA=quota) as server, ThreadPoolExecutor(40) as pool:
        prove_the_key(server, gate)
        calls = [pool.submit(server.run, lookup(number)) for number in range(1, 1 + IN_FLIGHT + WAITING)]
        until(lambda: gate.held == IN_FLIGHT and figure(server, "vtaction_waiting_places_taken") == IN_FLIGHT + WAITING)
        server.signal(number)
        until(lambda: sum(call.done() for call in calls) == WAITING)
        assert outcomes([call for call in calls if call.done()]) == ["cancelled"] * WAITING
        refused = server.run(lookup(99))
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "stopping")
        assert refused.headers["Retry-After"] == "5"
        ready = server.get("/readyz")
        assert (ready.status_code, ready.json()["reason"]) == (503, "stopping")
        assert server.get("/healthz").status_code == 200
        gate.open()
        assert outcomes(calls) == ["answered"] * IN_FLIGHT + ["cancelled"] * WAITING
        assert server.ended() == 0
    assert len(sandbox.requests) == IN_FLIGHT + 1


def test_calls_of_virustotals_own_api_that_wait_get_503(sandbox: SandboxServer, gate: Gate, tmp_path: Path) -> None:
    with served(sandbox, tmp_path, VT_QUOTA="1/60s") as server, ThreadPoolExecutor(2) as pool:
        prove_the_key(server, gate)
        value, headers = f"{1:064x}", {"x-apikey": server.token, "Prefer": "wait=500"}
        urls = (f"/api/v3/files/{value}", f"/vtapi/v2/file/report?apikey={server.token}&resource={value}")
        calls = [pool.submit(requests.get, server.address + url, headers=headers, timeout=_MOST_S) for url in urls]
        until(lambda: figure(server, "vtaction_waiting_places_taken") == len(calls))
        server.signal(signal.SIGTERM)
        assert [call.result(timeout=_MOST_S).status_code for call in calls] == [503, 503]
        assert server.ended() == 0
    assert len(sandbox.requests) == 1


def test_an_idle_server_ends_although_clients_keep_their_connections(sandbox: SandboxServer, tmp_path: Path) -> None:
    with served(sandbox, tmp_path) as server, requests.Session() as session:
        assert session.get(f"{server.address}/healthz", timeout=_MOST_S).status_code == 200
        server.signal(signal.SIGTERM)
        assert server.ended() == 0
    # Nothing but the line of the audit log.
    assert [line for line in server.stderr.splitlines() if not line.startswith("{")] == []


def test_a_second_signal_ends_the_process_at_once(sandbox: SandboxServer, gate: Gate, tmp_path: Path) -> None:
    with served(sandbox, tmp_path) as server, ThreadPoolExecutor(1) as pool:
        prove_the_key(server, gate)
        call = pool.submit(server.run, lookup(1))
        until(lambda: gate.held == 1)
        server.signal(signal.SIGTERM)
        until(lambda: server.get("/readyz").json().get("reason") == "stopping")
        server.signal(signal.SIGTERM)
        assert server.ended() == 128 + signal.SIGTERM
        wait([call], timeout=_MOST_S)
        assert isinstance(call.exception(), requests.ConnectionError)


def test_a_killed_server_leaves_a_state_and_a_quota_that_hold(
    gate: Gate, sandbox: SandboxServer, tmp_path: Path
) -> None:
    with served(sandbox, tmp_path, VT_QUOTA="4/600s") as server, ThreadPoolExecutor(2) as pool:
        prove_the_key(server, gate)
        calls = [pool.submit(server.run, lookup(number)) for number in range(1, 3)]
        until(lambda: gate.held == 2)
        server.signal(signal.SIGKILL)
        wait(calls, timeout=_MOST_S)
        token = server.token
    gate.open()
    with served(sandbox, tmp_path, VT_QUOTA="4/600s") as again:
        again.token = token
        replies = [again.run({**lookup(number), "options": {"max_wait_s": 0}}) for number in range(10, 15)]
        assert [outcome(reply) for reply in replies] == ["answered"] + ["rate_limited"] * 4
    assert len(sandbox.requests) == 4
