"""The sandbox without sockets: key, quota, log, routes, and injected faults."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Callable

from .accounts import Accounts, key_digest
from .data.kinds import Kind
from .errors import ApiError, BodyTooLargeError, not_found, quota_exceeded
from .fault_responses import bad_answer
from .faults import FaultSource
from .http.messages import Request, Response, error_response, html_response
from .quotas import Clock, Quota, retry_after_s
from .request_log import Charge, LoggedRequest, RequestLog, path_without_key
from .state import SandboxConfig, new_state
from .storage import STORAGE
from .usage import endpoint_name
from .v2 import V2Routes
from .v2.call import V2Call, read_call
from .v2.routes import OUT_OF_QUOTA
from .v3.routes import V3Routes

_V3 = ("api", "v3")
_V2 = ("vtapi", "v2")
_UPLOAD = ("_ah", "upload")
_FREE_ENDPOINTS = ("users", "me")  # requests for the quota cost nothing
_FAULTS_RETRY_AFTER_S = 1


@dataclass(frozen=True)
class Admission:
    """A request that has arrived: its number in the log, its key, and the refusal, if any.

    `call` is the parsed call of API v2, because its key may be in the body.
    """

    number: int
    key: str
    refusal: Response | None = None
    call: V2Call | None = None


@dataclass(frozen=True)
class _Admission:
    """The time of a request's arrival, its cost, and its refusal, if any."""

    at: float
    charge: Charge
    refusal: Response | None = None
    cost: int = 1


class SandboxApp:
    """Maps requests to responses. `base_url` is the base of its links; `told` is called for each answered request."""

    def __init__(self, quota: Quota, clock: Clock, config: SandboxConfig, base_url: str = "http://127.0.0.1") -> None:
        self.log = RequestLog()
        self.told: Callable[[LoggedRequest], None] | None = None
        self._clock = clock
        self._config = config
        self._accounts = Accounts(config.accepted_keys)
        self._misfortune = FaultSource(config.faults, config.seed)
        self._state = new_state(config, clock, base_url, quota)
        self._v3 = V3Routes(self._state)
        self._v2 = V2Routes(self._state, self._accounts)

    def notify(self, kind: str, ident: str, rule: str = "rule_of_a_test") -> str:
        """Put an object into the IoC stream now, as found by `rule`. Returns the notification's id.

        `kind` is the type of the object: file, url, domain or ip_address. ApiError if the sandbox has no report on it.
        """
        item = self._state.dataset.find(Kind(kind), ident)
        return self._state.stream.add(item, rule).id

    def handle(self, request: Request) -> Response:
        """The response to a request that is answered immediately."""
        return self.answer(request, self.arrive(request))

    def arrive(self, request: Request) -> Admission:
        """Check the key and charge the quota; windows begin at the arrival, not at the response."""
        if request.segments[:2] == _V2:
            call, admission = self._arrive_v2(request)
            key = call.key if call else ""
        else:
            call, key = None, request.headers.get("x-apikey", "").strip()
            admission = self._admission(request)
        entry = LoggedRequest(
            method=request.method,
            path=path_without_key(request.path, key),
            arrived_at=admission.at,
            key=key_digest(key) if key else "",
            charge=admission.charge,
            cost=admission.cost,
        )
        return Admission(self.log.arrived(entry), key, admission.refusal, call)

    def answer(self, request: Request, visit: Admission) -> Response:
        """The response to a request that arrived before."""
        # Requests with faults count like any other request; refusals get no fault.
        fault = None if visit.refusal else self._misfortune.draw()
        response = visit.refusal or self._response(request, visit, fault)
        entry = self.log.answered(visit.number, None if fault == "reset" else response.status, fault)
        if self.told is not None:
            self.told(entry)
        return response

    def _response(self, request: Request, visit: Admission, fault: str | None) -> Response:
        if fault is None:
            return self._answered(request, visit)
        retry_after_s = _FAULTS_RETRY_AFTER_S if self._config.send_retry_after else None
        bad = bad_answer(fault, 2 if visit.call else 3, retry_after_s)
        if bad is not None:
            return bad
        good = self._answered(request, visit)
        return dataclasses.replace(good, fault=fault, close=good.close or fault == "cut")

    def _answered(self, request: Request, visit: Admission) -> Response:
        try:
            if request.segments[:1] == (STORAGE,):
                return self._state.storage.answer(request)
            if visit.call is not None:
                return self._v2.answer(visit.call)
            return self._v3.answer(request, visit.key)
        except ApiError as error:
            return error_response(error)
        except BodyTooLargeError:
            return _too_large()

    def _admission(self, request: Request) -> _Admission:
        if request.segments[:1] == (STORAGE,):  # needs no key, and refuses one
            return _Admission(self._clock(), Charge.FREE)
        try:
            if request.segments[:2] not in (_V3, _UPLOAD):
                raise not_found("Resource not found.")
            key = self._accounts.authenticate(request.headers)
        except ApiError as error:
            return _Admission(self._clock(), Charge.FREE, error_response(error))
        begin = 1 if request.segments[:2] == _UPLOAD else 2
        endpoint = endpoint_name(request.method, request.segments[begin:])
        if endpoint in _FREE_ENDPOINTS:
            self._state.usage.note(key, endpoint, is_charged=False)
            return _Admission(self._clock(), Charge.FREE)
        arrival = self._state.quotas.arrive(key)
        if arrival.wait_s is None:
            self._state.usage.note(key, endpoint, is_charged=True)
            return _Admission(arrival.at, Charge.SPENT)
        seconds = retry_after_s(arrival) if self._config.send_retry_after else None
        return _Admission(arrival.at, Charge.REFUSED, error_response(quota_exceeded(seconds)))

    def _arrive_v2(self, request: Request) -> tuple[V2Call | None, _Admission]:
        try:
            call = read_call(request, self._config)
        except ApiError:
            return None, _Admission(self._clock(), Charge.FREE, Response(400, b"", "text/html"))
        except BodyTooLargeError:
            return None, _Admission(self._clock(), Charge.FREE, _too_large())
        refusal = self._v2.refusal(call)
        if refusal is not None:
            return call, _Admission(self._clock(), Charge.FREE, refusal)
        cost = self._v2.cost(call)
        arrival = self._state.quotas.arrive(call.key, cost)
        if arrival.wait_s is None:
            return call, _Admission(arrival.at, Charge.SPENT, cost=cost)
        return call, _Admission(arrival.at, Charge.REFUSED, OUT_OF_QUOTA, cost)


def _too_large() -> Response:
    return html_response(413, "Request Entity Too Large", close=True)
