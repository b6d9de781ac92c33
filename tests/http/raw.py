"""Bytes to the server as a client library would not send them, and the reply."""

from __future__ import annotations

import contextlib
import json
import socket
from typing import Any, NamedTuple

from .serving import Serving

_TIMEOUT_S = 60.0


class RawReply(NamedTuple):
    """`headers` in lower case. `body`: until the server closed the connection."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def reason(self) -> Any:
        """The code of a refusal by the server itself."""
        return json.loads(self.body)["error"]["code"]


def connection(server: Serving) -> socket.socket:
    """A connection that nothing was sent on."""
    host, port = server.url[len("http://") :].rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=_TIMEOUT_S)


def host_of(server: Serving) -> str:
    return server.url[len("http://") :]


def head(server: Serving, line: str, *headers: str, host: str | None = None) -> bytes:
    """The head of a call, with the right Host unless another is given; empty: none."""
    name = host_of(server) if host is None else host
    lines = [line, *([f"Host: {name}"] if name else []), *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def exchange(server: Serving, data: bytes) -> RawReply:
    """The reply to `data`. The connection is read to its end, so the call should ask to close it."""
    with connection(server) as client:
        # It may be refused before all was sent; the reply is there.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(data)
        return read_reply(client)


def read_all(client: socket.socket) -> bytes:
    """What comes until the server closes the connection."""
    pieces: list[bytes] = []
    while True:
        try:
            piece = client.recv(65536)
        except ConnectionResetError:
            break
        if not piece:
            break
        pieces.append(piece)
    return b"".join(pieces)


def read_reply(client: socket.socket) -> RawReply:
    """The first reply, and all that follows it as its body."""
    first, _, body = read_all(client).partition(b"\r\n\r\n")
    assert first, "the connection was closed without a reply"
    status, *lines = first.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return RawReply(int(status.split(" ")[1]), headers, body)
