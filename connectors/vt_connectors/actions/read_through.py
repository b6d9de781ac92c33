"""Asking a question of VirusTotal once: the cache, one request for all who ask the same, and only then VirusTotal."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Callable, NamedTuple

from ..cache import Entry
from ..coalescing import Fetched, Task
from ..contract.documents import Options, Request, Source
from ..indicators import Indicator
from ..state.patience import patiently
from .context import Context
from .per_key import PARTS, CachedAnswer, Find, find_many
from .request_batch import BatchAnswers

if TYPE_CHECKING:
    from ..virustotal.account import Account
    from ..virustotal.budget import Budget
    from ..virustotal.port import Api
    from ..virustotal.probe import Permit


def _always(entry: Entry) -> bool:
    return True


def _nowhere(entry: Entry) -> Mapping[str, Entry]:
    return {}


class Query(NamedTuple):
    """`key`: what cache and leases know it by, within one version of the API.

    `parts`: which of `raw` and `engines` its answer has where they are asked for. `lives_s`: how old an answer may
    be, where that is less than other answers may. `covers`: whether a kept answer answers this question. `is_write`:
    asking changes something at VirusTotal. `not_before`: an answer that was fetched before (epoch seconds) will not do.
    `also`: the questions, by their keys, that an answer answers too, and how it stands in the cache for them.
    """

    key: str
    ask: Callable[[Api], Entry]
    parts: frozenset[str] = frozenset(("engines", "raw"))
    lives_s: float | None = None
    covers: Callable[[Entry], bool] = _always
    is_write: bool = False
    not_before: float = 0.0
    also: Callable[[Entry], Mapping[str, Entry]] = _nowhere


def find(question: Query, context: Context, request: Request, budget: Budget) -> tuple[Entry, Source] | None:
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

    return find_many(keys, context, options.include, will_do)


def report_key(context: Context, indicator: Indicator) -> str:
    """What the cache knows an indicator's report by."""
    return cache_key(context, indicator.key)


def space_begin(context: Context, version: str) -> str:
    """What the cache's keys of this server and that version of the API begin with."""
    _, at, server = context.space.partition("@")
    return f"v{version}{at}{server}:"


def cache_key(context: Context, key: str) -> str:
    return f"v{context.space}:{key}"


def forget(context: Context, key: str) -> None:
    """What is known of the question with this key of the cache is outdated."""
    context.cache.forget(key)
    if context.batch is not None:
        context.batch.forget(key)


