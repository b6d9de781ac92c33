"""Asking a question of VirusTotal once: the cache, one request for all who ask the same, and only then VirusTotal."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Callable, NamedTuple

from ..cache import Entry
from ..contract import Options, Request, Source
from ..indicators import Indicator
from .context import Context

if TYPE_CHECKING:
    from ..coalescing.single_flight import Lead
    from ..virustotal.api import Api
    from ..virustotal.budget import Budget


def _always(entry: Entry) -> bool:
    return True


class Question(NamedTuple):
    """`key`: what cache and leases know it by, within one version of the API.

    `parts`: which of `raw` and `engines` its answer has where they are asked for. `lives_s`: how old an answer may
    be, where that is less than other answers may. `covers`: whether a kept answer answers this question.
    """

    key: str
    ask: Callable[[Api], Entry]
    parts: frozenset[str] = frozenset(("engines", "raw"))
    lives_s: float | None = None
    covers: Callable[[Entry], bool] = _always


def find(question: Question, context: Context, request: Request, budget: Budget) -> tuple[Entry, Source] | None:
    """The answer and where it came from; None when only the cache may be asked and has none.

    Raises `ConnectorError`.
    """
    return _Search(question, context, request, budget).run()


def find_kept(keys: Collection[str], context: Context, options: Options) -> dict[str, Entry]:
    """What the cache has for the questions with these keys, and may be given; none where it may not be read."""
    if options.cache not in ("default", "only"):
        return {}
    now = context.clock.now()

    def will_do(entry: Entry) -> bool:
        return entry.has(options.include) and context.freshness.will_do(entry, now, options.max_age_s)

    return context.cache.find_many(keys, will_do)


def report_key(context: Context, indicator: Indicator) -> str:
    """What the cache knows an indicator's report by."""
    return cache_key(context, indicator.key)


def cache_key(context: Context, key: str) -> str:
    return f"v{context.api_version}:{key}"


class _Search:
    """One question's way through cache, single flight and VirusTotal."""

    def __init__(self, question: Question, context: Context, request: Request, budget: Budget) -> None:
        self._question = question
        self._context = context
        self._request = request
        self._options = request.options
        self._budget = budget
        self._key = cache_key(context, question.key)
        self._parts = request.options.include & question.parts
        self._began = context.clock.now()

    def run(self) -> tuple[Entry, Source] | None:
        mode, cache = self._options.cache, self._context.cache
        if mode == "off":
            return self._ask(), "api"
        if mode != "refresh":
            entry = cache.find(self._key, self._will_do)
            if entry is not None:
                return entry, "cache"
            if mode == "only":
                return None
        entry, shared = self._context.single_flight.run(
            self._key,
            lambda: cache.find_shared(self._key, self._will_do),
            self._ask_and_keep,
            self._budget.deadline,
        )
        return entry, "shared" if shared else "api"

    def _will_do(self, entry: Entry) -> bool:
        if not entry.has(self._parts) or not self._question.covers(entry):
            return False
        if self._options.cache == "refresh":
            return entry.fetched_at >= self._began
        limits = [limit for limit in (self._options.max_age_s, self._question.lives_s) if limit is not None]
        return self._context.freshness.will_do(entry, self._context.clock.now(), min(limits) if limits else None)

    def _ask_and_keep(self, lead: Lead) -> Entry:
        self._budget.waiting = lead.waiting
        entry = self._ask()
        self._context.cache.put(self._key, entry)
        return entry

    def _ask(self) -> Entry:
        account = self._context.account(self._request.api_key)
        return account.ask(self._request.action, self._question.ask, self._budget)
