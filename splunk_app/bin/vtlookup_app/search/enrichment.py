"""The answers of one search: each distinct value is looked up once, several at the same time, and counted."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from vt_connectors.contract.documents import CacheMode, Options, finds_no_quota
from vt_connectors.indicators import Kind, first_of_equal

from .. import result_fields as columns
from ..cancellation import Cancellation
from ..options import SearchOptions
from ..result_fields import Columns, SharedColumns
from ..search_summary import SearchSummary
from ..wait_budget import WaitBudget, waited_s
from ..warning_collector import WarningCollector

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from vt_connectors.actions.lookup_port import LookingUp
    from vt_connectors.contract.response import Response
    from vt_connectors.quota.waiters import Claim

    from ..endpoint_client.client import EndpointClient
    from ..endpoint_client.rounds import Rounds

_SIDE_BY_SIDE = 8
# A reservation ends one window after its response: with this factor, wait=60 reaches the next minute's quota.
_LEEWAY = 1.05
# How often to check whether the search has ended.
_LOOK_S = 0.2
# Values to look up in the cache between two checks whether the search has ended. Their answers, which have many objects
# each, are in memory at the same time.
_AT_ONCE = 250


class Enrichment:
    """`columns_for(values)` gives each value's fields; a value is looked up once per search.

    `broker()` is called before the first request, and gives the endpoint's client if this search cannot see the key.
    """

    def __init__(
        self,
        core: LookingUp,
        options: SearchOptions,
        warnings: WarningCollector,
        stopping: Cancellation | None = None,
        broker: Callable[[], EndpointClient | None] | None = None,
    ) -> None:
        self._core = core
        self._warnings = warnings
        self._options = options
        self._stopping = stopping or Cancellation()
        self._known: dict[str, Columns] = {}
        self._budget = WaitBudget(options.wait_s * _LEEWAY)
        self._tally = SearchSummary(options.noun)
        self._asks = 0
        self._find_broker = broker
        self._shared = SharedColumns()

    def columns_for(self, values: Iterable[str], *, preview: bool) -> Mapping[str, Columns]:
        """Fields by value. A preview sends no requests: values without an answer are `pending`."""
        new = [value for value in dict.fromkeys(values) if value not in self._known]
        if preview:
            return {**self._known, **self._preview(new)}
        left = self._answer_at_hand(new)
        rounds = self._rounds if left else None
        if rounds is not None:
            self._ask_broker(rounds, left)
        elif left:
            self._ask_all(left)
        return self._known

    def _answer_at_hand(self, values: Sequence[str], *, after_refusal: bool = False) -> list[str]:
        """Answer the values that need no request, and return the others. `after_refusal`: see the core."""
        for begin in range(0, len(values), _AT_ONCE):
            if self._stopping.patience_is_over:
                break
            some = values[begin : begin + _AT_ONCE]
            how = self._how(self._options.cache, self._budget.left())
            found = self._core.look_up_at_hand(self._kind, some, how, self._claim, after_refusal=after_refusal)
            for value, response in found.items():
                self._know(value, response)
            if after_refusal and not found:
                break
        return [value for value in values if value not in self._known]

    def _know(self, value: str, response: Response) -> None:
        self._tally.answered(response)
        self._known[value] = self._shared.of_response(response)

    def _ask_all(self, values: Collection[str]) -> None:
        """Look up several values at the same time. After one finds no quota, those known to find none are not sent.

        If the search ends, requests in flight are given up a little later.
        """
        from concurrent.futures import FIRST_COMPLETED, Future, wait

        self._asks += len(values)
        left = deque(values)
        asked: dict[Future[Response | None], str] = {}
        while (left or asked) and not self._stopping.patience_is_over:
            while left and len(asked) < _SIDE_BY_SIDE:
                value = left.popleft()
                asked[self._pool.submit(self._ask, value)] = value
            no_quota = False
            for future in wait(asked, _LOOK_S, FIRST_COMPLETED).done:
                value, response = asked.pop(future), future.result()
                if response is None:
                    self._known[value] = columns.ENDED
                else:
                    self._know(value, response)
                    no_quota = no_quota or finds_no_quota(response)
            if no_quota and left:
                left = deque(self._answer_at_hand(list(left), after_refusal=True))
        for future, value in asked.items():
            future.cancel()
            self._known[value] = columns.ENDED
        self._known.update(dict.fromkeys(left, columns.ENDED))

    @cached_property
    def _rounds(self) -> Rounds | None:
        broker = self._find_broker() if self._find_broker is not None else None
        if broker is None:
            return None
        from ..endpoint_client.rounds import Rounds

        return Rounds(broker, self._budget, self._stopping)

    def _ask_broker(self, rounds: Rounds, values: Sequence[str]) -> None:
        """Send spellings of the same indicator once."""
        spellings: dict[str, list[str]] = {}
        for value, first in first_of_equal(self._kind, values).items():
            spellings.setdefault(first, []).append(value)
        for first, response in rounds.responses(self._kind, list(spellings), partial(self._how, self._options.cache)):
            for value in spellings[first]:
                self._know(value, response)
        for value in values:
            self._known.setdefault(value, columns.ENDED)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(_SIDE_BY_SIDE)

    def _ask(self, value: str) -> Response | None:
        """None if the search has ended."""
        if self._stopping.stopped:
            return None
        began = time.monotonic()
        response = self._core.look_up(
            self._kind, value, self._how(self._options.cache, self._budget.left()), self._claim
        )
        self._budget.waited(began, waited_s(response, time.monotonic() - began))
        return response

    def _preview(self, values: Sequence[str]) -> dict[str, Columns]:
        found = self._core.look_up_at_hand(self._kind, values, self._how("only", 0.0))
        # If this search cannot see the key, only the endpoint has the answers for it.
        return {value: self._previewed(found[value]) if value in found else columns.PENDING for value in values}

    def _previewed(self, response: Response) -> Columns:
        if self._options.cache != "only" and (response["data"] or {}).get("reason") == "not_cached":
            return columns.PENDING
        return columns.of_response(response)

    @property
    def _claim(self) -> Claim | None:
        """In the queue for quota, a search with several lookups is a batch. It ends before it could return."""
        from vt_connectors.quota.waiters import BATCH

        return BATCH._replace(returns=False) if self._asks > 1 else None

    @property
    def _kind(self) -> Kind | None:
        kind: Any = self._options.kind
        return kind  # type: ignore[no-any-return]  # one of the core's, which `search_options` must not load

    def _how(self, cache: Any, max_wait_s: float) -> Options:
        mode: CacheMode = cache
        include = self._options.parts
        by: Any = self._options.verdict_by
        return Options(mode, self._options.max_age_s, max_wait_s, include, verdict_by=by)

    def end(self) -> None:
        """Call this after the last value."""
        self._core.end_batch()

    def figures(self) -> dict[str, Any]:
        """For the log: results of the distinct values."""
        known = list(self._known.values())
        pending = sum(found["status"] == "pending" for found in known)
        queued = sum(found["queued"] == "true" for found in known)
        waited_s = round(self._budget.spent, 3)
        return {
            "distinct": len(known),
            **self._tally.figures(),
            "pending": pending,
            "queued": queued,
            "waited_s": waited_s,
        }

    def message(self) -> str | None:
        """A message for the search's user; None if there was no problem."""
        summary = self._tally.message()
        return "; ".join([*([summary] if summary else []), *self._warnings.texts]) or None
