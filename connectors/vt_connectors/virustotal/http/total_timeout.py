"""Connections with a timeout for the whole response, because a socket's timeout restarts with every byte."""

from __future__ import annotations

import http.client
import io
import socket
import time
from contextvars import ContextVar
from typing import Any, Callable

import requests.adapters
import urllib3
from urllib3.util.ssl_match_hostname import CertificateError


def _do_nothing() -> None:
    return None


# Called before each piece of a request that this context sends. An exception ends the request.
SENDING: ContextVar[Callable[[], None]] = ContextVar("SENDING", default=_do_nothing)


class _InTime(io.RawIOBase):
    """Reads from `raw` on `sock`, with the socket's initial timeout as the limit for all reads together."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        timeout_s = sock.gettimeout()
        self._deadline = None if timeout_s is None else time.monotonic() + timeout_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        if self._deadline is not None:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise socket.timeout("the response came too slowly")
            self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_InTime(self.fp.detach(), sock))


class _Announced:
    """A connection that calls the function in `SENDING` just before the first byte of a request.

    Connecting may take seconds, and the process may be suspended meanwhile.
    """

    _is_connecting = False

    def connect(self) -> None:
        self._is_connecting = True
        try:
            super().connect()  # type: ignore[misc]  # of the connection that this is mixed into
        finally:
            self._is_connecting = False

    def send(self, data: Any) -> None:
        # Data sent while connecting is for a proxy.
        if not self._is_connecting:
            if self.sock is None:  # type: ignore[attr-defined]  # as above
                self.connect()
            SENDING.get()()
        super().send(data)  # type: ignore[misc]  # as above


class _Connection(_Announced, urllib3.connection.HTTPConnection):
    response_class = _Response


class _SecureConnection(_Announced, urllib3.connection.HTTPSConnection):
    response_class = _Response

    def connect(self) -> None:
        super().connect()
        # urllib3 1.26 would accept the common name of a certificate without names, against RFC 9525.
        secured: Any = self.sock
        certificate = secured.getpeercert()
        if certificate is not None and not certificate.get("subjectAltName"):
            raise CertificateError("the certificate has no subjectAltName")


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class TotalTimeoutAdapter(requests.adapters.HTTPAdapter):
    """The adapter of `requests` with such connections, also through a proxy. It does not retry."""

    def __init__(self) -> None:
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _with_our_pools(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        return _with_our_pools(super().proxy_manager_for(*args, **kwargs))


def _with_our_pools(manager: Any) -> Any:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return manager
