"""The real core, its requests, and checks that hold for every answer."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from bench.soak.drill import KEY, Effort
from tests.fake_clock import FakeClock
from vt_connectors.api_key import ApiKey
from vt_connectors.composition.core import build
from vt_connectors.config.settings import settings_from
from vt_connectors.contract.validation import violation
from vt_connectors.core import Core
from vt_connectors.virustotal.http.requests_transport import RequestsTransport
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse, Transport


class OnResponse:
    """A transport that records its requests."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.sent: list[HttpRequest] = []
        self.got: list[HttpResponse] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        self.sent.append(request)
        self.got.append(self._inner.send(request))
        return self.got[-1]

    def forget(self) -> None:
        self.sent.clear()
        self.got.clear()

    def paths(self) -> list[str]:
        return [urlsplit(request.url).path for request in self.sent]


class Harness:
    """One core; `heard` has the requests since the last `ask`."""

    def __init__(self, url: str, clock: FakeClock, version: str = "3", inner: Transport | None = None) -> None:
        self.version = version
        self.heard = OnResponse(inner or RequestsTransport(ApiKey(KEY), 5.0))
        given = {"VT_API_URL": url, "VT_STATE": "memory", "VT_QUOTA": "none", "VT_API_VERSION": version}
        self.core: Core = build(settings_from(given), lambda: ApiKey(KEY), clock, lambda key: self.heard)

    def ask(self, document: object) -> Mapping[str, Any]:
        self.heard.forget()
        return self.core.answer(document)


@contextlib.contextmanager
def logged(effort: Effort) -> Iterator[None]:
    """Write the product's log to a file, which is searched for the key like all others."""
    logger = logging.getLogger("vt_connectors")
    handler = logging.FileHandler(effort.place("inputs") / "log", encoding="utf-8", errors="backslashreplace")
    logger.addHandler(handler)
    propagated, logger.propagate = logger.propagate, False
    try:
        yield
    finally:
        logger.propagate = propagated
        logger.removeHandler(handler)
        handler.close()


def outcome_of(response: Mapping[str, Any]) -> str:
    """The error's code, else the status."""
    error = response["error"]
    return str(error["code"] if error else response["status"])


def broken(response: Mapping[str, Any]) -> Iterator[str]:
    """The errors that no answer may have."""
    against = violation("response.json", response)
    if against is not None:
        yield f"against the contract: {against.path} {against.message}"
        return
    if outcome_of(response) == "internal":
        yield f"a bug: {response['summary']}"
    if (response["status"] == "error") != (response["error"] is not None):
        yield "status and error do not agree"
    line = json.dumps(response, allow_nan=False)
    if json.loads(line) != response or "\n" in line:
        yield "it is not the same after its way through JSON"
    if KEY in line:
        yield "the key is in it"
