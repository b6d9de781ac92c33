"""Answers the requests of one call side by side, in bounded time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from ...actions import interrupted, is_write
from ...clock import Clock
from ...contract.documents import refusal
from ...errors import RequestTimeout

if TYPE_CHECKING:
    from ...contract.response import Response

# The response to a document, which may wait for this many seconds.
Answer = Callable[[Any, float], "Response"]

# The largest values that the contract accepts.
_MAX_WAIT_S, _WAIT_S = 86400, 3600


class _Made(NamedTuple):
    """`at`: the clock's monotonic seconds."""

    response: Response
    at: float


class SideBySide:
    """Safe for many calls at once, which share the `threads`."""

    def __init__(self, clock: Clock, threads: int) -> None:
        self._clock = clock
        self._pool = ThreadPoolExecutor(threads)

    def answers(
        self, documents: Sequence[Any], answer: Answer, longest_wait_s: float, longest_s: float
    ) -> list[Response]:
        """The responses to the documents, in their order. `answer` never raises.

        `longest_wait_s`: for all of them together; each is given what is left of it. `longest_s`: for the call. The
        requests in flight then continue without it, so that their answers get into the cache.
        """
        began = self._clock.monotonic()
        asked = [self._pool.submit(self._made, answer, document, began + longest_wait_s) for document in documents]
        wait(asked, max(0.0, began + longest_s - self._clock.monotonic()))
        now = self._clock.monotonic()
        return [_outcome(future, document, now, longest_s) for future, document in zip(asked, documents)]

    def _made(self, answer: Answer, document: Any, until: float) -> _Made:
        response = answer(document, max(0.0, until - self._clock.monotonic()))
        return _Made(response, self._clock.monotonic())


def within(document: Any, longest_s: float) -> Any:
    """The request with its waiting times limited. Invalid values are left to the core, which refuses them."""
    if not isinstance(document, Mapping):
        return document
    options, params = document.get("options"), document.get("params")
    options = {} if options is None else options
    bounded = dict(document)
    if isinstance(options, Mapping):
        bounded["options"] = {**options, "max_wait_s": _at_most(options.get("max_wait_s"), longest_s, _MAX_WAIT_S)}
    if isinstance(params, Mapping) and params.get("wait_s") is not None:
        bounded["params"] = {**params, "wait_s": _at_most(params["wait_s"], longest_s, _WAIT_S)}
    return bounded


def _at_most(given: Any, most: float, valid: float) -> Any:
    if given is None:
        return most
    is_number = isinstance(given, (int, float)) and not isinstance(given, bool)
    return min(given, most) if is_number and given <= valid else given


def _outcome(future: Future[_Made], document: Any, now: float, longest_s: float) -> Response:
    if future.done():
        response, made_at = future.result()
        return _sent_later(response, now - made_at)
    never_began = future.cancel()
    why = f"no answer within {longest_s:g} s"
    error = RequestTimeout(f"{why}; try again with fewer requests")
    may_have_written = not never_began and is_write(document)
    return refusal(document, interrupted(why, error, may_have_written=may_have_written))


def _sent_later(response: Response, passed_s: float) -> Response:
    """A response that was ready before the others: its `retry_after_s` now counts from the reply."""
    error = response["error"]
    if error is None or not error["retry_after_s"]:
        return response
    return {**response, "error": {**error, "retry_after_s": round(max(0.0, error["retry_after_s"] - passed_s), 3)}}
