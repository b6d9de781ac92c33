"""One call of the endpoint: each of its requests answered, several side by side, in bounded time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from typing import Any

from connectors.actions import ACTIONS
from connectors.clock import Clock
from connectors.contract import error_response, request_id
from connectors.core import Core, Misconfigured
from connectors.errors import ConnectorError, Internal, InvalidRequest, OutcomeUnknown, RequestTimeout

from ..splunkd import Splunkd
from .batch import read_batch, refusal
from .limits import LONGEST_S, LONGEST_WAIT_S, SIDE_BY_SIDE
from .rest_request import NotFromSplunkd, read_rest_request, reply
from .shared_core import SharedCore

Response = dict[str, Any]
# Of the core's, whose log shows no key.
_LOG = logging.getLogger("connectors.core")
_STATUS = {"too_large": 413, "invalid_request": 400}


class LookUpEndpoint:
    """`handle(passed)` gives splunkd's reply to what splunkd passed. Never raises."""

    def __init__(self, shared: SharedCore, clock: Clock) -> None:
        self._shared = shared
        self._clock = clock
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE)
        self._has_asked = False

    def handle(self, passed: str | bytes) -> dict[str, Any]:
        try:
            request = read_rest_request(passed)
        except NotFromSplunkd:
            return reply(500, _refused(InvalidRequest("splunkd did not pass what restmap.conf asks it for")))
        if request.method != "POST":
            return reply(405, _refused(InvalidRequest("POST a request of the action contract")))
        try:
            documents = read_batch(request.body)
        except ConnectorError as error:
            return reply(_STATUS[error.code], _refused(error))
        try:
            with self._shared.core(request.system) as core:
                return reply(200, {"responses": self._answers(core, documents, request.user)})
        except Exception:
            _LOG.exception("a call of the endpoint failed")
            return reply(500, _refused(Internal("a bug in vtlookup; splunkd's log has the traceback")))

    def _answers(self, core: Core | Misconfigured, documents: Sequence[Any], user: Splunkd) -> list[Response]:
        began = self._clock.monotonic()
        may = _rights(user)
        asked: list[Future[Response]] = []
        for document in documents:
            asked.append(self._pool.submit(self._answer, core, document, may, began + LONGEST_WAIT_S))
            if not self._has_asked:
                # Until a request has gone out, one at a time: a refused key costs a single one.
                self._wait(asked, began)
        self._wait(asked, began)
        return [_outcome(future, document) for future, document in zip(asked, documents)]

    def _wait(self, asked: Sequence[Future[Response]], began: float) -> None:
        wait(asked, max(0.0, began + LONGEST_S - self._clock.monotonic()))

    def _answer(self, core: Core | Misconfigured, document: Any, may: Callable[[str], bool], until: float) -> Response:
        try:
            refused = refusal(document, may)
        except ConnectorError as error:
            refused = error
        if refused is not None:
            return _unanswered(document, refused)
        response = core.answer(_within(document, max(0.0, until - self._clock.monotonic())))
        self._has_asked = self._has_asked or response["meta"]["requests"] > 0
        return response


def _rights(user: Splunkd) -> Callable[[str], bool]:
    """Whether the caller has a capability; splunkd is asked when one is in question. Raises `ConnectorError`."""
    return cache(lambda name: name in user.capabilities())


def _within(document: Any, left_s: float) -> Any:
    """The request, with no more time to wait than there is."""
    if not isinstance(document, Mapping):
        return document
    options, params = document.get("options", {}), document.get("params")
    bounded = dict(document)
    if isinstance(options, Mapping):
        bounded["options"] = {**options, "max_wait_s": _at_most(options.get("max_wait_s", left_s), left_s)}
    if isinstance(params, Mapping) and "wait_s" in params:
        bounded["params"] = {**params, "wait_s": _at_most(params["wait_s"], left_s)}
    return bounded


def _at_most(given: Any, most: float) -> Any:
    """What is no number is the core's to refuse."""
    return min(given, most) if isinstance(given, (int, float)) and not isinstance(given, bool) else given


def _outcome(future: Future[Response], document: Any) -> Response:
    if future.done():
        return future.result()
    never_began = future.cancel()
    name = document.get("action") if isinstance(document, Mapping) else None
    action = ACTIONS.get(name) if isinstance(name, str) else None
    if action is not None and action.writes and not never_began:
        return _unanswered(document, OutcomeUnknown(f"no answer within {LONGEST_S:g} s; it was not repeated"))
    return _unanswered(document, RequestTimeout(f"no answer within {LONGEST_S:g} s; ask again, for fewer at once"))


def _unanswered(document: Any, error: ConnectorError) -> Response:
    name = document.get("action") if isinstance(document, Mapping) else None
    return error_response(name if isinstance(name, str) else None, request_id(document), error)


def _refused(error: ConnectorError) -> dict[str, Any]:
    return {"responses": [error_response(None, None, error)]}
