"""HTTP with `requests`: one session per thread, TLS always verified, sizes and times bounded."""

from __future__ import annotations

import io
import ssl
import threading
import time
from typing import Callable

import requests
import urllib3
from urllib3.util.ssl_match_hostname import CertificateError

from ... import __version__
from ...api_key import ApiKey
from ...redaction import remember
from ...threads import ThreadResource, close_all
from .authentication import with_key
from .body import read_body, stream_body
from .multipart import MultipartBody
from .proxies import ProxySettings
from .total_timeout import SENDING, TotalTimeoutAdapter
from .transport import (
    CertificateRefused,
    ConnectionLost,
    HttpRequest,
    HttpResponse,
    NoAnswerInTime,
    NotSent,
    TransportFailure,
)

# The largest recorded response has 0.4 MB; responses to our calls are far smaller than this.
MAX_BODY_BYTES = 16 * 1024 * 1024
_LONGEST_CONNECT_S = 10.0
# VirusTotal processes a file before it responds, so the timeout grows with the file's size; so does that of a download.
_FILE_BYTES_A_S = 1_000_000

# App Engine compresses for user agents that contain `gzip` (https://github.com/VirusTotal/vt-py, vt/client.py).
USER_AGENT = f"vt-connectors/{__version__} (gzip)"
TOOL = f"org.vt-connectors.{__version__}"
# For other servers than VirusTotal. What is downloaded must arrive as it is, so it must not be compressed.
_FOREIGN_HEADERS = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
_HEADERS = {"User-Agent": USER_AGENT, "x-tool": TOOL, "Accept": "application/json", "Accept-Encoding": "gzip"}
# Failures before the request was sent.
_BEFORE_SENDING = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
)

# Invalid response headers are `ValueError`s too, but only an invalid URL comes before sending.
_NO_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    urllib3.exceptions.LocationValueError,
)

_NO_PROXY = "the proxy could not be used; see HTTPS_PROXY"
_TLS_HINT = "for your own CA set REQUESTS_CA_BUNDLE"
_NO_CERTIFICATE = f"the certificate of the server was not accepted; {_TLS_HINT}"


class _Body(io.BytesIO):
    """A request's body that records whether the connection has read from it."""

    taken = False

    def read(self, size: int | None = -1, /) -> bytes:
        self.taken = True
        return super().read(size)


