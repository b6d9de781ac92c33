"""Calls that are wrong on purpose: each is refused before it can do anything."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from .raw import connection, exchange, head, host_of, read_all, read_reply
from .serving import EVERYTHING, LIMITS, READER, Serving, serving

RUN = "POST /v1/run HTTP/1.1"
JSON = "Content-Type: application/json"
CLOSE = "Connection: close"
TOKEN = f"Authorization: Bearer {EVERYTHING}"
READERS_TOKEN = f"Authorization: Bearer {READER}"
UPLOAD = "POST /api/v3/files HTTP/1.1"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("served")) as started:
        yield started
        assert started.sandbox.requests == []


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8300", "127.0.0.1", "127.0.0.1:1", "127.0.0.1:8300:8300", "a@127.0.0.1", "[::1"],
)
def test_a_call_for_another_host_is_refused(server: Serving, host: str) -> None:
    reply = exchange(server, head(server, "GET /healthz HTTP/1.1", CLOSE, host=host))
    assert (reply.status, reply.reason) == (421, "host")


def test_the_port_of_another_server_in_the_host_header_is_refused(server: Serving) -> None:
    other = f"127.0.0.1:{int(host_of(server).rsplit(':')[1]) - 1}"
    assert exchange(server, head(server, "GET /healthz HTTP/1.1", CLOSE, host=other)).status == 421


def test_a_call_without_host_is_refused(server: Serving) -> None:
    for version in ("1.0", "1.1"):
        reply = exchange(server, head(server, f"GET /healthz HTTP/{version}", CLOSE, host=""))
        assert (reply.status, reply.reason) == (400, "no_host")


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "Content-Length",
        "Content-Type",
        "Authorization",
        "x-apikey",
        "Transfer-Encoding",
        "HOST",
        "Idempotency-Key",
    ],
)
def test_a_header_that_must_be_unique_is_refused_if_it_is_there_twice(server: Serving, name: str) -> None:
    value = {"Content-Length": "2", "Transfer-Encoding": "chunked"}.get(name, host_of(server))
    headers = [f"{name}: {value}"] * (1 if name.lower() == "host" else 2)
    reply = exchange(server, head(server, RUN, *headers, CLOSE) + b"{}")
    assert (reply.status, reply.reason) == (400, "repeated_header")


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 2, 2",),
        ("Content-Length: -1",),
        ("Content-Length: +2",),
        ("Content-Length: 0x2",),
        ("Transfer-Encoding: chunked", "Content-Length: 2"),
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding : chunked",),
        ("Bad Header: 1",),
        ("No-Colon",),
        ("Folded: 1\r\n\x00 2",),
    ],
)
def test_a_body_whose_length_is_not_clear_is_refused(server: Serving, headers: tuple[str, ...]) -> None:
    smuggled = head(server, "GET /healthz HTTP/1.1")
    reply = exchange(server, head(server, RUN, TOKEN, JSON, *headers) + b"{}" + smuggled)
    assert reply.status in (400, 501)
    assert b"HTTP/1.1 200" not in reply.body


def test_a_chunked_body_of_http_1_0_is_refused(server: Serving) -> None:
    smuggled = head(server, "GET /healthz HTTP/1.1")
    call = head(server, "POST /v1/run HTTP/1.0", TOKEN, JSON, "Transfer-Encoding: chunked", "Connection: keep-alive")
    reply = exchange(server, call + b"0\r\n\r\n" + smuggled)
    assert (reply.status, reply.reason) == (400, "framing")
    assert b"HTTP/1.1 200" not in reply.body


@pytest.mark.parametrize(
    "line",
    [
        "GET / HTTP/2.0",
        "GET /",
        "GET  / HTTP/1.1",
        "get / HTTP/1.1",
        "GET /\x00 HTTP/1.1",
        "\x16\x03\x01\x02\x00\x01",
        "GET / HTTP/1.1 HTTP/1.1",
    ],
)
def test_what_is_not_http_1_is_refused(server: Serving, line: str) -> None:
    reply = exchange(server, head(server, line, CLOSE))
    assert reply.status == 400
    assert reply.reason in ("version", "not_http", "target")


@pytest.mark.parametrize(
    "target",
    [
        "http://evil.example/v1/run",
        "http://127.0.0.1/healthz",
        "*",
        "evil.example:443",
        "/healthz#part",
        "/healthz?q=\xe4",
        "/h\xe4",
    ],
)
def test_a_target_that_is_not_a_path_is_refused(server: Serving, target: str) -> None:
    reply = exchange(server, head(server, f"GET {target} HTTP/1.1", TOKEN, CLOSE))
    assert reply.status == 400
    assert reply.reason in ("target", "not_http")


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "OPTIONS", "PROPFIND", "X"])
def test_other_methods_are_refused(server: Serving, method: str) -> None:
    reply = exchange(server, head(server, f"{method} /v1/run HTTP/1.1", TOKEN, CLOSE))
    assert (reply.status, reply.reason) == (405, "method")
    assert EVERYTHING.encode() not in reply.body


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/run", "POST"),
        ("/v1/quota", "GET, HEAD"),
        ("/healthz", "GET, HEAD"),
        ("/metrics", "GET, HEAD"),
        ("/api/v3/files/x", "GET, HEAD, POST, DELETE, PATCH, PUT"),
        ("/vtapi/v2/file/report", "GET, HEAD, POST, DELETE, PATCH, PUT"),
    ],
)
def test_a_refused_method_is_told_the_allowed_ones(server: Serving, path: str, allowed: str) -> None:
    reply = exchange(server, head(server, f"OPTIONS {path} HTTP/1.1", CLOSE))
    assert (reply.status, reply.headers["allow"]) == (405, allowed.lower())


@pytest.mark.parametrize(
    "header",
    ["Origin: http://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"],
)
def test_a_call_from_a_web_page_is_refused_without_cors_headers(server: Serving, header: str) -> None:
    reply = exchange(server, head(server, RUN, TOKEN, JSON, "Content-Length: 2", header, CLOSE) + b"{}")
    assert (reply.status, reply.reason) == (403, "cross_site")
    assert not [name for name in reply.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "header",
    [
        "Via: 1.1 a",
        "Forwarded: for=1.2.3.4",
        "X-Forwarded-For: 1.2.3.4",
        "X-Forwarded-Port: 443",
        "X-Real-IP: 1",
        "True-Client-IP: 1.2.3.4",
        "CF-Connecting-IP: 1.2.3.4",
    ],
)
def test_a_forwarded_call_is_refused(server: Serving, header: str) -> None:
    reply = exchange(server, head(server, RUN, TOKEN, JSON, "Content-Length: 2", header, CLOSE) + b"{}")
    assert (reply.status, reply.reason) == (403, "forwarded")


def test_ten_thousand_headers_are_refused(server: Serving) -> None:
    different = head(server, "GET /healthz HTTP/1.1", *(f"a{number}: 1" for number in range(10_000)))
    assert exchange(server, different).status == 431
    assert exchange(server, head(server, "GET /healthz HTTP/1.1", *["a: 1"] * 10_000)).status == 431
    reply = exchange(server, head(server, "GET /healthz HTTP/1.1", *["a: 1"] * 100, CLOSE))
    assert (reply.status, reply.reason) == (431, "too_many_headers")


def test_large_headers_and_targets_are_refused(server: Serving) -> None:
    assert exchange(server, head(server, "GET /healthz HTTP/1.1", f"a: {'b' * 40_000}")).status == 431
    assert exchange(server, head(server, f"GET /{'a' * 9000} HTTP/1.1", CLOSE)).status == 414
    # Without an end.
    assert exchange(server, b"GET /healthz HTTP/1.1\r\na: " + b"b" * 40_000).status == 431


def test_the_target_may_have_the_form_that_clients_use(server: Serving) -> None:
    for host in (host_of(server), host_of(server).replace("127.0.0.1", "127.0.0.1.")):
        assert exchange(server, head(server, "GET /healthz HTTP/1.1", CLOSE, host=host)).status == 200


def test_two_gigabytes_that_are_announced_are_refused_before_they_are_sent(server: Serving) -> None:
    for line in (RUN, UPLOAD):
        assert exchange(server, head(server, line, TOKEN, "Content-Length: 2147483648")).status == 413


def test_a_body_in_chunks_is_refused_when_it_becomes_too_large(server: Serving) -> None:
    chunk = b"100000\r\n" + b"a" * 0x100000 + b"\r\n"
    reply = exchange(server, head(server, RUN, TOKEN, JSON, "Transfer-Encoding: chunked") + chunk * 3)
    assert (reply.status, reply.reason) == (413, "too_large")


@pytest.mark.parametrize("announced", ["Content-Length: 30000000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize(("token", "status"), [("", 401), ("x-apikey: wrong", 401), (READERS_TOKEN, 403)])
def test_an_upload_needs_a_token_that_may_submit_before_its_body(
    server: Serving, announced: str, token: str, status: int
) -> None:
    # The reply comes although no byte of the body was sent.
    assert exchange(server, head(server, UPLOAD, *([token] if token else []), announced)).status == status


def test_a_client_that_expects_a_go_ahead_gets_the_refusal_instead(server: Serving) -> None:
    expect = ("Expect: 100-continue", "Content-Length: 10")
    for token, status in (("x-apikey: wrong", 401), (READERS_TOKEN, 403)):
        with connection(server) as client:
            client.sendall(head(server, UPLOAD, token, *expect))
            received = read_all(client)
        assert received.startswith(b"HTTP/1.1 %d " % status)
        assert b"100 Continue" not in received


def test_a_client_that_expects_a_go_ahead_gets_it_if_its_token_is_right(server: Serving) -> None:
    with connection(server) as client:
        client.sendall(head(server, RUN, TOKEN, JSON, "Expect: 100-continue", "Content-Length: 2", CLOSE))
        assert client.recv(100).startswith(b"HTTP/1.1 100 Continue")
        client.sendall(b"{}")
        assert read_reply(client).status == 200


def test_a_client_can_read_the_refusal_although_it_is_still_sending(server: Serving) -> None:
    body = b"a" * (8 * 1024 * 1024)
    reply = exchange(server, head(server, RUN, TOKEN, JSON, f"Content-Length: {len(body)}") + body)
    assert (reply.status, reply.reason) == (413, "too_large")


def test_the_body_of_a_v2_upload_may_name_the_token_and_is_limited_until_then(server: Serving) -> None:
    line = "POST /vtapi/v2/file/scan HTTP/1.1"
    reply = exchange(server, head(server, line, f"Content-Length: {40 * 1024 * 1024}"))
    assert reply.status == 413
    wrong = exchange(server, head(server, "POST /vtapi/v2/file/scan?apikey=wrong HTTP/1.1", "Content-Length: 2000000"))
    assert wrong.status in (401, 403)


def test_a_reply_to_head_has_no_body(server: Serving) -> None:
    with connection(server) as client:
        client.sendall(head(server, "HEAD /healthz HTTP/1.1") + head(server, "GET /healthz HTTP/1.1", CLOSE))
        received = read_all(client)
    first, second = received.split(b"\r\n\r\n")[:2]
    assert second.startswith(b"HTTP/1.1 200")
    assert b"Content-Length: 16" in first


def test_more_connections_than_allowed_wait_until_one_ends(tmp_path: Path) -> None:
    with serving(tmp_path, limits=LIMITS._replace(connections=5, sweep_s=0.1)) as server:
        # Each has begun a call, so none of them is idle.
        held: list[socket.socket] = []
        for _ in range(5):
            held.append(connection(server))
            held[-1].sendall(b"GET /healthz HTTP/1.1\r\n")
        with connection(server) as one_more:
            one_more.sendall(head(server, "GET /healthz HTTP/1.1", CLOSE))
            held.pop().close()
            assert read_reply(one_more).status == 200
        for client in held:
            client.close()


def test_idle_connections_give_way_to_new_ones(tmp_path: Path) -> None:
    with serving(tmp_path, limits=LIMITS._replace(connections=5, sweep_s=0.1)) as server:
        held = [connection(server) for _ in range(5)]
        assert server.call("GET", "/healthz", None).status_code == 200
        for client in held:
            client.close()


@pytest.mark.parametrize(
    ("begin", "message"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", "plain HTTP"),
        (b"GET /healthz HTTP/1.1\nHost: ", "carriage return"),
        (b"\x00\x01\x02", "method"),
        (b"{", "method"),
    ],
)
def test_what_can_never_become_a_call_is_refused_without_waiting_for_more(
    server: Serving, begin: bytes, message: str
) -> None:
    reply = exchange(server, begin)
    assert (reply.status, reply.reason) == (400, "not_http")
    assert message in reply.body.decode()


def test_connections_without_a_whole_call_give_way_to_new_ones(tmp_path: Path) -> None:
    few = LIMITS._replace(connections=2, sweep_s=0.1)
    with serving(tmp_path, limits=few) as server, connection(server) as first, connection(server) as second:
        for client in (first, second):
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: ")
        assert exchange(server, head(server, "GET /healthz HTTP/1.1", CLOSE)).status == 200
