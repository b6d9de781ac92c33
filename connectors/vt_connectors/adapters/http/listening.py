"""The server library, waitress: sockets, limits of connections, threads, and an orderly end."""

from __future__ import annotations

import socket
import threading
from typing import Any, NamedTuple

import waitress.server

from .application import Application

THREADS = 64
_CONNECTIONS = 100
_HEADER_BYTES = 32 * 1024
# Slow clients are disconnected after this time without a byte.
_IDLE_S, _LOOK_FOR_IDLE_S = 30, 5
_LOOK_S = 0.5


class Limits(NamedTuple):
    """`body_bytes`: of the largest body."""

    threads: int = THREADS
    connections: int = _CONNECTIONS
    body_bytes: int = 1024 * 1024


class Listener:
    """Serves on one listening socket, in a thread of its own from `start` on."""

    def __init__(self, listening: socket.socket, application: Application, limits: Limits) -> None:
        self._map: dict[int, Any] = {}
        self._server: Any = waitress.server.create_server(
            application,
            map=self._map,
            sockets=[listening],
            threads=limits.threads,
            connection_limit=limits.connections,
            channel_timeout=_IDLE_S,
            cleanup_interval=_LOOK_FOR_IDLE_S,
            max_request_header_size=_HEADER_BYTES,
            max_request_body_size=limits.body_bytes + 1,
            ident=None,
            # They are refused instead: see `defence`.
            clear_untrusted_proxy_headers=False,
            log_socket_errors=False,
            asyncore_use_poll=True,
        )
        self._is_stopped = False
        self._thread = threading.Thread(target=self._serve, name="vt-listener", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def is_serving(self) -> bool:
        return self._thread.is_alive()

    def _serve(self) -> None:
        while not self._is_stopped and self._map:
            self._server.asyncore.loop(timeout=_LOOK_S, use_poll=True, map=self._map, count=1)

    def stop(self, within_s: float) -> None:
        """Accept no more connections, finish the calls in progress, and close."""
        self._server.accepting = False
        self._server.task_dispatcher.shutdown(timeout=within_s)
        self._is_stopped = True
        self._server.pull_trigger()
        self._thread.join(_LOOK_S * 2)
        self._server.close()


def tcp_socket(host: str, port: int) -> socket.socket:
    """A socket bound to the address. Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    return listening
