"""A fake core with given responses that satisfy the contract."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Callable

from vt_connectors import VirusTotal
from vt_connectors.actions.request_batch import BatchAnswers
from vt_connectors.adapters.python.connecting import Opening
from vt_connectors.adapters.python.connection import CallersClock, Connection
from vt_connectors.contract.documents import Options, Request, Status
from vt_connectors.contract.response import Response
from vt_connectors.contract.validation import violation
from vt_connectors.errors import ConnectorError
from vt_connectors.indicators import Kind
from vt_connectors.observer import Observer
from vt_connectors.quota.waiters import Claim

Respond = Callable[[Request], Response]


def document(status: Status = "ok", data: dict[str, Any] | None = None, **meta: Any) -> Response:
    """A response that the contract's schema accepts."""
    whole_meta: Any = {
        "source": "api",
        "fetched_at": "2026-01-02T03:04:05Z",
        "age_s": 0,
        "requests": 1,
        "waited_s": 0.0,
        "quota": {},
        "duration_ms": 1,
        "version": "1.0.0",
        **meta,
    }
    response: Response = {
        "v": 1,
        "id": None,
        "action": None,
        "status": status,
        "summary": f"it is {status}",
        "data": data,
        "error": None,
        "meta": whole_meta,
    }
    assert violation("response.json", response) is None
    return response


def refusal(error: ConnectorError) -> Response:
    """The response for `error`."""
    return {**document("error", source=None, fetched_at=None, age_s=None), "error": error.to_dict()}


def known(request: Request) -> Response:
    """A response that every indicator is clean."""
    (value,) = request.params.values()
    return document(data={"type": "domain", "indicator": value, "verdict": "undetected"})


class FakeCore:
    """`requests` are the received ones, `observer` is the last one that was given, `closed` counts `close`.

    `was_delivered`: the responses that the caller has.
    """

    def __init__(self, respond: Respond = known) -> None:
        self.respond = respond
        self.requests: list[Request] = []
        self.observer: Observer | None = None
        self.closed = 0
        self.was_delivered: list[Response] = []
        self.clock = CallersClock()
        self._lock = threading.Lock()

    def run(self, request: Request, observer: Observer | None = None, claim: Claim | None = None) -> Response:
        with self._lock:
            self.requests.append(request)
            self.observer = observer
        try:
            return self.respond(request)
        except ConnectorError as error:
            return refusal(error)

    def look_up(self, kind: Kind | None, value: str, options: Options, claim: Claim | None = None) -> Response:
        return self.run(Request(f"lookup_{kind}", {"value": value}, options))

    def within(self, batch: BatchAnswers) -> FakeCore:
        return self

    def look_up_at_hand(
        self,
        kind: Kind | None,
        values: Iterable[str],
        options: Options,
        claim: Claim | None = None,
        *,
        after_refusal: bool = False,
    ) -> dict[str, Response]:
        return {}

    def delivered(self, response: Response) -> None:
        self.was_delivered.append(response)

    def end_batch(self) -> None:
        return None

    def close(self) -> None:
        self.closed += 1


def connected_to(core: FakeCore) -> VirusTotal:
    return VirusTotal(Opening(lambda: Connection(core, core.clock), "a fake"))
