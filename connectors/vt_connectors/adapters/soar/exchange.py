"""The loop that every platform shares: platform input to requests, responses to platform output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

Given = TypeVar("Given", contravariant=True)
Output = TypeVar("Output", covariant=True)


# The actions that change something at VirusTotal. A test compares them with the registry, which bundles do not have.
WRITES = frozenset(
    ("add_comment", "add_vote", "delete_comment", "rescan", "rescan_file", "scan_file", "scan_url"),
)

# A scan may wait for quota first.
_SHARE_FOR_QUOTA = 0.25
# Kept back from the time of a scan, for the requests themselves.
_REQUESTS_S = 10.0


class WayIn(Protocol):
    """Where requests are answered: this process, or a server."""

    def answers(self, requests: Sequence[Mapping[str, Any]], within_s: float) -> list[dict[str, Any]]:
        """A response for each request, in order, in at most `within_s` seconds. Never raises for a request's sake."""


class Codec(Protocol[Given, Output]):
    """Two pure functions. `requests` passes a malformed value on as it is: the response then says what is wrong."""

    def requests(self, given: Given) -> list[dict[str, Any]]: ...

    def output(self, given: Given, responses: Sequence[Mapping[str, Any]]) -> Output: ...


def exchange(codec: Codec[Given, Output], given: Given, way_in: WayIn, within_s: float) -> Output:
    """The platform's output for its input. `within_s`: how long the platform lets it take."""
    requests = codec.requests(given)
    responses = way_in.answers(requests, within_s) if requests else []
    return codec.output(given, responses)


def request(action: str, params: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    """A request document."""
    document: dict[str, Any] = {"v": 1, "action": action, "params": dict(params)}
    if options:
        document["options"] = options
    return document


def request_within(action: str, params: Mapping[str, Any], within_s: float) -> dict[str, Any]:
    """A request that takes at most `within_s` seconds: if it waits for the end of a scan (`wait_s`), this wait and the
    one for quota share them.
    """
    if not isinstance(params.get("wait_s"), (int, float)):
        return request(action, params)
    left = max(0.0, within_s - _REQUESTS_S)
    for_quota = left * _SHARE_FOR_QUOTA
    return request(action, {**params, "wait_s": min(params["wait_s"], left - for_quota)}, max_wait_s=for_quota)


def may_write(request: Mapping[str, Any]) -> bool:
    """Whether it may change something at VirusTotal, so that it must not be repeated if its outcome is not known."""
    params = request.get("params")
    return request.get("action") in WRITES or bool(isinstance(params, Mapping) and params.get("scan_if_missing"))


def failed(given: Mapping[str, Any], code: str, message: str, *, retryable: bool) -> dict[str, Any]:
    """A response document for a request that got none."""
    error = {
        "code": code,
        "message": message,
        "retryable": retryable,
        "retry_after_s": None,
        "http_status": None,
        "vt_code": None,
        "details": {},
    }
    return {
        "v": 1,
        "id": given.get("id"),
        "action": given.get("action"),
        "status": "error",
        "summary": f"error: {message}",
        "data": None,
        "error": error,
        "meta": {"source": None, "fetched_at": None, "age_s": None, "requests": 0, "waited_s": 0.0, "quota": {}},
    }
