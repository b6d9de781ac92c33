"""`vtaction serve --check`: asks a running server whether it is ready, for the health check of a container."""

from __future__ import annotations

import argparse
import http.client
import socket
import sys

from ... import strict_json
from ...contract import FAILED, OK
from ...errors import ConfigError
from ..http.sockets import Address, address_of
from .serve_sockets import place_of

_TIMEOUT_S = 5.0
_MOST_BYTES = 4096


def check(options: argparse.Namespace) -> int:
    """Print one line. Returns the exit status: 0 if the server runs and is ready, else 1. Raises `ConfigError`."""
    place = place_of(options)
    try:
        reasons = [_reason_at(path, options) for path in ("/healthz", "/readyz")]
    except (OSError, http.client.HTTPException, ValueError) as error:
        return _told(f"no answer from {place}: {str(error) or type(error).__name__}", FAILED)
    failed = [reason for reason in reasons if reason]
    return _told(f"not ready: {failed[0]}", FAILED) if failed else _told("ready", OK)


def _reason_at(path: str, options: argparse.Namespace) -> str:
    """Why the server is not ready; empty if it is."""
    connection = _Connection(options)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        body = strict_json.loads(reply.read(_MOST_BYTES).decode("utf-8"))
    finally:
        connection.close()
    return "" if reply.status == 200 else str(body.get("reason") or f"HTTP status {reply.status}")[:40]


class _Connection(http.client.HTTPConnection):
    def __init__(self, options: argparse.Namespace) -> None:
        """Raises `ConfigError`."""
        self._path = options.unix
        address = Address("localhost", 80) if options.unix else _reachable(address_of(place_of(options)))
        super().__init__(address.host, address.port, timeout=_TIMEOUT_S)

    def connect(self) -> None:
        if self._path is None:
            super().connect()
            return
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_TIMEOUT_S)
        self.sock.connect(self._path)


def _reachable(address: Address) -> Address:
    if address.port == 0:
        raise ConfigError("--check needs the port of the running server: --listen HOST:PORT")
    if not address.is_any:
        return address
    return address._replace(host="::1" if ":" in address.host else "127.0.0.1")


def _told(text: str, status: int) -> int:
    sys.stdout.write(text + "\n")
    return status
