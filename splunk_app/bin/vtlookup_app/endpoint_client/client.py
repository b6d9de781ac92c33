"""The search's client of the endpoint: sends values in batches, and returns the response to each."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from vt_connectors.actions import interrupted, is_write
from vt_connectors.actions.lookup import request_for
from vt_connectors.adapters.server.refusals import REFUSED, refused_values
from vt_connectors.contract.documents import Options, Request, error_response
from vt_connectors.errors import ConfigError, ConnectorError, Unavailable
from vt_connectors.indicators import Kind, parse_as

from ..endpoint.receipts import DELIVERED
from ..limits import LOOK_UP, MAY_LOOK_UP, MOST_REQUESTS, MOST_VALUES, MOST_WITH_RAW
from ..splunkd import KeyNotSeen, Splunkd

if TYPE_CHECKING:
    from vt_connectors.contract.response import Response

_LOG = logging.getLogger("vt_connectors.broker")
Result = TypeVar("Result")
# Characters of text per call; far below the endpoint's limit, because JSON may escape a character as six.
_MOST_CHARACTERS = 100_000


class _NoReply(Unavailable):
    """The call was sent and its reply never came, so the endpoint may have executed it."""


class EndpointClient:
    """`unseen`: the error why this search cannot see the key itself."""

    def __init__(self, splunkd: Splunkd, unseen: KeyNotSeen) -> None:
        self._splunkd = splunkd
        self._unseen = unseen
        self._failure: ConnectorError | None = None
        self._receipts: dict[str, str] = {}

    def ask(self, kind: Kind | None, values: Sequence[str], options: Options) -> Mapping[str, Response]:
        """The responses to the first of `values`, as many as fit into one call. Never raises."""
        found: dict[str, Response] = {}
        asked: dict[str, Request] = {}
        for value in _that_fit(values, MOST_WITH_RAW if "raw" in options.include else MOST_REQUESTS):
            try:
                asked[value] = _request(kind, value, options)
            except ConnectorError as error:
                found[value] = error_response(None, None, error)
        return {**found, **self._call(asked)} if asked else found

    def refused(self, kind: Kind | None, values: Sequence[str], options: Options) -> Mapping[str, Response]:
        """The responses to those of `values` that are refused now for lack of quota, among those that fit into a call.

        Does not wait, whatever `options.max_wait_s` is. Never raises: a failure shows when the values are looked up.
        """
        some = list(_that_fit(values, MOST_VALUES))
        call = {"type": kind, "values": some, "options": _how(options)}
        try:
            return {} if self._failure else self._post({REFUSED: call}, lambda reply: refused_values(some, reply))
        except ConnectorError as error:
            # For example, an endpoint of an earlier version, in a process that still runs.
            _LOG.info("the endpoint did not list refused values: %s", error.message)
            return {}

    def answer(self, document: Mapping[str, Any]) -> Response:
        """The response to a request of any action. Never raises."""
        try:
            return self._ask([dict(document)])[0]
        except ConnectorError as error:
            may_have_written = isinstance(error, _NoReply) and is_write(document)
            return error_response(None, None, interrupted(error.message, error, may_have_written=may_have_written))

    def delivered(self, document: Mapping[str, Any], response: Response) -> None:
        """The caller has the answer to `document`, which reads the IoC stream: keep its position. Never raises."""
        cursor = (response["data"] or {}).get("cursor")
        receipt = self._receipts.pop(str(cursor), None)
        try:
            if receipt is None:
                raise Unavailable("the endpoint gave no receipt")
            call = {"filter": document["params"].get("filter"), "cursor": cursor, "receipt": receipt}
            reply = self._post({DELIVERED: call}, lambda reply: {DELIVERED: reply[DELIVERED], **reply})
            if not reply[DELIVERED]:
                raise Unavailable(str(reply.get("error")))
        except ConnectorError as error:
            _LOG.warning("the position in the stream was not kept, so the next search repeats: %s", error.message)

    def _call(self, asked: Mapping[str, Request]) -> Mapping[str, Response]:
        """After a failure of the endpoint, its error is the response to all later requests."""
        try:
            if self._failure is not None:
                raise self._failure.with_traceback(None)
            return dict(zip(asked, self._ask([_document(request) for request in asked.values()])))
        except ConnectorError as error:
            self._failure = error
            return {value: error_response(request.action, None, error) for value, request in asked.items()}

    def _ask(self, requests: list[dict[str, Any]]) -> list[Response]:
        def read(reply: Any) -> list[Response]:
            responses = reply["responses"]
            if len(responses) != len(requests) or not all(response["meta"] for response in responses):
                raise ValueError("not a reply")
            self._receipts.update(reply.get("receipts", {}))
            return list(responses)

        return self._post({"requests": requests}, read)

    def _post(self, document: dict[str, Any], read: Callable[[Any], Result]) -> Result:
        """The reply, decoded by `read`, which may raise for an invalid one. Raises `ConnectorError`."""
        from splunklib.binding import AuthenticationError, HTTPError

        try:
            return read(self._splunkd.post(LOOK_UP, document))
        except AuthenticationError:
            raise ConfigError("splunkd does not accept this search's session; run the search again") from None
        except HTTPError as error:
            raise self._refused(error.status) from None
        except OSError as error:
            failure = Unavailable if isinstance(error, ConnectionRefusedError) else _NoReply
            raise failure(f"splunkd could not be reached for {LOOK_UP} ({type(error).__name__})") from None
        except Exception:  # also the SDK's and the HTTP library's, for a reply that they cannot read
            raise _NoReply(f"the answer of splunkd's {LOOK_UP} was not understood") from None

    def _refused(self, status: int) -> ConnectorError:
        if status == 403:
            return ConfigError(
                f"you may not look up: your role needs the capability {MAY_LOOK_UP}, as the role vtlookup_user has it; "
                "ask your admin"
            )
        if status == 404:
            return self._unseen
        failure = _NoReply if status >= 500 else Unavailable
        return failure(f"splunkd's {LOOK_UP} did not answer (HTTP {status})")


def _request(kind: Kind | None, value: str, options: Options) -> Request:
    """Raises `InvalidIndicator`, because an invalid value need not be sent."""
    request = request_for(kind, value, options)
    if kind is not None:
        parse_as(kind, value)
    return request


def _that_fit(values: Sequence[str], most: int) -> Iterator[str]:
    """The first of `values` that fit into one call."""
    size = 0
    for count, value in enumerate(values):
        size += len(value)
        if count and (count == most or size > _MOST_CHARACTERS):
            return
        yield value


def _document(request: Request) -> dict[str, Any]:
    return {"action": request.action, "params": dict(request.params), "options": _how(request.options)}


def _how(options: Options) -> dict[str, Any]:
    how: dict[str, Any] = {"cache": options.cache, "max_wait_s": options.max_wait_s, "include": sorted(options.include)}
    if options.max_age_s is not None:
        how["max_age_s"] = options.max_age_s
    if options.verdict_by is not None:
        how["verdict_by"] = options.verdict_by
    return how
