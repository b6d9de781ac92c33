"""Looks up a search's values through the endpoint: calls it until all have answers or no time is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from vt_connectors.contract.documents import Options, finds_no_quota
from vt_connectors.indicators import Kind

from ..cancellation import Cancellation
from ..wait_budget import WaitBudget, waited_s
from .client import EndpointClient

if TYPE_CHECKING:
    from vt_connectors.contract.response import Response

# How long one call may wait for quota. The rest of the wait is here, where it can be cancelled and blocks no other
# search.
WAIT_IN_CALL_S = 3.0
# How often to check whether the search has ended.
_LOOK_S = 0.2


class Rounds:
    """`responses` gives the response to each value, in any order; none for values after the end of the search."""

    def __init__(self, broker: EndpointClient, budget: WaitBudget, stopping: Cancellation) -> None:
        self._broker = broker
        self._budget = budget
        self._stopping = stopping
        self._pool = ThreadPoolExecutor(1)

    def responses(
        self, kind: Kind | None, values: Sequence[str], how: Callable[[float], Options]
    ) -> Iterator[tuple[str, Response]]:
        """`how` makes the options from the seconds that a call may wait."""
        left = list(values)
        while left and not self._stopping.stopped:
            began = time.monotonic()
            found = self._call(kind, left, how(min(self._budget.left(), WAIT_IN_CALL_S)))
            took = time.monotonic() - began
            self._budget.waited(began, max((waited_s(response, took) for response in found.values()), default=0.0))
            later = {value for value, response in found.items() if _retry_s(response) <= self._budget.left()}
            yield from ((value, response) for value, response in found.items() if value not in later)
            left = [value for value in left if value not in found or value in later]
            if any(finds_no_quota(response) for value, response in found.items() if value not in later):
                refused = self._refused(kind, left, how(self._budget.left()))
                yield from refused.items()
                left = [value for value in left if value not in refused]
                later -= refused.keys()
            if later:
                self._pause(min(_retry_s(found[value]) for value in later))

    def _refused(self, kind: Kind | None, values: Sequence[str], options: Options) -> dict[str, Response]:
        """The responses to other values that would find no quota, as long as the endpoint reports some."""
        refused: dict[str, Response] = {}
        left = list(values)
        while left and not self._stopping.stopped:
            found = self._done(self._pool.submit(self._broker.refused, kind, left, options))
            if not found:
                break
            refused.update(found)
            left = [value for value in left if value not in found]
        return refused

    def _call(self, kind: Kind | None, values: Sequence[str], options: Options) -> Mapping[str, Response]:
        return self._done(self._pool.submit(self._broker.ask, kind, values, options))

    def _done(self, call: Future[Mapping[str, Response]]) -> Mapping[str, Response]:
        """Empty if the search ends before the reply."""
        while not call.done() and not self._stopping.patience_is_over:
            wait([call], _LOOK_S)
        return call.result() if call.done() else {}

    def _pause(self, seconds: float) -> None:
        began = time.monotonic()
        until = began + max(seconds, _LOOK_S)
        while (rest := until - time.monotonic()) > 0 and not self._stopping.stopped:
            time.sleep(min(rest, _LOOK_S))
        self._budget.waited(began, time.monotonic() - began)


def _retry_s(response: Response) -> float:
    """In how many seconds there will be quota again; infinite if lack of quota is not the reason."""
    error = response["error"]
    if error is None or error["code"] != "rate_limited":
        return float("inf")
    return float(error["retry_after_s"] or 0.0)
