"""What one search knows: each distinct value asked once, several side by side, and the account of it all."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from connectors.contract import CacheMode, Options
from connectors.indicators import Kind

from . import columns
from .columns import Columns
from .heard_warnings import HeardWarnings
from .search_options import SearchOptions
from .stopping import Stopping
from .tally import Tally
from .waiting import WaitBudget, waited_s

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from .broker.asking import Broker
    from .broker.rounds import Rounds

_SIDE_BY_SIDE = 8
# A slot is free again one window after its answer came: wait=60 is meant to reach the next minute's.
_LEEWAY = 1.05
# How long it takes at most to notice that the search is over.
_LOOK_S = 0.2
_ENDED = {"status": "pending", "error": "cancelled: the search ended before this one's turn"}


class LookingUp(Protocol):
    def look_up(self, kind: Kind | None, value: str, options: Options) -> dict[str, Any]: ...

    def look_up_cached(
        self, kind: Kind | None, values: Iterable[str], options: Options
    ) -> Mapping[str, dict[str, Any]]: ...


def _nobody() -> None:
    return None


class Enrichment:
    """`columns_for(values)` gives each value's fields; a value is asked about once a search.

    `broker()` tells, once VirusTotal is to be asked, who asks for us if we may not do so ourselves.
    """

    def __init__(
        self,
        core: LookingUp,
        options: SearchOptions,
        warnings: HeardWarnings,
        stopping: Stopping | None = None,
        broker: Callable[[], Broker | None] = _nobody,
    ) -> None:
        self._core = core
        self._warnings = warnings
        self._options = options
        self._stopping = stopping or Stopping()
        self._known: dict[str, Columns] = {}
        self._budget = WaitBudget(options.wait_s * _LEEWAY)
        self._tally = Tally(options.noun)
        self._has_asked = False
        self._find_broker = broker

    def columns_for(self, values: Iterable[str], *, preview: bool) -> Mapping[str, Columns]:
        """Fields by value. In a preview nothing new is asked: what is not known already is `pending`."""
        new = [value for value in dict.fromkeys(values) if value not in self._known]
        cached = self._core.look_up_cached(self._kind, new, self._how(self._options.cache, 0.0))
        found = {value: columns.of_response(response) for value, response in cached.items()}
        new = [value for value in new if value not in found]
        if preview:
            return {**self._known, **found, **{value: self._preview(value) for value in new}}
        self._known.update(found)
        for response in cached.values():
            self._tally.saw(response)
        rounds = self._rounds if new and self._options.cache != "only" else None
        if rounds is not None:
            self._ask_broker(rounds, new)
            return self._known
        # Until a request has gone out, one at a time: a refused key costs a single one.
        first = 0
        while first < len(new) and not self._has_asked:
            self._ask_all(new[first : first + 1])
            first += 1
        self._ask_all(new[first:])
        return self._known

    def _ask_all(self, values: Collection[str]) -> None:
        """All that is under way when the search is over is given up a little later."""
        if not values:
            return
        from concurrent.futures import wait

        asked = {self._pool.submit(self._ask, value): value for value in values}
        left = set(asked)
        while left and not self._stopping.patience_is_over:
            done, left = wait(left, _LOOK_S)
            for future in done:
                self._known[asked[future]] = future.result()
        for future in left:
            future.cancel()
            self._known[asked[future]] = {**columns.empty(), **_ENDED}

    @cached_property
    def _rounds(self) -> Rounds | None:
        broker = self._find_broker()
        if broker is None:
            return None
        from .broker.rounds import Rounds

        return Rounds(broker, self._budget, self._stopping)

    def _ask_broker(self, rounds: Rounds, values: Sequence[str]) -> None:
        found = rounds.responses(self._kind, values, lambda wait_s: self._how(self._options.cache, wait_s))
        for value, response in found:
            self._tally.saw(response)
            self._known[value] = columns.of_response(response)
        for value in values:
            self._known.setdefault(value, {**columns.empty(), **_ENDED})

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(_SIDE_BY_SIDE)

    def _ask(self, value: str) -> Columns:
        if self._stopping.stopped:
            return {**columns.empty(), **_ENDED}
        began = time.monotonic()
        response = self._look_up(value, self._options.cache, self._budget.left())
        meta = response["meta"]
        self._budget.waited(began, waited_s(response, time.monotonic() - began))
        self._has_asked = self._has_asked or meta["requests"] > 0 or meta["source"] == "shared"
        self._tally.saw(response)
        return columns.of_response(response)

    def _preview(self, value: str) -> Columns:
        response = self._look_up(value, "only", 0.0)
        if self._options.cache != "only" and (response["data"] or {}).get("reason") == "not_cached":
            return {**columns.empty(), "status": "pending"}
        return columns.of_response(response)

    def _look_up(self, value: str, cache: str, max_wait_s: float) -> dict[str, Any]:
        return self._core.look_up(self._kind, value, self._how(cache, max_wait_s))

    @property
    def _kind(self) -> Kind | None:
        kind: Any = self._options.kind
        return kind  # type: ignore[no-any-return]  # one of the core's, which `search_options` must not load

    def _how(self, cache: Any, max_wait_s: float) -> Options:
        mode: CacheMode = cache
        include = frozenset(["raw"]) if self._options.raw else frozenset()
        return Options(mode, self._options.max_age_s, max_wait_s, include)

    def figures(self) -> dict[str, Any]:
        """For the log: what became of the distinct values."""
        known = list(self._known.values())
        pending = sum(found["status"] == "pending" for found in known)
        waited_s = round(self._budget.spent, 3)
        return {"distinct": len(known), **self._tally.figures(), "pending": pending, "waited_s": waited_s}

    def message(self) -> str | None:
        """What the search's user should know; None where all went well."""
        told = self._tally.message()
        return "; ".join([*([told] if told else []), *self._warnings.texts]) or None
