"""A client of `vtaction serve` that needs only the standard library: requests as JSON lines to `/v1/batch`."""

from __future__ import annotations

import json
import os
import socket
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .exchange import WayIn, failed, may_write

# Kept back from the time that the platform allows, for the way of the answers.
_MARGIN_S = 5.0
_LARGEST_ERROR_BYTES = 65_536
_LARGEST_LINE_BYTES = 64 * 1024 * 1024
_TEMPORARY = ("timeout", "unavailable", "rate_limited", "invalid_response")
# The server's limits for one call (docs/serve.md), and what `_in_time` may add to each request.
_LARGEST_CALL_BYTES, _MOST_REQUESTS = 1_048_576, 20_000
_ADDED_BYTES = 64
# Two classes before Python 3.10.
_TIMEOUTS = (TimeoutError, socket.timeout)
# Nothing was sent.
_NOT_CONNECTED = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)
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
    Raises `ValueError` if the address is not one of HTTP.
    """

    def __init__(self, address: str, token: str) -> None:
        parts = urllib.parse.urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"the server's address must begin with http:// or https://, not {address!r}")
        self._address = address.rstrip("/")
        self._token = token
        context = ssl.create_default_context(cafile=os.environ.get("REQUESTS_CA_BUNDLE") or None)
        self._opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=context))

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
            with self._opener.open(self._call(requests, within_s), timeout=within_s) as reply:
                for response in _read(reply, len(requests), until):
                    responses.append(response)
            why = _Failure("timeout", f"the server at {self._address} did not answer in {within_s:g} s", was_sent=True)
        except urllib.error.HTTPError as error:
            why = _refusal(error, self._address)
        except OSError as error:
            why = _disconnection(error, self._address)
        except ValueError as error:
            message = f"{self._address} does not answer as `vtaction serve` does ({error})"
            why = _Failure("invalid_response", message, was_sent=True)
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


def _read(reply: Any, count: int, until: float) -> Iterator[dict[str, Any]]:
    for _ in range(count):
        line = reply.readline(_LARGEST_LINE_BYTES) if time.monotonic() < until else b""
        if not line:
            return
        response = json.loads(line)
        if not isinstance(response, dict) or "status" not in response:
            raise ValueError("a line is not a response")
        yield response


def _disconnection(error: OSError, address: str) -> _Failure:
    reason = getattr(error, "reason", error)
    code = "timeout" if isinstance(reason, _TIMEOUTS) else "unavailable"
    message = f"the server at {address} cannot be reached ({reason}); check its address, and that it is ready (/readyz)"
    return _Failure(code, message, was_sent=not isinstance(reason, _NOT_CONNECTED))


def _refusal(error: urllib.error.HTTPError, address: str) -> _Failure:
    """Of a call as a whole: none of its requests was executed."""
    try:
        told = json.loads(error.read(_LARGEST_ERROR_BYTES))["error"]["message"]
    except (OSError, ValueError, KeyError, TypeError):
        told = f"HTTP status {error.code}"
    code = _CODES.get(error.code, "unavailable" if error.code >= 500 else "config_error")
    return _Failure(code, f"the server at {address} refused the call: {told}", was_sent=False)
