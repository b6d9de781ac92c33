"""The whole sandbox short of sockets: key, quota, log, route."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from .accounts import Accounts, key_digest
from .errors import ApiError, BodyTooLargeError, not_found, quota_exceeded
from .messages import Request, Response, error_response, html_response
from .quotas import Clock, Quota, QuotaBook, retry_after_s
from .request_log import Charge, LoggedRequest, RequestLog
from .routes import V3Routes
from .state import SandboxConfig, new_state

_V3 = ("api", "v3")
_UPLOAD = ("_ah", "upload")


@dataclass(frozen=True)
class Visit:
    """A request that has arrived: its number in the log, its key, and the refusal it will meet, if any."""

    number: int
    key: str
    refusal: ApiError | None = None


class SandboxApp:
    """From request to response. `base_url` is where its links point to."""

    def __init__(self, quota: Quota, clock: Clock, config: SandboxConfig, base_url: str = "http://127.0.0.1") -> None:
        self.log = RequestLog()
        self._clock = clock
        self._config = config
        self._accounts = Accounts(config.accepted_keys)
        self._quotas = QuotaBook(quota, clock)
        self._v3 = V3Routes(new_state(config, clock, base_url, self._quotas))

    def handle(self, request: Request) -> Response:
        """The response to a request that is answered as it arrives."""
        return self.answer(request, self.arrive(request))

    def arrive(self, request: Request) -> Visit:
        """Check the key and take the request off the quota, which counts from now, not from the answer."""
        sent_key = request.headers.get("x-apikey", "").strip()
        at, charge, refusal = self._admission(request)
        entry = LoggedRequest(
            method=request.method,
            path=_without_key(request.path, sent_key),
            arrived_at=at,
            key=key_digest(sent_key) if sent_key else "",
            charge=charge,
        )
        return Visit(self.log.arrived(entry), sent_key, refusal)

    def answer(self, request: Request, visit: Visit) -> Response:
        """The response to a request that arrived before."""
        try:
            if visit.refusal is not None:
                raise visit.refusal
            response = self._v3.answer(request, visit.key)
        except ApiError as error:
            response = error_response(error)
        except BodyTooLargeError:
            response = html_response(413, "Request Entity Too Large", close=True)
        self.log.answered(visit.number, response.status)
        return response

    def _admission(self, request: Request) -> tuple[float, Charge, ApiError | None]:
        """When the request arrived, what it costs, and why it is refused."""
        try:
            if request.segments[:2] not in (_V3, _UPLOAD):
                raise not_found("Resource not found.")
            key = self._accounts.authenticate(request.headers)
        except ApiError as error:
            return self._clock(), Charge.FREE, error
        if request.segments[2:3] == ("users",):  # asking about the quota does not use it
            return self._clock(), Charge.FREE, None
        arrival = self._quotas.arrive(key)
        if arrival.wait_s is None:
            return arrival.at, Charge.SPENT, None
        seconds = retry_after_s(arrival) if self._config.send_retry_after else None
        return arrival.at, Charge.REFUSED, quota_exceeded(seconds)


def _without_key(path: str, key: str) -> str:
    return path.replace(quote(key, safe=""), "[key]").replace(key, "[key]") if key else path
