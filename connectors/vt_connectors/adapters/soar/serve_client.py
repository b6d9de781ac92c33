"""A client of `vtaction serve` that needs only the standard library: requests as JSON lines to `/v1/batch`."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .exchange import WayIn, failed, may_write
from .outcome import BY_STATUS
from .server_address import checked_address, checked_token, verifying_context

# Kept back from the time that the platform allows, for the way of the answers.
_MARGIN_S = 5.0
_LARGEST_ERROR_BYTES, _LONGEST_TOLD = 65_536, 300
_LARGEST_LINE_BYTES = 64 * 1024 * 1024
_TEMPORARY = ("timeout", "unavailable", "rate_limited", "invalid_response")
# The server's limits for one call (docs/serve.md), and what `_in_time` may add to each request.
_LARGEST_CALL_BYTES, _MOST_REQUESTS = 1_048_576, 20_000
_ADDED_BYTES = 64
# Two classes before Python 3.10.
_TIMEOUTS = (TimeoutError, socket.timeout)
# Nothing was sent.
_NOT_CONNECTED = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)
# A reply without it is not the server's own.
_OWN_HEADER = "X-Vtaction-Request-Id"
_CODES = {401: "access_denied", 403: "forbidden", 413: "too_large", 429: "rate_limited"}


class _Failure(NamedTuple):
    """Why requests have no response. `was_sent`: the server may have executed them."""

    code: str
    message: str
    was_sent: bool

    def response_to(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if self.was_sent and may_write(request):
            message = f"{self.message}; the {request['action']} may have been done: check before you repeat it"
            return failed(request, "outcome_unknown", message, retryable=False)
        return failed(request, self.code, self.message, retryable=self.code in _TEMPORARY)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token goes to the configured address only."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class ServeClient(WayIn):
    """`address` is the server's, such as https://vt.example.com; `token` is this client's.

    Certificates are verified, by the system's list or REQUESTS_CA_BUNDLE's; proxies come from the environment.
    Raises `ValueError` if the address is not one of HTTP, or if token or certificates cannot be used. Its message has
    neither the token nor a password.
    """

    def __init__(self, address: str, token: str) -> None:
        self._address = checked_address(address.strip()).rstrip("/")
        self._token = checked_token(token.strip())
        handlers = (
            [urllib.request.HTTPSHandler(context=verifying_context())] if self._address[:5].lower() == "https" else []
        )
        self._opener = urllib.request.build_opener(_NoRedirect, *handlers)

    def answers(self, requests: Sequence[Mapping[str, Any]], within_s: float) -> list[dict[str, Any]]:
        """See `exchange.WayIn`. What is too large for one call takes several, one after the other."""
        until = time.monotonic() + within_s
        responses: list[dict[str, Any]] = []
        for part in _calls(requests):
            responses += self._answers(part, max(0.0, until - time.monotonic()))
        return responses

    def _answers(self, requests: Sequence[Mapping[str, Any]], within_s: float) -> list[dict[str, Any]]:
        if within_s <= 0:
            why = _Failure("timeout", "there was no time left to ask for it", was_sent=False)
            return [why.response_to(request) for request in requests]
        until = time.monotonic() + within_s
        responses: list[dict[str, Any]] = []
        try:
            with self._opener.open(self._call(requests, within_s), timeout=within_s) as reply, _cut_off(reply, until):
                for response in _read(reply, len(requests), until):
                    responses.append(response)
            message = f"the server at {self._address} ended its reply before the last response"
            why = _Failure("unavailable", message, was_sent=True)
        except urllib.error.HTTPError as error:
            why = _refusal(error, self._address)
        except OSError as error:
            why = _disconnection(error, self._address)
        except Exception as error:
            # Other texts than of a `ValueError` are what came from the other side, such as its status line.
            detail = str(error) if isinstance(error, ValueError) else type(error).__name__
            message = f"{self._address} does not answer as `vtaction serve` does ({detail})"
            why = _Failure("invalid_response", message, was_sent=True)
        if why.was_sent and time.monotonic() >= until:
            why = _Failure("timeout", f"the server at {self._address} did not answer in {within_s:g} s", was_sent=True)
        return responses + [why.response_to(request) for request in requests[len(responses) :]]

    def _call(self, requests: Sequence[Mapping[str, Any]], within_s: float) -> urllib.request.Request:
        lines = "".join(json.dumps(_in_time(request, within_s)) + "\n" for request in requests)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/x-ndjson"}
        return urllib.request.Request(f"{self._address}/v1/batch", lines.encode(), headers, method="POST")  # noqa: S310


def _calls(requests: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """The requests in as few calls as the server's limit allows. One that is too large itself has its own call, so that
    its refusal is no other's.
    """
    part: list[Mapping[str, Any]] = []
    size = 0
    for request in requests:
        more = len(json.dumps(request)) + _ADDED_BYTES
        if part and (size + more > _LARGEST_CALL_BYTES or len(part) == _MOST_REQUESTS):
            yield part
            part, size = [], 0
        part.append(request)
        size += more
    if part:
        yield part


def _in_time(request: Mapping[str, Any], within_s: float) -> dict[str, Any]:
    """The request, which waits for quota no longer than the platform waits for us."""
    options = dict(request.get("options") or {})
    most = max(0.0, within_s - _MARGIN_S)
    options["max_wait_s"] = min(options.get("max_wait_s", most), most)
    return {**request, "options": options}


@contextlib.contextmanager
def _cut_off(reply: Any, until: float) -> Iterator[None]:
    """End the connection at `until`: each read of a slow one may take the whole time again."""
    if reply.isclosed():
        yield
        return
    connection = socket.fromfd(reply.fileno(), socket.AF_INET, socket.SOCK_STREAM)

    def end() -> None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, until - time.monotonic()), end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        connection.close()


def _read(reply: Any, count: int, until: float) -> Iterator[dict[str, Any]]:
    for _ in range(count):
        line = reply.readline(_LARGEST_LINE_BYTES) if time.monotonic() < until else b""
        if not line:
            return
        response = json.loads(line)
        if not _is_response(response):
            raise ValueError("a line is not a response")
        yield response


def _is_response(found: Any) -> bool:
    """Whether it is one: another program may say {"status": "ok"} too, and a write would count as done."""
    if not isinstance(found, dict) or not isinstance(found.get("meta"), dict):
        return False
    error = found.get("error")
    if found.get("status") == "error":
        return isinstance(error, dict) and isinstance(error.get("code"), str) and "message" in error
    return found.get("status") in BY_STATUS and error is None and isinstance(found.get("data"), dict)


def _disconnection(error: OSError, address: str) -> _Failure:
    reason = getattr(error, "reason", error)
    code = "timeout" if isinstance(reason, _TIMEOUTS) else "unavailable"
    message = f"the server at {address} cannot be reached ({reason}); check its address, and that it is ready (/readyz)"
    return _Failure(code, message, was_sent=not isinstance(reason, _NOT_CONNECTED))


def _refusal(error: urllib.error.HTTPError, address: str) -> _Failure:
    """Of a call as a whole. The server itself then executed none of its requests; a proxy may have lost the reply."""
    try:
        told = str(json.loads(error.read(_LARGEST_ERROR_BYTES))["error"]["message"])[:_LONGEST_TOLD]
    except Exception:
        told = f"HTTP status {error.code}"
    told = "".join(letter if letter.isprintable() else "?" for letter in told)
    code = _CODES.get(error.code, "unavailable" if error.code >= 500 else "config_error")
    was_sent = error.code >= 500 and _OWN_HEADER not in error.headers
    return _Failure(code, f"the server at {address} refused the call: {told}", was_sent)
