"""A real HTTP server on loopback with scripted responses, which can also break the protocol.

    with ScriptedServer() as server:
        server.script(reset(), answer(200, b"{}"))

Each request uses the next step; the last step is repeated. `received` has the requests.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Callable

_TLS_HELLO = b"\x16"
# One of VirusTotal's codes for each status: https://docs.virustotal.com/reference/errors
OWN_ERRORS = {
    400: "InvalidArgumentError",
    401: "WrongCredentialsError",
    403: "ForbiddenError",
    404: "NotFoundError",
    409: "AlreadyExistsError",
    424: "FailedDependencyError",
    429: "QuotaExceededError",
    503: "TransientError",
    504: "DeadlineExceededError",
}


@dataclass(frozen=True)
class Received:
    """One request as it arrived. Header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Wire:
    """The connection for a step. `over` is set when the server ends, so that no step waits longer."""

    socket: socket.socket
    over: threading.Event

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)


Step = Callable[[Wire], None]


def answer(
    status: int, body: bytes = b"", headers: Mapping[str, str] | None = None, *, length: int | None = None
) -> Step:
    """A complete response; `length` is a wrong Content-Length to send."""
    return lambda wire: wire.send(head(status, headers or {}, len(body) if length is None else length) + body)


def json_answer(status: int, document: Any, headers: Mapping[str, str] | None = None) -> Step:
    return answer(status, json.dumps(document).encode(), {"Content-Type": "application/json", **(headers or {})})


def own_error(status: int, headers: Mapping[str, str] | None = None) -> Step:
    """VirusTotal's own error with that status."""
    return json_answer(status, {"error": {"code": OWN_ERRORS[status], "message": "words"}}, headers)


def head(status: int, headers: Mapping[str, str], length: int | None) -> bytes:
    lines = [
        f"HTTP/1.1 {status} Scripted",
        "Connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    if length is not None and status != 204:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def reset(after: bytes = b"") -> Step:
    """Send `after`, then reset the connection."""

    def step(wire: Wire) -> None:
        wire.send(after)
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return step


def hang_up(after: bytes = b"") -> Step:
    """Send `after`, then close the connection normally."""
    return lambda wire: wire.send(after)


def stall(after: bytes = b"") -> Step:
    """Send `after`, then nothing more."""

    def step(wire: Wire) -> None:
        wire.send(after)
        wire.over.wait(30)

    return step


def trickle(start: bytes, piece: bytes, every_s: float = 0.02) -> Step:
    """Send `start`, then `piece` repeatedly until the client closes the connection."""

    def step(wire: Wire) -> None:
        wire.send(start)
        while not wire.over.wait(every_s):
            wire.send(piece)

    return step


@dataclass
class ScriptedServer:
    """`tls`: the server's context for https."""

    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    received: list[Received] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._steps: list[Step] = [answer(599)]
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._listener = socket.create_server((self.host, 0))
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    def script(self, *steps: Step) -> None:
        with self._lock:
            self._steps = list(steps)

    def wait_for(self, count: int) -> list[Received]:
        """Wait for `count` requests, complete or not, and return them."""
        until = time.monotonic() + 60
        while len(self.received) < count and time.monotonic() < until:
            time.sleep(0.01)
        return self.received[:count]

    def __enter__(self) -> ScriptedServer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            # After `close` alone, a waiting `accept` would take one more connection.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            wire = self.tls.wrap_socket(connection, server_side=True) if self.tls else connection
        except OSError:
            connection.close()
            return
        with wire:
            try:
                received = _read(wire)
                if received is not None:
                    self._next_step(received)(Wire(wire, self._over))
            except OSError:
                pass  # the client closed the connection

    def _next_step(self, received: Received) -> Step:
        with self._lock:
            self.received.append(received)
            return self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]


def _read(connection: socket.socket) -> Received | None:
    with connection.makefile("rb") as stream:
        if stream.peek(1)[:1] == _TLS_HELLO:
            return None
        first = stream.readline().decode("latin-1").split()
        if len(first) != 3:
            return None
        headers = _headers(stream.readline)
        body = stream.read(int(headers.get("content-length", "0")))
        return Received(first[0], first[1], headers, body)


def _headers(readline: Callable[[], bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    while line := readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers


def targets(received: Sequence[Received]) -> list[str]:
    return [request.target for request in received]
