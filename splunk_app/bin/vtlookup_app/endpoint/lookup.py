"""One call of the endpoint: answers each of its requests, several at the same time, in bounded time."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

from vt_connectors.actions import interrupted, is_write
from vt_connectors.actions.request_batch import BatchAnswers
from vt_connectors.clock import Clock
from vt_connectors.contract.documents import error_response, request_id
from vt_connectors.core import Core
from vt_connectors.errors import ConnectorError, Internal, InvalidRequest, RequestTimeout
from vt_connectors.misconfigured import Misconfigured
from vt_connectors.quota.waiters import Claim

from ..limits import LONGEST_S, LONGEST_WAIT_S, SIDE_BY_SIDE
from ..policy import Caller, refusal
from ..setting_names import response_in_splunk
from .batch import read_body, requests_in
from .exhausted_quota import REFUSED, refusals
from .receipts import DELIVERED, Receipts
from .rest_request import NotFromSplunkd, read_rest_request, reply
from .shared_core import SharedCore

if TYPE_CHECKING:
    from vt_connectors.contract.response import Response

# A response, and the clock's monotonic seconds when it was made.
Made = tuple["Response", float]
# A child of the core's logger, because that one redacts keys.
_LOG = logging.getLogger("vt_connectors.core")
_STATUS = {"too_large": 413, "invalid_request": 400}


class LookUpEndpoint:
    """`handle(passed)` returns the reply to the request that splunkd passed. Never raises."""

    def __init__(self, shared: SharedCore, clock: Clock) -> None:
        self._shared = shared
        self._clock = clock
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE)

    def handle(self, passed: str | bytes) -> dict[str, Any]:
        try:
            request = read_rest_request(passed)
        except NotFromSplunkd:
            return reply(500, _refused(InvalidRequest("splunkd did not pass what restmap.conf asks it for")))
        if request.method != "POST":
            return reply(405, _refused(InvalidRequest("send a request document with POST")))
        try:
            document = read_body(request.body)
            requests = None if set(document) in ({REFUSED}, {DELIVERED}) else requests_in(document)
            with self._shared.core(request.system) as core:
                # Several searches at once get equal shares of quota, although one process sends all requests.
                claim = Claim(request.user.client, batch=requests is None or len(requests) > 1)
                caller = Caller(request.user, request.system)
                if requests is None and DELIVERED in document:
                    return reply(200, Receipts(core, request.name).take(document[DELIVERED], caller))
                if requests is None:
                    return reply(200, refusals(core, document[REFUSED], claim))
                responses = self._answers(core.within(BatchAnswers()), requests, caller, claim)
                return reply(200, {"responses": responses, **Receipts(core, request.name).of(requests, responses)})
        except ConnectorError as error:
            return reply(_STATUS.get(error.code, 500), _refused(error))
        except Exception:
            _LOG.exception("a call of the endpoint failed")
            return reply(500, _refused(Internal("a bug in vtlookup; splunkd's log has the traceback")))

    def _answers(
        self, core: Core | Misconfigured, documents: Sequence[Any], caller: Caller, claim: Claim
    ) -> list[Response]:
        began = self._clock.monotonic()
        until = began + LONGEST_WAIT_S
        asked = [self._pool.submit(self._answer, core, document, caller, claim, until) for document in documents]
        wait(asked, max(0.0, began + LONGEST_S - self._clock.monotonic()))
        core.end_batch()
        now = self._clock.monotonic()
        return [_outcome(future, document, now) for future, document in zip(asked, documents)]

    def _answer(self, core: Core | Misconfigured, document: Any, caller: Caller, claim: Claim, until: float) -> Made:
        refused = refusal(document, caller)
        if refused is not None:
            return _unanswered(document, refused), self._clock.monotonic()
        response = core.answer(_within(document, max(0.0, until - self._clock.monotonic())), claim)
        return response_in_splunk(response), self._clock.monotonic()


def _within(document: Any, left_s: float) -> Any:
    """The request, with its waiting times limited to the time that is left."""
    if not isinstance(document, Mapping):
        return document
    options, params = document.get("options"), document.get("params")
    options = {} if options is None else options
    bounded = dict(document)
    if isinstance(options, Mapping):
        bounded["options"] = {**options, "max_wait_s": _at_most(options.get("max_wait_s"), left_s)}
    if isinstance(params, Mapping) and params.get("wait_s") is not None:
        bounded["params"] = {**params, "wait_s": _at_most(params["wait_s"], left_s)}
    return bounded


def _at_most(given: Any, most: float) -> Any:
    """Other types are returned unchanged, because the core refuses them."""
    if given is None:
        return most
    return min(given, most) if isinstance(given, (int, float)) and not isinstance(given, bool) else given


def _outcome(future: Future[Made], document: Any, now: float) -> Response:
    if future.done():
        response, made_at = future.result()
        return _sent_later(response, now - made_at)
    never_began = future.cancel()
    why = f"no answer within {LONGEST_S:g} s"
    error = RequestTimeout(f"{why}; try again with fewer requests")
    may_have_written = not never_began and is_write(document)
    return _unanswered(document, interrupted(why, error, may_have_written=may_have_written))


def _sent_later(response: Response, passed_s: float) -> Response:
    """A response that was ready before the others: its `retry_after_s` now counts from the reply."""
    error = response["error"]
    if error is None or not error["retry_after_s"]:
        return response
    return {**response, "error": {**error, "retry_after_s": round(max(0.0, error["retry_after_s"] - passed_s), 3)}}


def _unanswered(document: Any, error: ConnectorError) -> Response:
    name = document.get("action") if isinstance(document, Mapping) else None
    return error_response(name if isinstance(name, str) else None, request_id(document), error)


def _refused(error: ConnectorError) -> dict[str, Any]:
    return {"responses": [error_response(None, None, error)]}
