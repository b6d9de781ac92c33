"""`Idempotency-Key`: a repeated write gets the first answer, whatever happened in between."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.http.serving import EVERYTHING, KnownTokens, Serving, serving
from vt_connectors.adapters.http.callers import RIGHTS, Caller
from vt_connectors.sandbox import Quota, SandboxServer

from .server_process import server_process

OTHER, HASTY = "vtc_other", "vtc_hasty"
TOKENS = KnownTokens(
    {
        EVERYTHING: Caller("everything", frozenset(RIGHTS)),
        OTHER: Caller("other", frozenset(RIGHTS)),
        HASTY: Caller("hasty", frozenset(RIGHTS), longest_wait_s=0.0),
    }
)
JSON = {"Content-Type": "application/json"}
REPLAYED = "Idempotency-Replayed"


def _comment(text: str, **more: Any) -> dict[str, Any]:
    return {"action": "add_comment", "params": {"indicator": "example.com", "comment": text}, **more}


def _send(url: str, document: Any, key: str | None, token: str = EVERYTHING) -> requests.Response:
    headers = {**JSON, "Authorization": f"Bearer {token}", **({} if key is None else {"Idempotency-Key": key})}
    return requests.post(f"{url}/v1/run", headers=headers, data=json.dumps(document), timeout=60)


def _writes(sandbox: SandboxServer) -> int:
    return sum(request.method == "POST" for request in sandbox.all_requests)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Serving]:
    with serving(tmp_path, tokens=TOKENS) as running:
        yield running


class Gate:
    """Holds the responses of the sandbox until it is opened."""

    def __init__(self) -> None:
        self.asked, self._open = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.asked.set()
        self._open.wait(60)

    def open(self) -> None:
        self._open.set()


def test_a_repeated_write_gets_the_first_answer_with_its_own_id(server: Serving) -> None:
    first = _send(server.url, _comment("one", id=1), "k")
    second = _send(server.url, _comment("one", id=2), "k")
    assert (first.json()["status"], first.json()["id"], second.json()["id"]) == ("ok", 1, 2)
    assert second.json()["data"] == first.json()["data"]
    assert (REPLAYED in first.headers, second.headers[REPLAYED]) == (False, "true")
    assert _writes(server.sandbox) == 1


def test_both_ways_to_send_a_request_share_the_keys_and_quotes_do_not_matter(server: Serving) -> None:
    _send(server.url, _comment("one"), "k")
    body = json.dumps({"params": _comment("one")["params"]})
    headers = {**JSON, "Idempotency-Key": '"k"'}
    assert REPLAYED in server.call("POST", "/v1/actions/add_comment", EVERYTHING, headers, data=body).headers
    assert _writes(server.sandbox) == 1


def test_the_same_key_with_another_request_is_refused(server: Serving) -> None:
    _send(server.url, _comment("one"), "k")
    for other in (_comment("two"), _comment("one", options={"max_wait_s": 1}), _comment("one", id={})):
        assert _send(server.url, other, "k").status_code == 422
    assert _writes(server.sandbox) == 1


def test_the_keys_of_two_clients_are_different_keys(server: Serving) -> None:
    replies = [_send(server.url, _comment("one"), "k", token) for token in (EVERYTHING, OTHER)]
    assert not any(REPLAYED in reply.headers for reply in replies)
    assert _writes(server.sandbox) == 2


def test_without_a_key_each_write_is_performed(server: Serving) -> None:
    for _ in range(2):
        _send(server.url, _comment("one"), None)
    assert _writes(server.sandbox) == 2


def test_a_read_needs_no_key_and_its_key_has_no_effect(server: Serving) -> None:
    for value in ("8.8.8.8", "9.9.9.9"):
        reply = _send(server.url, {"action": "lookup", "params": {"value": value}}, "k")
        assert (reply.json()["data"]["indicator"], REPLAYED in reply.headers) == (value, False)


@pytest.mark.parametrize("key", ["", '"', "a" * 256, "\xe4", '"a', "a\tb"])
def test_a_malformed_key_is_refused(server: Serving, key: str) -> None:
    assert _send(server.url, _comment("one"), key.encode("latin-1").decode("latin-1")).status_code == 400
    assert _writes(server.sandbox) == 0


def test_what_changed_nothing_is_not_remembered(tmp_path: Path) -> None:
    with serving(tmp_path, tokens=TOKENS, VT_API_KEY="wrong-key", key="wrong-key") as server:
        for text in ("one", "two"):
            reply = _send(server.url, _comment(text), "k")
            assert (reply.json()["error"]["code"], REPLAYED in reply.headers) == ("access_denied", False)
    with serving(tmp_path, tokens=TOKENS) as server:
        assert _send(server.url, {**_comment("x"), "params": {"indicator": "?"}}, "k").json()["status"] == "error"
        assert _send(server.url, _comment("three"), "k").json()["status"] == "ok"
        assert _send(server.url, _comment("four"), "k").status_code == 422


def test_simultaneous_repetitions_write_once_and_get_the_same_answer(tmp_path: Path) -> None:
    gate = Gate()
    with serving(tmp_path, tokens=TOKENS, hold=gate) as server, ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(_send, server.url, _comment("one", id=number), "k") for number in range(8)]
        assert gate.asked.wait(60)
        gate.open()
        replies = [each.result() for each in sent]
        assert _writes(server.sandbox) == 1
    assert sorted(reply.json()["id"] for reply in replies) == list(range(8))
    assert len({reply.json()["data"]["comment_id"] for reply in replies}) == 1
    assert sum(REPLAYED not in reply.headers for reply in replies) == 1


def test_a_repetition_that_may_not_wait_is_told_to_come_back(tmp_path: Path) -> None:
    gate = Gate()
    with serving(tmp_path, tokens=TOKENS, hold=gate) as server, ThreadPoolExecutor(1) as pool:
        first = pool.submit(_send, server.url, _comment("one"), "k", HASTY)
        assert gate.asked.wait(60)
        second = _send(server.url, _comment("one"), "k", HASTY)
        assert (second.status_code, second.json()["error"]["code"]) == (409, "in_progress")
        assert int(second.headers["Retry-After"]) > 0
        gate.open()
        assert first.result().json()["status"] == "ok"
        assert _send(server.url, _comment("one"), "k", HASTY).headers[REPLAYED] == "true"
        assert _writes(server.sandbox) == 1


def test_the_first_answer_outlives_the_server(tmp_path: Path) -> None:
    with serving(tmp_path, tokens=TOKENS) as server:
        first = _send(server.url, _comment("one"), "k").json()
    with serving(tmp_path, tokens=TOKENS) as server:
        second = _send(server.url, _comment("one"), "k")
        assert _writes(server.sandbox) == 0
    assert (second.json()["data"], second.headers[REPLAYED]) == (first["data"], "true")


def _environment(sandbox: SandboxServer, folder: Path) -> dict[str, str]:
    state = str(folder / "state.db")
    return {"VT_API_URL": sandbox.url, "VT_API_KEY": "a-key", "VT_QUOTA": "none", "VT_STATE": state}


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def sandbox(gate: Gate) -> Iterator[SandboxServer]:
    with SandboxServer(Quota.unlimited(), latency_s=1.0, sleep=lambda _: gate()) as running:
        yield running
        gate.open()


def test_two_servers_write_once(gate: Gate, sandbox: SandboxServer, tmp_path: Path) -> None:
    environment = _environment(sandbox, tmp_path)
    with server_process(environment) as (one, _), server_process(environment) as (two, _):
        with ThreadPoolExecutor(8) as pool:
            sent = [pool.submit(_send, url, _comment("one"), "k") for url in (one, two) * 4]
            assert gate.asked.wait(60)
            gate.open()
            replies = [each.result() for each in sent]
        assert len({reply.json()["data"]["comment_id"] for reply in replies}) == 1
    assert _writes(sandbox) == 1


def test_a_server_that_was_killed_in_the_middle_leaves_an_unknown_outcome_and_no_second_write(
    gate: Gate, sandbox: SandboxServer, tmp_path: Path
) -> None:
    environment = _environment(sandbox, tmp_path)
    with server_process(environment) as (url, process), ThreadPoolExecutor(1) as pool:
        lost = pool.submit(_send, url, _comment("one"), "k")
        assert gate.asked.wait(60)
        process.kill()
        with pytest.raises(requests.ConnectionError):
            lost.result()
    gate.open()
    _wait_until(lambda: _writes(sandbox) == 1)
    with server_process(environment) as (url, _):
        first = _once_over(lambda: _send(url, _comment("one"), "k"))
        again = _send(url, _comment("one"), "k")
        assert _send(url, _comment("two"), "k").status_code == 422
    assert first.json()["error"]["code"] == again.json()["error"]["code"] == "outcome_unknown"
    assert "another key" in first.json()["error"]["message"]
    assert _writes(sandbox) == 1


def _once_over(send: Callable[[], requests.Response]) -> requests.Response:
    """The reply after all that say that the first request is in progress."""
    until = time.monotonic() + 60
    while (reply := send()).status_code == 409:
        assert time.monotonic() < until
        time.sleep(int(reply.headers["Retry-After"]))
    return reply


def _wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)
