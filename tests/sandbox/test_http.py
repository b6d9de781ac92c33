"""HTTP itself: connections, encodings, bodies."""

from __future__ import annotations

import gzip
import io
import json
import socket
import time

import pytest
import requests

from vt_connectors.sandbox import Quota, SandboxApp, SandboxConfig, SandboxServer
from vt_connectors.sandbox.http.messages import Request

from .calling import EICAR_SHA256, Caller, SettableClock
from .conftest import StartSandbox

PATH = "domains/example.com"


def exchange(sandbox: SandboxServer, sent: bytes) -> bytes:
    """What the server says to `sent` until it closes the connection."""
    host, port = sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def request_bytes(*lines: str, body: bytes = b"") -> bytes:
    return "\r\n".join([*lines, "Host: a", "X-Apikey: k", "", ""]).encode() + body


def test_app_answers_without_a_socket(clock: SettableClock) -> None:
    app = SandboxApp(Quota(), clock, SandboxConfig())
    request = Request.parse("GET", f"/api/v3/files/{EICAR_SHA256}", [("X-Apikey", "k")], io.BytesIO())
    response = app.handle(request)
    assert response.status == 200
    assert json.loads(response.content)["data"]["id"] == EICAR_SHA256
    assert [entry.status for entry in app.log.entries()] == [200]


@pytest.mark.parametrize(("accepted", "zipped"), [("gzip", True), ("identity", False), ("gzip;q=0", False)])
def test_json_is_compressed_for_clients_that_accept_it(caller: Caller, accepted: str, zipped: bool) -> None:
    answer = caller.get(PATH, headers={"Accept-Encoding": accepted}, stream=True)
    raw = answer.raw.read(decode_content=False)
    assert (answer.headers.get("Content-Encoding") == "gzip") is zipped
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert int(answer.headers["Content-Length"]) == len(raw)
    assert json.loads(gzip.decompress(raw) if zipped else raw)["data"]["id"] == "example.com"


def test_errors_are_compressed_too(caller: Caller) -> None:
    answer = caller.get("domains/unknown.example")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.json()["error"]["code"] == "NotFoundError"


def test_connection_is_kept_between_requests(sandbox: SandboxServer) -> None:
    one = request_bytes(f"GET /api/v3/{PATH} HTTP/1.1")
    unread_body = request_bytes(f"GET /api/v3/{PATH} HTTP/1.1", "Content-Length: 5", body=b"hello")
    assert exchange(sandbox, unread_body + one).count(b"HTTP/1.1 200") == 2


@pytest.mark.parametrize(
    "header", ["Content-Length: -1", "Content-Length: many", "Content-Length: " + "9" * 5000, "Transfer-Encoding: x"]
)
def test_body_without_a_valid_end_is_refused(sandbox: SandboxServer, header: str) -> None:
    assert exchange(sandbox, request_bytes("POST /api/v3/urls HTTP/1.1", header)).startswith(b"HTTP/1.1 400")


def test_two_lengths_are_refused(sandbox: SandboxServer) -> None:
    sent = request_bytes("POST /api/v3/urls HTTP/1.1", "Content-Length: 3", "Content-Length: 4", body=b"url=")
    assert exchange(sandbox, sent).startswith(b"HTTP/1.1 400")


def test_client_that_waits_for_100_continue_gets_it(sandbox: SandboxServer) -> None:
    headers = ("Content-Type: application/x-www-form-urlencoded", "Content-Length: 13", "Expect: 100-continue")
    host, port = sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(request_bytes("POST /api/v3/urls HTTP/1.1", *headers))
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        connection.sendall(b"url=a.example")
        assert connection.recv(100).startswith(b"HTTP/1.1 200")


def test_client_that_disconnects_does_not_disturb_others(
    sandbox: SandboxServer, caller: Caller, capfd: pytest.CaptureFixture[str]
) -> None:
    exchange(sandbox, request_bytes("POST /api/v3/urls HTTP/1.1", "Content-Length: 100", body=b"url="))
    exchange(sandbox, request_bytes("POST /api/v3/urls HTTP/1.1", "Transfer-Encoding: chunked", body=b"5\r\nur"))
    assert caller.get(PATH).status_code == 200
    assert capfd.readouterr() == ("", "")


def test_refused_upload_still_gets_its_response(start_sandbox: StartSandbox) -> None:
    caller = Caller(start_sandbox(Quota(windows=((0, 60),))).url)
    assert caller.post("files", files={"file": b"x" * 3_000_000}).status_code == 429


def test_latency_delays_every_answer(start_sandbox: StartSandbox) -> None:
    caller = Caller(start_sandbox(Quota.unlimited(), latency_s=0.05).url)
    begun = time.monotonic()
    caller.get(PATH)
    assert time.monotonic() - begun >= 0.05


def test_paths_outside_the_api_are_not_found(sandbox: SandboxServer) -> None:
    assert requests.get(f"{sandbox.url}/", timeout=60).status_code == 404


def test_stopped_sandbox_does_not_answer_on_open_connections(clock: SettableClock) -> None:
    with SandboxServer(Quota.unlimited(), clock) as sandbox:
        caller = Caller(sandbox.url)
        assert caller.get(PATH).status_code == 200
    with pytest.raises(requests.ConnectionError):
        caller.get(PATH)


def test_two_sandboxes_do_not_share_anything(start_sandbox: StartSandbox) -> None:
    one, two = start_sandbox(Quota.unlimited()), start_sandbox(Quota.unlimited())
    Caller(one.url).comment("domains", "example.com", "x")
    assert Caller(two.url).data("domains/example.com/comments") == []
    assert len(two.requests) == 1
