"""One call to VirusTotal: a slot of the quota, the request, its answer read. The only layer that repeats anything."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Callable, TypeVar
from urllib.parse import urlsplit

from ..api_key import ApiKey
from ..clock import Clock
from ..errors import (
    ConfigError,
    ConnectorError,
    InvalidResponse,
    OutcomeUnknown,
    RateLimited,
    RequestTimeout,
    Unavailable,
)
from ..quota.limiter import Limiter
from . import answers
from .batches import Batch, Batches, part_of
from .budget import Budget
from .endpoints import Endpoint, Values
from .transport import (
    CertificateRefused,
    ConnectionLost,
    HttpAnswer,
    HttpRequest,
    NoAnswerInTime,
    NotSent,
    Transport,
    TransportFailure,
    Upload,
)

_LOG = logging.getLogger("connectors.virustotal")
# Reads are tried again this often when the connection failed or a front end said 502, 503 or 504.
RETRIES = 2
_WORTH_REPEATING = (502, 503, 504)
# What stands before VirusTotal heard nothing from it in time; a POST may have got through all the same.
_FRONT_END_GAVE_UP = (502, 504)
_BACKOFF_S = 0.5
_REDIRECTS = 2

Join = Callable[[Sequence[str]], Values]
Result = TypeVar("Result")


class Client:
    """`ask` the server at `base_url` (scheme, host and port; no path)."""

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
        """The answer's JSON: an object, or of API v2 perhaps an array. Raises `answers.NotFound`, `ConnectorError`."""
        request = endpoint.request(self.base_url, values)

        def once() -> HttpAnswer:
            return self._slotted(lambda: self._follow(request), budget) if endpoint.counted else self._follow(request)

        return self._read(endpoint, self._answer_of_a_read(once))

    def write(
        self,
        endpoint: Endpoint,
        values: Values,
        budget: Budget,
        understood: Callable[[Any], Result],
        upload: Upload | None = None,
    ) -> Result:
        """What `understood` makes of the answer's JSON; it raises `InvalidResponse` for what is none of VirusTotal's.

        Sent once. Raises as `ask`, and `OutcomeUnknown` where no answer came, or none that can be understood.
        """
        request = endpoint.request(self.base_url, values, upload)
        try:
            answer = self._slotted(lambda: self._follow(request), budget)
        except NotSent as failure:
            raise Unavailable(f"VirusTotal could not be reached, nothing was sent: {failure}") from None
        except TransportFailure as failure:
            raise _outcome_unknown(str(failure)) from None
        if answer.status in _FRONT_END_GAVE_UP:
            raise _outcome_unknown(f"HTTP {answer.status}", answer.status)
        try:
            return understood(self._read(endpoint, answer))
        except InvalidResponse as error:
            if answer.status == 200:
                raise _outcome_unknown("a body that cannot be read", 200) from error
            raise

    def ask_in_batch(self, endpoint: Endpoint, batches: Batches, join: Join, value: str, budget: Budget) -> Any:
        """The report on `value`, whose request may carry the values of other callers; None if it was left out.

        `join` makes the request's values of a batch's.
        """
        batch = Batch()

        def once() -> HttpAnswer:
            nonlocal batch
            batch = batches.send(value, lambda values: self._follow(endpoint.request(self.base_url, join(values))))
            assert batch.answer is not None
            return batch.answer

        self._answer_of_a_read(lambda: self._slotted(once, budget))
        return part_of(batch.document(lambda answer: self._read(endpoint, answer)), value, batch.values)

    def _answer_of_a_read(self, once: Callable[[], HttpAnswer]) -> HttpAnswer:
        """`once()`, again and again where it may succeed the next time."""
        for attempt in range(RETRIES + 1):
            try:
                answer = once()
            except (NotSent, ConnectionLost) as failure:
                error: ConnectorError = Unavailable(
                    f"VirusTotal could not be reached: {failure}", details=_cause(failure)
                )
            except NoAnswerInTime as failure:
                raise RequestTimeout(
                    f"VirusTotal did not answer: {failure}; raise VT_TIMEOUT if that is usual"
                ) from None
            else:
                if answer.status not in _WORTH_REPEATING or attempt == RETRIES:
                    return answer
                error = Unavailable(f"VirusTotal cannot answer now (HTTP {answer.status})", http_status=answer.status)
            if attempt == RETRIES:
                raise error
            _LOG.info("%s; asking again", error.message)
            self._clock.sleep(_BACKOFF_S * 2**attempt * (0.5 + self._chance()))
        raise AssertionError("unreachable")

    def _slotted(self, send: Callable[[], HttpAnswer], budget: Budget) -> HttpAnswer:
        with self._limiter.slot(budget.deadline, budget.waiting, budget.keep) as slot:
            budget.waited_s += slot.waited_s
            budget.requests += 1
            try:
                answer = send()
            except (NotSent, ConfigError):
                slot.never_sent()
                budget.requests -= 1
                raise
            slot.answered()
        budget.quota = slot.usage_after
        return answer

    def _follow(self, request: HttpRequest) -> HttpAnswer:
        """Send, and follow a read's redirects within the same origin: the key goes nowhere else."""
        answer = self._transport.send(request)
        for _ in range(_REDIRECTS):
            target = _same_origin(request, answer)
            if target is None:
                break
            answer = self._transport.send(replace(request, url=target))
        return answer

    def _read(self, endpoint: Endpoint, answer: HttpAnswer) -> Any:
        now = self._clock.now()
        try:
            if endpoint.version == "2":
                return answers.document_v2(answer, self._key, now, endpoint.private)
            return answers.document(answer, self._key, now)
        except RateLimited as error:
            error.retry_after = round(self._limiter.penalise(error.retry_after), 3)
            error.message += f"; all callers of this key pause for {max(1, round(error.retry_after))} s"
            raise


def _cause(failure: TransportFailure) -> dict[str, str]:
    """What a caller may want to tell apart without reading messages."""
    return {"cause": "certificate"} if isinstance(failure, CertificateRefused) else {}


def _outcome_unknown(why: str, status: int | None = None) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"the request was sent and its answer never came ({why}); it was not repeated: look whether it took effect "
        "before you do",
        http_status=status,
    )


def _same_origin(request: HttpRequest, answer: HttpAnswer) -> str | None:
    location = answer.headers.get("location", "")
    if request.method != "GET" or answer.status not in (301, 302, 303, 307, 308) or not location:
        return None
    here = urlsplit(request.url)
    if location.startswith("/") and not location.startswith("//"):
        return f"{here.scheme}://{here.netloc}{location}"
    try:
        there = urlsplit(location)
    except ValueError:
        return None
    return location if (there.scheme, there.netloc) == (here.scheme, here.netloc) else None
