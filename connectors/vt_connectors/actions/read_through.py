"""Read-through: a query is answered from the cache, else by one request to VirusTotal that equal queries share."""

from __future__ import annotations

from ..cache import Entry
from ..contract.documents import Request, Source
from ..deferred import deferred
from ..errors import Forbidden
from ..indicators import Indicator
from ..light_typing import TYPE_CHECKING, Callable
from ..state.fallback import patiently
from .answer_parts import PARTS, CachedAnswer, Find, own_key
from .context import Context, new_batch
from .context import Query as Query

if TYPE_CHECKING:
    from ..api_key import ApiKey
    from ..coalescing import Fetched, Task
    from ..virustotal.account import Account
    from ..virustotal.budget import Budget
    from ..virustotal.probe import Permit


def find(question: Query, context: Context, request: Request, budget: Budget) -> tuple[Entry, Source] | None:
    """The answer and its source; None if only the cache may be used and has no answer.

    Without `raw` if `request` does not include it: the answer may be shared with a request that does.
    Raises `ConnectorError`.
    """
    try:
        found = _Search(question, context, request, budget).run()
    except Forbidden as error:
        from ..virustotal.licences import naming_licence

        raise naming_licence(error, question.licence) from None
    if found is None or "raw" in request.options.include:
        return found
    entry, source = found
    return entry.without(("raw",)), source


def report_key(context: Context, indicator: Indicator) -> str:
    """The cache key of an indicator's report."""
    return cache_key(context, indicator.key)


def space_begin(context: Context, version: str) -> str:
    """The prefix of the cache keys for this server and the API version `version`."""
    _, at, server = context.space.partition("@")
    return f"v{version}{at}{server}:"


def cache_key(context: Context, key: str) -> str:
    return f"v{context.space}:{key}"


def query_key(context: Context, question: Query, api_key: ApiKey | None) -> str:
    """The cache key of a query's answer. Without any API key, a licensed answer has a key that no answer has."""
    shared = cache_key(context, question.key)
    return own_key(shared, context.owner(api_key) or "none") if question.is_per_key else shared


def forget(context: Context, key: str) -> None:
    """Remove the answer with this cache key, because it is outdated."""
    context.cache.forget(key)
    if context.batch is not None:
        context.batch.forget(key)


class _Search:
    """One query: cache, single flight, then VirusTotal."""

    def __init__(self, question: Query, context: Context, request: Request, budget: Budget) -> None:
        self._question = question
        self._context = context
        self._request = request
        self._options = request.options
        self._budget = budget
        self._key = query_key(context, question, request.api_key)
        self._kept = CachedAnswer(context, self._key, request.api_key, is_per_key=question.is_per_key)
        self._parts = question.parts
        self._batch = context.batch or deferred(new_batch)
        self._began = context.clock.now(), context.clock.monotonic()
        # With `refresh`: the fetch times of the cached answers, which are not accepted.
        self._outdated: frozenset[float] = frozenset()

    def run(self) -> tuple[Entry, Source] | None:
        mode = self._options.cache
        if not self._ignores_cached:
            entry = self._read(self._context.cache.find)
            if entry is not None:
                return entry, "cache"
            if mode == "only":
                return None
        # Values that contain the key must not leave this process, not even in a lease.
        guard = self._context.guard
        guard.read_key()
        guard.refuse(self._request.action, self._request.params, self._request.api_key)
        if self._batch.has(self._key):
            known = self._known_in_batch()
            if known is not None:
                return known.entry, "shared"
        if self._question.is_counted:
            self._refuse_at_once()
        if mode == "refresh":
            self._outdated = self._kept.fetched_at()
        account = self._context.account(self._request.api_key)
        permit = self._permit(account)
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

    def _permit(self, account: Account) -> Permit:
        purpose = self._question.purpose or self._request.action
        if not self._question.is_counted:
            return account.permit_without_quota(purpose)
        return account.permit(purpose, self._key, self._budget)

    def _tell_batch(self, account: Account, fetched: Fetched) -> None:
        self._batch.put(self._key, account.identity, fetched)
        public = self._question.also(fetched.public) if fetched.public is not None else {}
        for key, same in self._question.also(fetched.entry).items():
            answer = fetched._replace(entry=same, public=public.get(key))
            self._batch.put(cache_key(self._context, key), account.identity, answer)

    def _known_in_batch(self) -> Fetched | None:
        """The answer that an equal request of this batch got, if it is valid for this one."""
        account = self._context.account(self._request.api_key).identity
        found = self._batch.find(self._key, account)
        if found is None or not self._fits(found.entry):
            return None
        if not self._ignores_cached and not self._is_fresh(found.entry):
            return None
        if not found.is_cached and self._options.cache != "off":
            # The equal request had `cache: off`.
            found = self._keep(found.entry, found.public)
            self._batch.put(self._key, account, found)
        return found._replace(is_shared=True)

    def _refuse_at_once(self) -> None:
        """Raises `RateLimited`, without a lease or reservation, if the quota is known to be used up.

        Not if another thread is fetching the same answer: then this one waits for it. Nor in a drain, which ends with
        its first refusal.
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

        from ..coalescing import Task

        def find() -> Entry | None:
            return self._read(self._context.cache.find_shared)

        return Task(
            self._key,
            account.identity,
            find,
            fetch,
            self._keep,
            self._will_do,
            is_write=self._question.is_write,
            turn=permit.turn,
            permit=permit,
        )

    def _read(self, find: Find) -> Entry | None:
        """Read the cache. If the store cannot be read, wait for it: another process may have sent the request."""

        def look() -> Entry | None:
            return self._kept.find(find, self._parts, self._will_do, is_new=self._ignores_cached)

        return patiently(look, self._context.clock, self._budget.deadline)

    def _keep(self, entry: Entry, public: Entry | None) -> Fetched:
        from ..coalescing import Fetched

        if self._options.cache == "off":
            return Fetched(entry, public)
        is_kept = self._kept.put(entry, self._stays)
        for key, same in self._question.also(entry).items():
            CachedAnswer(self._context, cache_key(self._context, key), self._request.api_key).put(same, self._stays)
        return Fetched(entry, public, is_cached=is_kept)

    def _stays(self, shared: Entry) -> bool:
        """Whether the shared part of the answer is acceptable, apart from the parts that belong to a key."""
        if self._ignores_cached or not self._question.covers(shared) or shared.fetched_at < self._question.not_before:
            return False
        return shared.has(self._parts - PARTS) and self._is_fresh(shared)

    @property
    def _ignores_cached(self) -> bool:
        return self._options.cache in ("off", "refresh")

    def _will_do(self, entry: Entry) -> bool:
        return self._fits(entry) and (self._is_new(entry) if self._ignores_cached else self._is_fresh(entry))

    def _is_new(self, entry: Entry) -> bool:
        """Whether it was fetched after this query began, by the clock as it was then or as it is now."""
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
