"""One call to VirusTotal: reserve quota, send the request, parse the response. The only layer with retries."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Callable, TypeVar

from ..api_key import ApiKey
from ..clock import Clock
from ..errors import (
    ConfigError,
    ConnectorError,
    InvalidIndicator,
    InvalidResponse,
    OutcomeUnknown,
    RateLimited,
    RequestTimeout,
    TooLarge,
    Unavailable,
)
from ..log import logger
from ..quota.limiter import Limiter
from ..quota.reservation import Reservation, ReservationTooOld
from . import responses as answers
from .batching import Batch, Batches, part_of
from .budget import Budget
from .endpoints import Endpoint, Values
from .http.transport import (
    CertificateRefused,
    ConnectionLost,
    HttpRequest,
    HttpResponse,
    NoAnswerInTime,
    NotSent,
    Transport,
    TransportFailure,
    Upload,
)
from .write_outcome import error_of_a_write, outcome_unknown

_LOG = logger("virustotal")
# Reads are retried this often if the connection failed or the status is 502, 503 or 504.
RETRIES = 2
_RETRIED_STATUSES = (502, 503, 504)
_BACKOFF_S = 0.5
# If a process was suspended before it sent, it reserves quota again, at most this often.
_MOST_RESERVATIONS = 5

Join = Callable[[Sequence[str]], Values]
Result = TypeVar("Result")


class Client:
    """Sends calls to the server at `base_url` (scheme, host and port; no path)."""

    def __init__(
        self,
        transport: Transport,
        limiter: Limiter,
        key: ApiKey,
        base_url: str,
        clock: Clock,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._transport = transport
        self._limiter = limiter
        self._key = key
        self.base_url = base_url.rstrip("/")
        self._clock = clock
        self._chance = chance

    def ask(self, endpoint: Endpoint, values: Values, budget: Budget) -> Any:
        """The response's JSON: an object, for API v2 also an array. Raises `responses.NotFound`, `ConnectorError`."""
        request = endpoint.request(self.base_url, values)

        def once() -> HttpResponse:
            if not endpoint.counted:
                return self._transport.send(request)
            return self.send(request, budget)

        document = self.read(endpoint, self._answer_of_a_read(once))
        if isinstance(document, dict) and "data" in document:
            # Other requests need not wait for further pages.
            budget.permit.accepted()
        return document

    def write(
        self,
        endpoint: Endpoint,
        values: Values,
        budget: Budget,
        understood: Callable[[Any], Result],
        upload: Upload | None = None,
    ) -> Result:
        """The result of `understood` for the response's JSON; it raises `InvalidResponse` if this is not VirusTotal's.

        Sent once. Raises like `ask`, and `OutcomeUnknown` if no response came, or an invalid one.
        """
        request = endpoint.request(self.base_url, values, upload)
        try:
            answer = self._slotted(lambda slot: self._send_write(request, slot, budget), budget)
        except NotSent as failure:
            raise Unavailable(f"VirusTotal could not be reached, nothing was sent: {failure}") from None
        except TransportFailure as failure:
            raise outcome_unknown(str(failure)) from None
        try:
            return understood(self.read(endpoint, answer))
        except (InvalidResponse, Unavailable) as error:
            of_write = error_of_a_write(error)
            budget.has_written = isinstance(of_write, OutcomeUnknown)
            raise of_write from error
        except (ConnectorError, answers.NotFound):
            budget.has_written = False  # VirusTotal refused it
            raise

    def send(self, request: HttpRequest, budget: Budget) -> HttpResponse:
        """The response to a request that is sent once, whatever it says. Raises `TransportFailure` too."""
        return self._slotted(lambda slot: self._transport.send(replace(request, sending=slot.sending)), budget)

    def send_elsewhere(self, request: HttpRequest) -> HttpResponse:
        """The response of another server than VirusTotal: not counted, and retried like a read. Raises like one."""
        assert request.key == "none", "the key is for VirusTotal only"
        return self._answer_of_a_read(lambda: self._transport.send(request))

    def _send_write(self, request: HttpRequest, slot: Reservation, budget: Budget) -> HttpResponse:
        """From the first byte on, the budget records that the write may have taken effect."""

        def sending() -> None:
            slot.sending()
            budget.has_written = True

        try:
            return self._transport.send(replace(request, sending=sending))
        except (NotSent, ConnectorError):
            budget.has_written = False  # not connected, or aborted because its file changed
            raise

    def ask_in_batch(self, endpoint: Endpoint, batches: Batches, join: Join, value: str, budget: Budget) -> Any:
        """The report on `value`, whose request may include values of other callers; None if it was left out.

        `join` combines the values of a batch into the request's values.
        """
        batch = Batch()

        def once(slot: Reservation) -> HttpResponse:
            nonlocal batch

            def send(values: Sequence[str]) -> HttpResponse:
                request = endpoint.request(self.base_url, join(values))
                return self._transport.send(replace(request, sending=slot.sending))

            batch = batches.send(value, send)
            assert batch.answer is not None
            return batch.answer

        self._answer_of_a_read(lambda: self._slotted(once, budget))
        try:
            document = batch.document(lambda answer: self.read(endpoint, answer))
        except (InvalidIndicator, TooLarge):
            if len(batch.values) > 1:
                return None  # the invalid value may be another caller's
            raise
        found = part_of(document, value, batch.values)
        # If the batch had only this value, do not send it again.
        return document if found is None and len(batch.values) == 1 else found

    def _answer_of_a_read(self, once: Callable[[], HttpResponse]) -> HttpResponse:
        """`once()`, with retries if it may succeed the next time."""
        for attempt in range(RETRIES + 1):
            try:
                answer = once()
            except (NotSent, ConnectionLost) as failure:
                error: ConnectorError = Unavailable(
                    f"VirusTotal could not be reached: {failure}", details=_cause(failure)
                )
            except NoAnswerInTime as failure:
                raise RequestTimeout(
                    f"VirusTotal did not answer: {failure}; if this happens often, raise VT_TIMEOUT"
                ) from None
            else:
                if answer.status not in _RETRIED_STATUSES or attempt == RETRIES:
                    return answer
                error = Unavailable(f"VirusTotal cannot answer now (HTTP {answer.status})", http_status=answer.status)
            if attempt == RETRIES:
                raise error
            _LOG.info("%s; trying again", error.message)
            self._clock.sleep(_BACKOFF_S * 2**attempt * (0.5 + self._chance()))
        raise AssertionError("unreachable")

    def _slotted(self, send: Callable[[Reservation], HttpResponse], budget: Budget) -> HttpResponse:
        for _ in range(_MOST_RESERVATIONS):
            try:
                return self._with_slot(send, budget)
            except ReservationTooOld:
                _LOG.warning("this process was suspended before it could send its request: it reserves quota again")
        raise Unavailable("this process was suspended several times before it could send its request; try again later")

    def _with_slot(self, send: Callable[[Reservation], HttpResponse], budget: Budget) -> HttpResponse:
        def waiting(now: bool) -> None:
            if now:
                budget.permit.waits()
            if budget.waiting is not None:
                budget.waiting(now)
            budget.observer.waits_for_quota(now)

        with self._limiter.slot(budget.deadline, waiting, budget.keep, budget.claim, budget.turn) as slot:
            budget.waited_s += slot.waited_s
            _permitted(slot, budget)
            budget.requests += 1
            try:
                answer = send(slot)
            except (NotSent, ConfigError, ReservationTooOld):
                slot.never_sent()
                budget.requests -= 1
                raise
            slot.answered()
        budget.quota = slot.usage_after
        return answer

    def read(self, endpoint: Endpoint, answer: HttpResponse) -> Any:
        """The response's JSON. Raises like `ask`."""
        now = self._clock.now()
        try:
            if endpoint.version == "2":
                return answers.document_v2(answer, self._key, now, endpoint.private)
            return answers.document(answer, self._key, now, may_be_empty=endpoint.method == "DELETE")
        except answers.ForeignLimit:
            raise
        except RateLimited as error:
            error.retry_after = round(self._limiter.penalise(error.retry_after), 3)
            pause = self._limiter.usage().get("blocked")
            error.message += f"; all callers of this key pause until {pause['until']}" if pause else ""
            raise


def _permitted(slot: Reservation, budget: Budget) -> None:
    """Give the reservation back if the request must not be sent."""
    slot.never_sent()
    budget.permit.may_send()
    slot.outcome = "unknown"


def _cause(failure: TransportFailure) -> dict[str, str]:
    """The kind of the failure, for callers that do not parse messages."""
    return {"cause": "certificate"} if isinstance(failure, CertificateRefused) else {}
