"""HTTP by `requests`: one session a thread, TLS always verified, bodies bounded, time bounded."""

from __future__ import annotations

import os
import threading
import time
from typing import Callable
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from ..api_key import ApiKey
from ..version import __version__
from .origin import is_loopback
from .transport import ConnectionLost, HttpAnswer, HttpRequest, NoAnswerInTime, NotSent, TransportFailure

# The largest recorded answer is 0.4 MB; nothing VirusTotal sends for our calls comes near this.
MAX_BODY_BYTES = 16 * 1024 * 1024
_PIECE_BYTES = 65536
_LONGEST_CONNECT_S = 10.0

# App Engine compresses for agents that say `gzip` (https://github.com/VirusTotal/vt-py, vt/client.py).
USER_AGENT = f"vt-connectors/{__version__} (gzip)"
TOOL = f"org.vt-connectors.{__version__}"

# Failures in which the request cannot have left this machine.
_BEFORE_SENDING = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
    urllib3.exceptions.SSLError,
)


class _KeyHeader(AuthBase):
    """Adds the key, and by being there keeps `requests` from adding what a `.netrc` says."""

    def __init__(self, key: ApiKey) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["x-apikey"] = self._key.reveal()
        return request


class RequestsTransport:
    """Proxies and CA bundle come from the environment as `requests` reads them; not for loopback."""

    def __init__(
        self,
        key: ApiKey,
        timeout_s: float,
        max_body_bytes: int = MAX_BODY_BYTES,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._key = key
        self._timeout_s = timeout_s
        self._max_body_bytes = max_body_bytes
        self._monotonic = monotonic
        self._local = threading.local()

    def send(self, request: HttpRequest) -> HttpAnswer:
        headers = {"Content-Type": request.content_type} if request.content_type else {}
        deadline = self._monotonic() + self._timeout_s
        try:
            with self._session(request.url).request(
                request.method,
                request.url,
                data=request.body,
                headers=headers,
                auth=_KeyHeader(self._key),
                timeout=(min(self._timeout_s, _LONGEST_CONNECT_S), self._timeout_s),
                allow_redirects=False,
                stream=True,
            ) as response:
                body, broken = self._body(response.raw, deadline)
                names = {name.lower(): value for name, value in response.headers.items()}
                return HttpAnswer(response.status_code, names, body, broken)
        except requests.exceptions.RequestException as error:
            raise _failure(error) from None
        except urllib3.exceptions.HTTPError as error:
            raise _failure(error) from None

    def _body(self, raw: urllib3.HTTPResponse, deadline: float) -> tuple[bytes, str | None]:
        pieces: list[bytes] = []
        size = 0
        try:
            # `read1` gives what is there: a body that trickles in cannot outlive the deadline.
            while piece := raw.read1(_PIECE_BYTES, decode_content=True):
                pieces.append(piece)
                size += len(piece)
                if size > self._max_body_bytes:
                    return b"", f"its body is larger than {self._max_body_bytes} bytes"
                if self._monotonic() > deadline:
                    raise NoAnswerInTime("the answer came too slowly")
            return b"".join(pieces), None
        except urllib3.exceptions.DecodeError:
            return b"", "its body is not encoded as it says"

    def _session(self, url: str) -> requests.Session:
        known: tuple[int, requests.Session] | None = getattr(self._local, "session", None)
        if known is None or known[0] != os.getpid():
            known = (os.getpid(), _new_session(url))
            self._local.session = known
        return known[1]


def _new_session(url: str) -> requests.Session:
    session = requests.Session()
    session.headers.update({"User-Agent": USER_AGENT, "x-tool": TOOL, "Accept": "application/json"})
    session.headers["Accept-Encoding"] = "gzip"
    # Retries are the client's: a second layer would spend quota behind the limiter's back.
    session.mount("https://", HTTPAdapter(max_retries=0))
    session.mount("http://", HTTPAdapter(max_retries=0))
    session.trust_env = not is_loopback(urlsplit(url).hostname or "")
    return session


def _failure(error: Exception) -> TransportFailure:
    """What a failure means for the request. Messages are our own: the libraries' name URLs."""
    if isinstance(error, requests.exceptions.InvalidHeader):
        return NotSent("the request could not be written")
    cause = _root(error)
    if isinstance(cause, _BEFORE_SENDING):
        return NotSent(_before_sending(cause))
    if isinstance(error, (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)):
        return NoAnswerInTime("no answer came in time")
    return ConnectionLost(f"the connection broke ({type(cause).__name__})")


def _root(error: BaseException) -> BaseException:
    """urllib3's reason inside the wrappings of both libraries."""
    seen = 0
    while seen < 5:
        inner = getattr(error, "reason", None) or (error.args[0] if error.args else None)
        if not isinstance(inner, BaseException):
            return error
        if isinstance(error, _BEFORE_SENDING):
            return error
        error, seen = inner, seen + 1
    return error


def _before_sending(cause: BaseException) -> str:
    if isinstance(cause, urllib3.exceptions.SSLError):
        return "the certificate of the server was not accepted; for an own CA set REQUESTS_CA_BUNDLE"
    if isinstance(cause, urllib3.exceptions.ProxyError):
        return "the proxy could not be used; see HTTPS_PROXY"
    if isinstance(cause, urllib3.exceptions.ConnectTimeoutError):
        return "no connection could be made in time"
    return "no connection could be made"