class RequestsTransport:
    """Uses proxies and CA bundle of the environment like `requests`, but not for loopback."""

    def __init__(
        self,
        key: ApiKey,
        timeout_s: float,
        max_body_bytes: int = MAX_BODY_BYTES,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        # libraries log URLs, and some contain the key
        self._key = remember(key)
        self._timeout_s = timeout_s
        self._max_body_bytes = max_body_bytes
        self._monotonic = monotonic
        self._local = threading.local()
        self._opened: set[ThreadResource] = set()
        self._environment = ProxySettings()

    def send(self, request: HttpRequest) -> HttpResponse:
        keyed = with_key(request, self._key)
        headers = _FOREIGN_HEADERS if request.key == "none" else _HEADERS
        headers = {**headers, "Content-Type": keyed.content_type} if keyed.content_type else headers
        timeout_s = self._timeout_s + _most_bytes(request) / _FILE_BYTES_A_S
        deadline = self._monotonic() + timeout_s
        body = _Body(keyed.body) if isinstance(keyed.body, bytes) else keyed.body
        before = SENDING.set(request.sending)
        try:
            sent = requests.Request(request.method, keyed.url, headers, data=body, auth=keyed.auth).prepare()
            with self._session().send(
                sent,
                proxies=self._environment.proxies(request.url),
                verify=self._environment.verify(),
                timeout=(min(self._timeout_s, _LONGEST_CONNECT_S), timeout_s),
                allow_redirects=False,
                stream=True,
            ) as response:
                if request.upload:
                    deadline = self._monotonic() + self._timeout_s
                return self._read(response, request, deadline)
        except requests.exceptions.RequestException as error:
            raise _failure(error, body) from None
        except urllib3.exceptions.HTTPError as error:
            raise _failure(error, body) from None
        finally:
            SENDING.reset(before)

    def _read(self, response: requests.Response, request: HttpRequest, deadline: float) -> HttpResponse:
        names = {name.lower(): value for name, value in response.headers.items()}
        if request.download is not None and response.status_code == 200:
            broken = stream_body(response.raw, request.download, deadline, self._monotonic)
            return HttpResponse(200, names, b"", broken)
        content, broken = read_body(response.raw, self._max_body_bytes, deadline, self._monotonic)
        return HttpResponse(response.status_code, names, content, broken)

    def _session(self) -> requests.Session:
        known: _ThreadSession | None = getattr(self._local, "session", None)
        if known is None or not known.resource.is_ours:
            known = self._local.session = _ThreadSession(self._opened)
        return known.session

    def close(self) -> None:
        """Close the connections of all threads, and wait for those that end just now. Later requests connect again."""
        close_all(self._opened)
        self._local = threading.local()


def _most_bytes(request: HttpRequest) -> int:
    """How many bytes of a file are sent or received at most."""
    if request.upload is not None:
        return request.upload.size
    return request.download.most if request.download is not None else 0


class _Session(requests.Session):
    """Leaves redirects to the client: even without following, `requests` reads their body and fails on a bad URL."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


class _ThreadSession:
    """A thread's session, closed when the thread ends. It is among `opened` until then."""

    def __init__(self, opened: set[ThreadResource]) -> None:
        self.session = _new_session()
        self.resource = ThreadResource(self.session.close, opened)

    def __del__(self) -> None:
        self.resource.close()


def _new_session() -> requests.Session:
    session = _Session()
    session.trust_env = False  # `ProxySettings` reads the environment
    # Only the client retries: a second layer would use quota without a reservation.
    session.mount("https://", TotalTimeoutAdapter())
    session.mount("http://", TotalTimeoutAdapter())
    return session


def _failure(error: Exception, body: _Body | MultipartBody | None) -> TransportFailure:
    """The meaning of a failure for the request. Messages are our own, because those of libraries contain URLs."""
    failure = _meaning(error)
    if isinstance(failure, NotSent) or body is None or body.taken:
        return failure
    return NotSent(str(failure))


def _meaning(error: Exception) -> TransportFailure:
    cause = _root(error)
    if isinstance(error, _NO_ADDRESS):
        return NotSent("an address is not valid; check HTTPS_PROXY for the proxy's, and VT_API_URL for the server's")
    if isinstance(cause, urllib3.exceptions.SSLError):
        # Other TLS failures can occur before or after the request.
        return (
            CertificateRefused(_NO_CERTIFICATE)
            if _is_of_certificate(cause)
            else ConnectionLost(f"TLS failed; {_TLS_HINT}")
        )
    if isinstance(cause, _BEFORE_SENDING):
        return NotSent(_before_sending(cause))
    if isinstance(error, (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)):
        return NoAnswerInTime("no response came in time")
    return ConnectionLost(f"the connection broke ({type(cause).__name__})")


def _root(error: BaseException) -> BaseException:
    """urllib3's original error inside the wrappers of both libraries."""
    for _ in range(5):
        inner = getattr(error, "reason", None) or (error.args[0] if error.args else None)
        if isinstance(error, (*_BEFORE_SENDING, urllib3.exceptions.SSLError)) or not isinstance(inner, BaseException):
            return error
        error = inner
    return error


def _is_of_certificate(error: urllib3.exceptions.SSLError) -> bool:
    inner = error.args[0] if error.args else None
    return isinstance(inner, (ssl.SSLCertVerificationError, CertificateError))


def _before_sending(cause: BaseException) -> str:
    if isinstance(cause, urllib3.exceptions.ProxyError):
        return _NO_PROXY
    # NewConnectionError is a subclass of the timeout's error.
    slow = not isinstance(cause, urllib3.exceptions.NewConnectionError)
    return "no connection could be made" + (" in time" if slow else "")
