"""Clients that send or read too slowly are disconnected; those that are only a little slow are answered."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vt_connectors.adapters.http.connections import Pace

from .raw import connection, head, read_all, read_reply
from .serving import EVERYTHING, LIMITS, Serving, serving

RUN = "POST /v1/run HTTP/1.1"
TOKEN = f"Authorization: Bearer {EVERYTHING}"
JSON = "Content-Type: application/json"
FAST = Pace(idle_s=0.5, head_s=0.5, body_s=0.5, body_bytes_per_s=1e6)
_BETWEEN_S = 0.05


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("served"), limits=LIMITS._replace(pace=FAST, sweep_s=0.1)) as started:
        yield started


def trickle(client: socket.socket, data: bytes) -> bytes:
    """Send `data` byte by byte, again and again, until the server ends the connection; what it sent."""
    ended = threading.Event()

    def send() -> None:
        while not ended.is_set():
            try:
                client.sendall(data[:1])
            except OSError:
                return
            time.sleep(_BETWEEN_S)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        return read_all(client)
    finally:
        ended.set()
        sender.join()


def test_a_client_that_sends_nothing_is_disconnected(server: Serving) -> None:
    with connection(server) as client:
        assert read_all(client) == b""


def test_a_client_that_sends_its_headers_byte_by_byte_is_disconnected(server: Serving) -> None:
    with connection(server) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
        assert trickle(client, b"a") == b""


def test_a_client_that_sends_its_body_byte_by_byte_is_disconnected(server: Serving) -> None:
    with connection(server) as client:
        client.sendall(head(server, RUN, TOKEN, JSON, "Content-Length: 100000"))
        assert trickle(client, b"a") == b""


def test_a_client_that_sends_chunks_byte_by_byte_is_disconnected(server: Serving) -> None:
    with connection(server) as client:
        client.sendall(head(server, RUN, TOKEN, JSON, "Transfer-Encoding: chunked") + b"100000\r\n")
        assert trickle(client, b"a") == b""


def test_a_client_that_keeps_its_connection_is_disconnected_when_it_is_idle(server: Serving) -> None:
    with connection(server) as client:
        client.sendall(head(server, "GET /healthz HTTP/1.1"))
        assert read_reply(client).status == 200


def test_a_client_that_sends_in_pieces_is_answered(tmp_path: Path) -> None:
    with serving(tmp_path, limits=LIMITS._replace(sweep_s=0.05)) as server, connection(server) as client:
        for byte in head(server, RUN, TOKEN, JSON, "Content-Length: 2", "Connection: close") + b"{}":
            client.sendall(bytes((byte,)))
        assert read_reply(client).status == 200
