"""A TLS server in front of the sandbox that stops clients in the middle of their handshake."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from pathlib import Path

import trustme


class HeldHandshakes:
    """`ca`: the file with the CA of its certificate."""

    def __init__(self, server: str, place: Path) -> None:
        """`server`: the sandbox's address."""
        self._port = int(server.rpartition(":")[2])
        authority = trustme.CA()
        self.ca = place / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(self._context)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        self._holds = False
        self._held = threading.Event()
        self._released = threading.Event()

    def hold(self) -> None:
        """The next client waits in its handshake until `release`."""
        self._held.clear()
        self._released.clear()
        self._holds = True

    def until_held(self) -> None:
        assert self._held.wait(30), "no client came"
        # The client has sent its hello and waits for ours.
        time.sleep(0.2)

    def hold_no_more(self) -> None:
        self._holds = False

    def release(self) -> None:
        self._released.set()

    def __enter__(self) -> HeldHandshakes:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client, self._holds), daemon=True).start()

    def _serve(self, client: socket.socket, is_held: bool) -> None:
        if is_held:
            self._held.set()
            self._released.wait(60)
        with contextlib.suppress(OSError), self._context.wrap_socket(client, server_side=True) as secured:
            while request := _request(secured):
                with socket.create_connection(("127.0.0.1", self._port)) as server:
                    server.sendall(request)
                    while piece := server.recv(65536):
                        secured.sendall(piece)


def _request(client: socket.socket) -> bytes:
    """One request without a body, changed so that the server closes the connection after it."""
    text = b""
    while b"\r\n\r\n" not in text:
        piece = client.recv(65536)
        if not piece:
            return b""
        text += piece
    return text.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n").replace(b"Connection: keep-alive\r\n", b"")
