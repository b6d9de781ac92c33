"""One call of the endpoint: answers each of its requests, several at the same time, in bounded time."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vt_connectors.actions.request_batch import BatchAnswers
from vt_connectors.adapters.server.bounded_time import SideBySide, within
from vt_connectors.adapters.server.documents import DocumentLimits, read_body, requests_in
from vt_connectors.adapters.server.refusals import REFUSED, refusals
from vt_connectors.clock import Clock
from vt_connectors.contract.documents import error_response
from vt_connectors.contract.documents import refusal as not_executed
from vt_connectors.core import Core
from vt_connectors.errors import ConnectorError, Internal, InvalidRequest
from vt_connectors.misconfigured import Misconfigured
from vt_connectors.quota.waiters import Claim

from ..limits import LONGEST_S, LONGEST_WAIT_S, MOST_REQUESTS, MOST_VALUES, MOST_WITH_RAW, SIDE_BY_SIDE
from ..policy import Caller, refusal
from ..setting_names import response_in_splunk
from .receipts import DELIVERED, Receipts
from .rest_request import NotFromSplunkd, read_rest_request, reply
from .shared_core import SharedCore

if TYPE_CHECKING:
    from vt_connectors.contract.response import Response

# A child of the core's logger, because that one redacts keys.
_LOG = logging.getLogger("vt_connectors.core")
_DOCUMENTS = DocumentLimits(requests=MOST_REQUESTS, with_raw=MOST_WITH_RAW)
_STATUS = {"too_large": 413, "invalid_request": 400}


class LookUpEndpoint:
    """`handle(passed)` returns the reply to the request that splunkd passed. Never raises."""

    def __init__(self, shared: SharedCore, clock: Clock) -> None:
        self._shared = shared
        self._side_by_side = SideBySide(clock, SIDE_BY_SIDE)

    def handle(self, passed: str | bytes) -> dict[str, Any]:
        try:
            request = read_rest_request(passed)
        except NotFromSplunkd:
            return reply(500, _refused(InvalidRequest("splunkd did not pass what restmap.conf asks it for")))
        if request.method != "POST":
            return reply(405, _refused(InvalidRequest("send a request document with POST")))
        try:
            document = read_body(request.body, _DOCUMENTS)
            requests = None if set(document) in ({REFUSED}, {DELIVERED}) else requests_in(document, _DOCUMENTS)
            with self._shared.core(request.system) as core:
                # Several searches at once get equal shares of quota, although one process sends all requests.
                claim = Claim(request.user.client, batch=requests is None or len(requests) > 1)
                caller = Caller(request.user, request.system)
                if requests is None and DELIVERED in document:
                    return reply(200, Receipts(core, request.name).take(document[DELIVERED], caller))
                if requests is None:
                    return reply(200, refusals(core, document[REFUSED], claim, MOST_VALUES))
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
        def answer(document: Any, left_s: float) -> Response:
            refused = refusal(document, caller)
            if refused is not None:
                return not_executed(document, refused)
            return response_in_splunk(core.answer(within(document, left_s), claim))

        responses = self._side_by_side.answers(documents, answer, LONGEST_WAIT_S, LONGEST_S)
        core.end_batch()
        return responses


def _refused(error: ConnectorError) -> dict[str, Any]:
    return {"responses": [error_response(None, None, error)]}
