"""HTTP/1.1 with keep-alive around the app."""

from __future__ import annotations

import contextlib
import math
import socket
import socketserver
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable

from vt_connectors import __version__

from ..app import SandboxApp
from .framing import Body, FramingError, body_of, drain
from .messages import Request, Response, compressed, html_response

_DRAIN_LIMIT = 1024 * 1024
_LINGER_LIMIT = 128 * 1024 * 1024
_LINGER_S = 2.0
_PIECES = 50  # of a slow body
_BODILESS = (204, 304)


class _Handler(BaseHTTPRequestHandler):
    server: HttpServer
    protocol_version = "HTTP/1.1"
    server_version = f"vt-sandbox/{__version__}"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = 65536  # headers and body leave in one piece
    timeout = 75  # seconds until an idle connection is closed

    def serve(self) -> None:
        """Answer one request."""
        try:
            body = body_of(self.headers, self.rfile)  # type: ignore[arg-type]
        except FramingError:
            self.close_connection = True
            self._send(html_response(400, "Bad Request"))
            return
        request = Request.parse(self.command, self.path, self.headers.items(), body)
        visit = self.server.app.arrive(request)
        self.server.sleep(self.server.latency_s())
        response = self.server.app.answer(request, visit)
        self._finish(compressed(response, self.headers.get("Accept-Encoding")), body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve  # noqa: N815

    def _finish(self, response: Response, body: Body) -> None:
        is_read = not response.close and drain(body, _DRAIN_LIMIT)
        self.close_connection = self.close_connection or not is_read
        self._send(response)
        if not is_read and response.fault != "reset":
            self._linger()

    def _send(self, response: Response) -> None:
        if response.fault == "reset":
            self._reset()
            return
        self._send_headers(response)
        content = b"" if response.status in _BODILESS else response.content
        if response.fault == "slow":
            self._trickle(content)
            return
        self.wfile.write(content[: len(content) // 2] if response.fault == "cut" else content)
        self.wfile.flush()

    def _send_headers(self, response: Response) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        if response.status not in _BODILESS:
            self.send_header("Content-Length", str(len(response.content)))
        for name, value in response.headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _trickle(self, content: bytes) -> None:
        size = max(1, math.ceil(len(content) / _PIECES))
        pieces = [content[place : place + size] for place in range(0, len(content), size)]
        for piece in pieces:
            self.wfile.write(piece)
            self.wfile.flush()
            self.server.sleep(self.server.slow_s / len(pieces))

    def _reset(self) -> None:
        """Reset the connection, so that the client gets no response."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _linger(self) -> None:
        # Closing with unread bytes resets the connection, and the client would never see the response.
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(_LINGER_S)
        left = _LINGER_LIMIT
        with contextlib.suppress(OSError):
            while left > 0:
                data = self.connection.recv(65536)
                if not data:
                    break
                left -= len(data)

    def handle_expect_100(self) -> bool:
        """Send 100 Continue at once, because the client waits for it."""
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing here, because the app has its own log."""


class HttpServer(ThreadingHTTPServer):
    """Listens on `host` and `port` from its creation; `app` must be set before it serves.

    `latency_s` returns the seconds before each response, `slow_s` is the duration of a slow body, `sleep` waits.
    """

    app: SandboxApp
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(
        self, host: str, port: int, latency_s: Callable[[], float], slow_s: float, sleep: Callable[[float], None]
    ) -> None:
        self.latency_s = latency_s
        self.slow_s = slow_s
        self.sleep = sleep
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind without a DNS lookup of the host's name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a new connection in a new thread."""
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close one connection."""
        with self._lock:
            self._connections.discard(request)
        with contextlib.suppress(OSError):  # `server_close` may have been there first
            super().shutdown_request(request)

    def server_close(self) -> None:
        """Close the port and every open connection."""
        super().server_close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that close the connection; print other errors to stderr."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, socket.timeout)):
            super().handle_error(request, client_address)