class _Search:
    """One question's way through cache, single flight and VirusTotal."""

    def __init__(self, question: Query, context: Context, request: Request, budget: Budget) -> None:
        self._question = question
        self._context = context
        self._request = request
        self._options = request.options
        self._budget = budget
        self._key = cache_key(context, question.key)
        self._kept = CachedAnswer(context, self._key, request.api_key)
        self._parts = request.options.include & question.parts
        self._batch = context.batch or BatchAnswers()
        self._began = context.clock.now(), context.clock.monotonic()
        # With `refresh`: when the cached answers were fetched that will not do.
        self._outdated: frozenset[float] = frozenset()

    def run(self) -> tuple[Entry, Source] | None:
        mode = self._options.cache
        if not self._asks_anew:
            entry = self._read(self._context.cache.find)
            if entry is not None:
                return entry, "cache"
            if mode == "only":
                return None
        self._refuse_keys()
        if self._batch.has(self._key):
            known = self._known_in_batch()
            if known is not None:
                return known.entry, "shared"
        self._refuse_at_once()
        if mode == "refresh":
            self._outdated = self._kept.fetched_at()
        account = self._context.account(self._request.api_key)
        permit = account.permit(self._request.action, self._key, self._budget)
        try:
            fetched = self._context.single_flight.run(
                self._task(account, permit),
                self._budget.deadline,
                stays_here=mode == "off",
                known=self._known_in_batch,
                tell=lambda fetched: self._tell_batch(account, fetched),
            )
        finally:
            permit.leave()
        return fetched.entry, "shared" if fetched.is_shared else "api"

    def _tell_batch(self, account: Account, fetched: Fetched) -> None:
        self._batch.put(self._key, account.identity, fetched)
        public = self._question.also(fetched.public) if fetched.public is not None else {}
        for key, same in self._question.also(fetched.entry).items():
            answer = fetched._replace(entry=same, public=public.get(key))
            self._batch.put(cache_key(self._context, key), account.identity, answer)

    def _known_in_batch(self) -> Fetched | None:
        """What was answered in this batch is as good for an equal request as for the one that asked it."""
        account = self._context.account(self._request.api_key).identity
        found = self._batch.find(self._key, account)
        if found is None or not self._fits(found.entry):
            return None
        if not self._asks_anew and not self._is_fresh(found.entry):
            return None
        if not found.is_cached and self._options.cache != "off":
            # It was asked for by one that keeps nothing.
            found = self._keep(found.entry, found.public)
            self._batch.put(self._key, account, found)
        return found._replace(is_shared=True)

    def _refuse_at_once(self) -> None:
        """Without a lease and a slot, if the quota is known to be used up. Raises `RateLimited`.

        What another thread asks for is waited for instead. A drain ends with its first refusal.
        """
        budget = self._budget
        if budget.keep != 0 or self._context.single_flight.is_led_here(self._key):
            return
        refusal = self._context.refusal(self._request.api_key, budget.deadline, budget.claim_for(self._key))
        if refusal is not None:
            budget.quota = dict(refusal.usage)
            raise refusal.error

    def _task(self, account: Account, permit: Permit) -> Task:
        def fetch(waiting: Callable[[bool], None]) -> Fetched:
            self._budget.waiting = waiting
            entry = account.ask(permit, self._question.ask, self._budget)
            return self._keep(entry, entry.without(PARTS))

        def find() -> Entry | None:
            return self._read(self._context.cache.find_shared)

        is_write = self._question.is_write
        return Task(
            self._key,
            account.identity,
            find,
            fetch,
            self._keep,
            self._will_do,
            is_write=is_write,
            turn=permit.turn,
            permit=permit,
        )

    def _read(self, find: Find) -> Entry | None:
        """While the store cannot be read, it is not known whether VirusTotal was asked already: so it is waited for."""

        def look() -> Entry | None:
            return self._kept.find(find, self._parts, self._will_do, is_new=self._asks_anew)

        return patiently(look, self._context.clock, self._budget.deadline)

    def _keep(self, entry: Entry, public: Entry | None) -> Fetched:
        if self._options.cache == "off":
            return Fetched(entry, public)
        is_kept = self._kept.put(entry, self._stays)
        for key, same in self._question.also(entry).items():
            CachedAnswer(self._context, cache_key(self._context, key), self._request.api_key).put(same, self._stays)
        return Fetched(entry, public, is_cached=is_kept)

    def _stays(self, shared: Entry) -> bool:
        """Whether what is shared would do, but for what belongs to the key."""
        if self._asks_anew or not self._question.covers(shared) or shared.fetched_at < self._question.not_before:
            return False
        return shared.has(self._parts - PARTS) and self._is_fresh(shared)

    def _refuse_keys(self) -> None:
        """The configured key is known from here on: no value that has it leaves this process, not even as a lease."""
        guard = self._context.guard
        guard.read_key()
        guard.refuse(self._request.action, self._request.params, self._request.api_key)

    @property
    def _asks_anew(self) -> bool:
        return self._options.cache in ("off", "refresh")

    def _will_do(self, entry: Entry) -> bool:
        return self._fits(entry) and (self._is_new(entry) if self._asks_anew else self._is_fresh(entry))

    def _is_new(self, entry: Entry) -> bool:
        """Whether it was fetched since this question was asked, by the clock as it was then or is now."""
        began, began_monotonic = self._began
        clock = self._context.clock
        since = min(began, clock.now() - (clock.monotonic() - began_monotonic))
        return entry.fetched_at >= since and entry.fetched_at not in self._outdated

    def _fits(self, entry: Entry) -> bool:
        question = self._question
        return entry.has(self._parts) and question.covers(entry) and entry.fetched_at >= question.not_before

    def _is_fresh(self, entry: Entry) -> bool:
        limits = [limit for limit in (self._options.max_age_s, self._question.lives_s) if limit is not None]
        return self._context.freshness.will_do(entry, self._context.clock.now(), min(limits) if limits else None)
