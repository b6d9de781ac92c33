"""The search's side of the endpoint: values in batches, and what comes back for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.actions.lookup import request_for
from connectors.contract import Options, Request, error_response
from connectors.errors import ConfigError, ConnectorError, Unavailable
from connectors.indicators import Kind, parse_as

from ..splunkd import KeyNotSeen, Splunkd
from .limits import LOOK_UP, MAY_LOOK_UP, MOST_REQUESTS

Response = dict[str, Any]
# Of text in a call; far below what the endpoint takes, as JSON may write a character as six.
_MOST_CHARACTERS = 100_000
# VirusTotal's whole answers are large: so many of them make one reply.
_MOST_WITH_RAW = 10


class Broker:
    """`unseen`: why this search does not see the key itself."""

    def __init__(self, splunkd: Splunkd, unseen: KeyNotSeen) -> None:
        self._splunkd = splunkd
        self._unseen = unseen
        self._failure: ConnectorError | None = None

    def ask(self, kind: Kind | None, values: Sequence[str], options: Options) -> Mapping[str, Response]:
        """The responses to as many of `values`, from the first on, as go into one call. Never raises."""
        found: dict[str, Response] = {}
        asked: dict[str, Request] = {}
        most, size = (_MOST_WITH_RAW if "raw" in options.include else MOST_REQUESTS), 0
        for value in values:
            size += len(value)
            if asked and (len(asked) == most or size > _MOST_CHARACTERS):
                break
            try:
                asked[value] = _request(kind, value, options)
            except ConnectorError as error:
                found[value] = error_response(None, None, error)
        return {**found, **self._call(asked)} if asked else found

    def answer(self, document: Mapping[str, Any]) -> Response:
        """The response to a request of any action. Never raises."""
        try:
            return self._post([dict(document)])[0]
        except ConnectorError as error:
            return error_response(None, None, error)

    def _call(self, asked: Mapping[str, Request]) -> Mapping[str, Response]:
        """One failure of the endpoint is the answer to all that would be asked after it."""
        try:
            if self._failure is not None:
                raise self._failure.with_traceback(None)
            return dict(zip(asked, self._post([_document(request) for request in asked.values()])))
        except ConnectorError as error:
            self._failure = error
            return {value: error_response(request.action, None, error) for value, request in asked.items()}

    def _post(self, requests: list[dict[str, Any]]) -> list[Response]:
        from splunklib.binding import AuthenticationError, HTTPError

        try:
            responses = self._splunkd.post(LOOK_UP, {"requests": requests})["responses"]
            if len(responses) == len(requests) and all(response["meta"] for response in responses):
                return list(responses)
        except AuthenticationError:
            raise ConfigError("splunkd does not accept this search's session; run the search again") from None
        except HTTPError as error:
            raise self._refused(error.status) from None
        except OSError as error:
            raise Unavailable(f"splunkd could not be reached for {LOOK_UP} ({type(error).__name__})") from None
        except (ValueError, LookupError, TypeError):
            pass
        raise Unavailable(f"the answer of splunkd's {LOOK_UP} was not understood")

    def _refused(self, status: int) -> ConnectorError:
        if status == 403:
            return ConfigError(
                f"you may not look up: your role needs the capability {MAY_LOOK_UP}, as the role vtlookup_user has it; "
                "ask your admin"
            )
        if status == 404:
            return self._unseen
        return Unavailable(f"splunkd's {LOOK_UP} did not answer (HTTP {status})")


def _request(kind: Kind | None, value: str, options: Options) -> Request:
    """Raises `InvalidIndicator`: what is no indicator need not be sent."""
    request = request_for(kind, value, options)
    if kind is not None:
        parse_as(kind, value)
    return request


def _document(request: Request) -> dict[str, Any]:
    options = request.options
    how: dict[str, Any] = {"cache": options.cache, "max_wait_s": options.max_wait_s, "include": sorted(options.include)}
    if options.max_age_s is not None:
        how["max_age_s"] = options.max_age_s
    return {"action": request.action, "params": dict(request.params), "options": how}
