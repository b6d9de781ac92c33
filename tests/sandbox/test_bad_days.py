"""Injected faults: their form, their share, and their count in the quota."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from importlib.metadata import version as version_of

import pytest
import requests

from vt_connectors.sandbox import Charge, Fault, Quota, SandboxConfig, SandboxServer

from .calling import EICAR_MD5, EICAR_SHA256, Caller, SettableClock, V2Caller, error_of
from .conftest import StartSandbox

PATH = f"files/{EICAR_MD5}"
BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


def with_fault(start: StartSandbox, *faults: str, quota: Quota | None = None, **config: object) -> SandboxServer:
    made = SandboxConfig(faults=tuple(Fault.parse(text) for text in faults), seed=1, **config)  # type: ignore[arg-type]
    return start(quota or Quota.unlimited(), config=made)


def wire(server: SandboxServer, path: str) -> bytes:
    """All that comes over the connection, uncompressed. ConnectionResetError if it is reset."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nX-Apikey: k\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def split(answer: bytes) -> tuple[bytes, bytes]:
    """Head and body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "WrongCredentialsError"),
        (403, "ForbiddenError"),
        (404, "NotFoundError"),
        (418, "ClientError"),
        (500, "ServerError"),
        (502, "ServerError"),
        (503, "TransientError"),
        (504, "DeadlineExceededError"),
    ],
)
def test_a_status_has_the_form_of_each_version(start_sandbox: StartSandbox, status: int, code: str) -> None:
    server = with_fault(start_sandbox, f"{status}:1")
    assert error_of(Caller(server.url).get(PATH))[:2] == (status, code)
    answer = V2Caller(server.url).get("file/report", resource=EICAR_MD5)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert (answer.content == b"") is (status == 403)


@pytest.mark.parametrize("status", ["204", "429"])
def test_out_of_quota_looks_as_in_each_version(start_sandbox: StartSandbox, status: str) -> None:
    server = with_fault(start_sandbox, f"{status}:1")
    answer = Caller(server.url).get(PATH)
    assert error_of(answer) == (429, "QuotaExceededError", "Quota exceeded")
    assert "Retry-After" not in answer.headers
    old = V2Caller(server.url).get("file/report", resource=EICAR_MD5)
    assert (old.status_code, old.content) == (204, b"")
    assert server.refused == 0, "VirusTotal says no although there is room"


def test_a_429_has_a_retry_after_if_the_sandbox_sends_it(start_sandbox: StartSandbox) -> None:
    server = with_fault(start_sandbox, "429:1", send_retry_after=True)
    assert int(Caller(server.url).get(PATH).headers["Retry-After"]) > 0


def test_a_reset_comes_before_the_response(start_sandbox: StartSandbox) -> None:
    server = with_fault(start_sandbox, "reset:1")
    with pytest.raises(ConnectionResetError):
        wire(server, f"/api/v3/{PATH}")
    with pytest.raises(BROKEN):
        V2Caller(server.url).post("file/report", resource=EICAR_MD5)


def test_a_reset_ends_an_upload_too(start_sandbox: StartSandbox) -> None:
    caller = Caller(with_fault(start_sandbox, "reset:1").url)
    with pytest.raises(BROKEN):
        caller.post("files", files={"file": b"x" * 3_000_000})


def test_a_cut_comes_in_the_middle_of_the_normal_body(sandbox: SandboxServer, start_sandbox: StartSandbox) -> None:
    _, whole = split(wire(sandbox, f"/api/v3/{PATH}"))
    # The links in it have the port, which may be longer or shorter by a digit.
    cut_head, half = split(wire(with_fault(start_sandbox, "cut:1"), f"/api/v3/{PATH}"))
    assert b" 200 " in cut_head
    assert abs(len(half) - len(whole) // 2) <= 5
    assert half[:20] == whole[:20]


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.skipif(version_of("urllib3") < "2", reason="urllib3 1.26 does not notice that a body is cut")
def test_a_clients_library_detects_the_cut(start_sandbox: StartSandbox, version: int) -> None:
    server = with_fault(start_sandbox, "cut:1")
    with pytest.raises(BROKEN):
        Caller(server.url).get(PATH) if version == 3 else V2Caller(server.url).told("file/report", resource=EICAR_MD5)


@pytest.mark.parametrize("path", [f"/api/v3/{PATH}", f"/vtapi/v2/file/report?apikey=k&resource={EICAR_MD5}"])
def test_a_proxys_page_comes_with_200(start_sandbox: StartSandbox, path: str) -> None:
    head, body = split(wire(with_fault(start_sandbox, "html:1"), path))
    assert b" 200 " in head.splitlines()[0]
    assert b"text/html" in head
    assert body.startswith(b"<html>")


@pytest.mark.parametrize("path", [f"/api/v3/{PATH}", f"/vtapi/v2/file/report?apikey=k&resource={EICAR_MD5}"])
def test_garbage_is_truncated_json(start_sandbox: StartSandbox, path: str) -> None:
    head, body = split(wire(with_fault(start_sandbox, "garbage:1"), path))
    assert b" 200 " in head.splitlines()[0]
    assert b"application/json" in head
    assert f"Content-Length: {len(body)}".encode() in head
    with pytest.raises(ValueError, match="Unterminated"):
        json.loads(body)


def test_a_slow_body_is_the_normal_one_and_takes_the_given_time(clock: SettableClock) -> None:
    waits: list[float] = []
    config = SandboxConfig(faults=(Fault("slow", 1),), slow_s=12.0)
    with SandboxServer(Quota.unlimited(), clock, config=config, sleep=waits.append) as server:
        answer = Caller(server.url).get(PATH)
    assert answer.json()["data"]["id"] == EICAR_SHA256
    assert "Connection" not in answer.headers, "the connection is good for more"
    pauses = [seconds for seconds in waits if seconds]
    assert len(pauses) > 20
    assert sum(pauses) == pytest.approx(12.0)


def test_a_slow_body_exceeds_a_clients_timeout(start_sandbox: StartSandbox) -> None:
    server = with_fault(start_sandbox, "slow:1", slow_s=3600.0)
    begun = time.monotonic()
    with pytest.raises(requests.RequestException):
        requests.get(f"{server.url}/api/v3/{PATH}", headers={"x-apikey": "k"}, timeout=0.1)
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize("what", ["503", "429", "reset", "cut", "html", "garbage"])
def test_requests_with_faults_count_in_the_quota(start_sandbox: StartSandbox, what: str) -> None:
    server = with_fault(start_sandbox, f"{what}:1", quota=Quota(windows=((3, 60),)))
    v2 = V2Caller(server.url)
    with contextlib.suppress(*BROKEN):
        v2.post("file/report", resource=f"{EICAR_MD5},{EICAR_MD5},{EICAR_MD5}")
    [entry] = server.requests
    assert (entry.charge, entry.cost, entry.fault) == (Charge.SPENT, 3, what)
    assert (entry.status is None) is (what == "reset")
    refused = v2.post("file/report", resource=EICAR_MD5)
    assert (refused.status_code, server.refused) == (204, 1), "a refusal is told as it is"


def test_refusals_get_no_fault(start_sandbox: StartSandbox) -> None:
    server = with_fault(start_sandbox, "503:1")
    assert Caller(server.url, key="wrong").get(PATH).status_code == 401
    assert V2Caller(server.url, "wrong").post("file/report", resource=EICAR_MD5).status_code == 403
    assert [entry.fault for entry in server.all_requests] == [None, None]


@pytest.mark.parametrize(("what", "done"), [("503", False), ("reset", False), ("garbage", False), ("cut", True)])
def test_a_write_takes_effect_only_if_its_normal_response_is_sent(
    start_sandbox: StartSandbox, what: str, done: bool
) -> None:
    # With this seed the first request fails, and the second does not.
    caller = Caller(with_fault(start_sandbox, f"{what}:0.5").url)
    with contextlib.suppress(*BROKEN):
        caller.comment("domains", "example.com", "said")
    assert len(caller.data("domains/example.com/comments")) == done


def outcomes(start: StartSandbox, seed: int | None, count: int = 300) -> list[str | None]:
    faults = (Fault("503", 0.2), Fault("html", 0.1), Fault("429", 0.0))
    server = start(Quota.unlimited(), config=SandboxConfig(faults=faults, seed=seed))
    caller = Caller(server.url)
    for _ in range(count):
        caller.get("ip_addresses/8.8.8.8")
    return [entry.fault for entry in server.requests]


def test_faults_have_their_share_and_repeat_with_the_same_seed(start_sandbox: StartSandbox) -> None:
    first = outcomes(start_sandbox, 7)
    assert first == outcomes(start_sandbox, 7)
    assert first != outcomes(start_sandbox, 8)
    assert 40 <= first.count("503") <= 80
    assert 15 <= first.count("html") <= 45
    assert first.count("429") == 0


def test_without_faults_all_responses_are_normal(sandbox: SandboxServer, caller: Caller) -> None:
    assert {caller.get(PATH).status_code for _ in range(50)} == {200}
    assert {entry.fault for entry in sandbox.requests} == {None}


@pytest.mark.parametrize(
    "text", ["", "503", "200:1", "42:1", "flood:0.5", "503:2", "503:-1", "503:x", "503:nan", "503:", ":0.1", "5031:0.1"]
)
def test_an_unknown_fault_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"HTTP status|share"):
        Fault.parse(text)


def test_faults_in_code_are_checked_like_those_in_text() -> None:
    assert Fault.parse(" reset:0.05 ") == Fault("reset", 0.05)
    with pytest.raises(ValueError, match="flood"):
        Fault("flood", 0.5)
    with pytest.raises(ValueError, match="share"):
        Fault("503", 1.5)


def test_shares_may_add_up_to_1_but_not_more() -> None:
    SandboxConfig(faults=(Fault("503", 0.9), Fault("reset", 0.05), Fault("cut", 0.05)))
    with pytest.raises(ValueError, match="more than 1"):
        SandboxConfig(faults=(Fault("503", 0.6), Fault("reset", 0.6)))


def test_latency_is_drawn_between_its_ends_and_again_with_the_same_seed(clock: SettableClock) -> None:
    drawn = []
    for _ in "12":
        waits: list[float] = []
        config = SandboxConfig(seed=3)
        with SandboxServer(
            Quota.unlimited(), clock, latency_s=(0.05, 0.5), config=config, sleep=waits.append
        ) as server:
            for _ in range(20):
                Caller(server.url).get(PATH)
        drawn.append(waits)
    assert drawn[0] == drawn[1]
    assert all(0.05 <= wait <= 0.5 for wait in drawn[0])
    assert max(drawn[0]) - min(drawn[0]) > 0.2
