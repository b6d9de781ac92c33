"""The first answer to a write with an idempotency key: a repetition gets it instead of performing the write again.

Before a write is performed, a marker is stored under the key, and afterwards its answer. A marker without an answer is
left by a process that ended in between; then it is unknown whether the write took effect. Both are in the store of the
cached answers, so they hold for all processes that share it, and after a restart. A lease keeps two processes from
performing the same write at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable, Literal, NamedTuple

from ..cache import Entry
from ..clock import iso
from ..coalescing import Fetched, Task, find_nothing
from ..contract.documents import error_response, request_id
from ..errors import ConnectorError, OutcomeUnknown, RateLimited, Unavailable, internal_error
from ..state.fallback import patiently
from .context import Context

if TYPE_CHECKING:
    from ..contract.response import Response

LASTS_S = 24 * 3600.0
Found = Literal["first", "repeated", "in_progress", "other_request"]
_ANSWERS = ("ok", "not_found", "pending")


class Keyed(NamedTuple):
    """`found`: `first`: the write was performed now; `repeated`: the answer is the first one's; `in_progress`: the
    first is not answered yet; `other_request`: the key belongs to another request. Without a `response` in the last
    two cases.
    """

    found: Found
    response: Response | None = None


class _OtherRequest(Exception):
    """The key was used with another request."""


class FirstAnswers:
    """The first answers of one process's callers, in the state that all processes share."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def answer(
        self, client: str, key: str, document: Mapping[str, Any], wait_s: float, perform: Callable[[], Response]
    ) -> Keyed:
        """The answer of `perform()`, or the one that the same `client` got for the same `key` within `LASTS_S`.

        `document`: the request; it must be equal, apart from its id. Waits for a first request in progress, for
        `wait_s` seconds at most. What surely changed nothing at VirusTotal is not remembered, and performed again.
        Raises what `perform` raises, which must have sent nothing then.
        """
        name = "idempotency:" + _digest([client, key])
        attempt = _Attempt(self._context, name, document, perform)
        try:
            response = attempt.run(self._context.clock.monotonic() + wait_s)
        except _OtherRequest:
            return Keyed("other_request")
        except RateLimited:
            return Keyed("in_progress")
        except Exception as failure:
            if failure is attempt.refusal:
                raise
            error = failure if isinstance(failure, ConnectorError) else internal_error()
            return Keyed("first", error_response(_action(document), request_id(document), error))
        return Keyed("first" if attempt.has_performed else "repeated", {**response, "id": request_id(document)})


class _Attempt:
    """One request with a key."""

    def __init__(
        self, context: Context, name: str, document: Mapping[str, Any], perform: Callable[[], Response]
    ) -> None:
        self._context = context
        self._name = name
        self._action = _action(document)
        self._fingerprint = _digest(_without_id(document))
        self._perform = perform
        self.has_performed = False
        self.refusal: Exception | None = None

    def run(self, deadline: float) -> Response:
        """Raises `RateLimited` if the first is still in progress at the deadline, and `_OtherRequest`."""
        task = Task(
            self._name,
            "",
            find_nothing,
            self._lead,
            lambda entry, public: Fetched(entry, public),
            self._is_ours,
            lasts=False,
        )
        response: Response = self._context.single_flight.run(task, deadline).entry.report["response"]
        return response

    def _is_ours(self, entry: Entry) -> bool:
        return entry.report.get("request") == self._fingerprint

    def _lead(self, waiting: Callable[[bool], None]) -> Fetched:
        """The lease is held, so no other process is at work on this key."""
        # Followers then wait until their own deadlines only.
        waiting(True)
        found = self._stored()
        if found is not None:
            if not self._is_ours(found):
                raise _OtherRequest
            if found.report.get("response") is None:
                found = self._entry(self._lost(found))
                self._context.cache.put(self._name, found)
            return Fetched(found, found, is_cached=True)
        return self._performed()

    def _stored(self) -> Entry | None:
        """The marker or answer. Memory is not asked: it may have the marker of an answer that another process gave."""
        context = self._context

        def look() -> Entry | None:
            now = context.clock.now()
            return context.cache.find_shared(self._name, lambda entry: not context.freshness.is_expired(entry, now))

        return patiently(look, context.clock, context.clock.monotonic())

    def _performed(self) -> Fetched:
        if not self._context.cache.put(self._name, self._entry(None)):
            # It may be in the memory of this process, where a repetition would find it.
            self._context.cache.forget(self._name)
            raise Unavailable(
                "the Idempotency-Key could not be recorded in the shared state, so nothing was sent: repeat it later, "
                "or leave the key out",
                details={"source": "state"},
            )
        self.has_performed = True
        try:
            response = self._perform()
        except Exception as refusal:
            self.refusal = refusal
            self._context.cache.forget(self._name)
            raise
        entry = self._entry(response)
        if not _may_have_written(response):
            self._context.cache.forget(self._name)
            return Fetched(entry, entry)
        is_stored = self._context.cache.put(self._name, entry)
        if not is_stored:
            # It may be too large. Without the marker a repetition would write again.
            self._context.cache.put(self._name, self._entry(None))
        return Fetched(entry, entry, is_cached=is_stored)

    def _entry(self, response: Response | None) -> Entry:
        """A copy is neither listed nor counted as an answer of VirusTotal's."""
        now = self._context.clock.now()
        report = {"expires": iso(now + LASTS_S), "request": self._fingerprint, "response": response}
        return Entry("ok", report, now, is_copy=True)

    def _lost(self, marker: Entry) -> Response:
        began = iso(marker.fetched_at)
        error = OutcomeUnknown(
            f"a request with this Idempotency-Key began at {began}, and its process ended without an answer; it was "
            "not repeated. Check whether it took effect, and repeat it with another key if it did not"
        )
        return error_response(self._action, None, error)


def _may_have_written(response: Response) -> bool:
    error = response["error"]
    return error["code"] == OutcomeUnknown.code if error is not None else response["status"] in _ANSWERS


def _without_id(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """An invalid id stays, so that its request is refused and not answered like the first."""
    if "id" not in document or (document["id"] is not None and request_id(document) is None):
        return document
    return {name: value for name, value in document.items() if name != "id"}


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode("ascii")).hexdigest()


def _action(document: Mapping[str, Any]) -> str | None:
    action = document.get("action")
    return action if isinstance(action, str) else None
