"""`vtaction serve --check`: asks a running server whether it is ready, for the health check of a container."""

from __future__ import annotations

import argparse
import socket
import sys

from ... import strict_json
from ...contract import FAILED, OK
from ...errors import ConfigError
from ..http.sockets import Address, address_of
from .serve_sockets import place_of, said_by

_TIMEOUT_S = 5.0
_MOST_BYTES = 16 * 1024


def check(options: argparse.Namespace) -> int:
    """Print one line. Returns the exit status: 0 if the server runs and is ready, else 1. Raises `ConfigError`."""
    address = None if options.unix is not None else _reachable(address_of(place_of(options)))
    try:
        reasons = [_reason_at(path, address, place_of(options)) for path in ("/healthz", "/readyz")]
    except OSError as error:
        step = "start the server, or give the --listen or --unix that it has"
        return _told(f"no answer from {place_of(options)}: {said_by(error)}; {step}", FAILED)
    except ValueError as error:
        return _told(f"no answer of vtaction serve from {place_of(options)}: {error}", FAILED)
    failed = [reason for reason in reasons if reason]
    return _told(f"not ready: {failed[0]}", FAILED) if failed else _told("ready", OK)


def _reason_at(path: str, address: Address | None, socket_file: str) -> str:
    """Why the server is not ready; empty if it is. Raises `ValueError` for anything but a reply of our server."""
    with _connected(address, socket_file) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {address or 'localhost'}\r\nConnection: close\r\n\r\n".encode()
        )
        head, _, body = _received(connection).partition(b"\r\n\r\n")
    version, status, *_ = [*head.split(b"\r\n")[0].decode("latin-1").split(" "), "", ""]
    if not version.startswith("HTTP/1.") or not status.isdigit():
        raise ValueError("this is not an HTTP server")
    document = strict_json.loads(body.decode("utf-8"))
    if status == "200":
        return ""
    reason = document.get("reason") if isinstance(document, dict) else None
    return str(reason or f"HTTP status {status}")[:40]


def _connected(address: Address | None, socket_file: str) -> socket.socket:
    if address is not None:
        return socket.create_connection(address, timeout=_TIMEOUT_S)
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(_TIMEOUT_S)
        connection.connect(socket_file)
    except OSError:
        connection.close()
        raise
    return connection


def _received(connection: socket.socket) -> bytes:
    received = b""
    while len(received) < _MOST_BYTES and (piece := connection.recv(_MOST_BYTES)):
        received += piece
    return received


def _reachable(address: Address) -> Address:
    if address.port == 0:
        raise ConfigError("--check needs the port of the running server: --listen HOST:PORT")
    if not address.is_any:
        return address
    return address._replace(host="::1" if ":" in address.host else "127.0.0.1")


def _told(text: str, status: int) -> int:
    sys.stdout.write(text + "\n")
    return status
