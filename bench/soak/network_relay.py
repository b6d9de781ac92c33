"""A connection that breaks at any point, also with TLS, whose bytes cannot be scripted."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from types import TracebackType


class Relay:
    """Passes everything on to `port`, and resets both sides when `most` bytes have come back from there."""

    def __init__(self, port: int, most: int) -> None:
        self._port = port
        self._most = most
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Relay:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._port))
            threading.Thread(target=_pass_on, args=(near, far, None), daemon=True).start()
            threading.Thread(target=_pass_on, args=(far, near, self._most), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, most: int | None) -> None:
    with contextlib.suppress(OSError):
        while most is None or most > 0:
            data = source.recv(65536 if most is None else most)
            if not data:
                break
            target.sendall(data)
            most = None if most is None else most - len(data)
    if most is not None:
        for end in (source, target):
            _break_off(end)


def _break_off(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.shutdown(socket.SHUT_RD)
    end.close()
