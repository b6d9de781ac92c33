"""The core: a request in, exactly one response out, whatever happens."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Callable

from .actions.local_answers import alike, answers_at_hand, refusal_of
from .actions.lookup import request_for
from .contract.documents import Cost, Options, Request, error_response, read_request, refusal, request_id, response
from .errors import ConnectorError, RateLimited, internal_error, told
from .indicators import Kind
from .observer import SILENT, Observer
from .redaction import own_key, redacted, without_own
from .virustotal.budget import Budget

if TYPE_CHECKING:
    from .actions import Context
    from .actions.cache_listing import CacheListing
    from .actions.drain import DrainLimits, DrainResult, OnResponse
    from .actions.request_batch import BatchAnswers
    from .contract.response import Response
    from .pending import Pending
    from .quota.waiters import Claim


def _named_as(document: Any, response: Response) -> Response:
    """`response` as the one to a request document."""
    return {**response, "id": redacted(request_id(document)), "action": document["action"]}


class Core:
    """Safe for many threads at once. Made by `composition.build`."""

    def __init__(self, context: Context, release: Callable[[], None] | None = None) -> None:
        self.context = context
        self._release = release

    @property
    def cache(self) -> CacheListing:
        """What is cached, for those who list or clear it."""
        from .actions.cache_listing import CacheListing

        return CacheListing(self.context)

    @property
    def pending(self) -> Pending:
        """The queue of lookups that wait for quota."""
        return self.context.pending

    def within(self, batch: BatchAnswers) -> Core:
        """The same core for the requests of one batch, of which equal ones are asked once."""
        return Core(self.context._replace(batch=batch))

    def close(self) -> None:
        """Let go of connections and files, while no request is under way. A later request opens what it needs anew."""
        self.end_batch()
        if self._release is not None:
            self._release()

    def answer(self, document: object, claim: Claim | None = None) -> Response:
        """The response to a request document as it came from outside. Never raises. `claim`: as in `run`."""
        try:
            self.context.guard.look_at(document)
            request = read_request(document)
            self._check_nulls(document, request)
        except Exception as error:
            return self.refuse(document, error if isinstance(error, ConnectorError) else internal_error())
        return self.run(request, claim=claim)

    def _check_nulls(self, document: Any, request: Request) -> None:
        """What is null is left out of a request, but its name must be one of the action's. Raises `ConnectorError`."""
        params = document["params"]
        if None in params.values():
            from .actions.registry import find

            self.context.guard.refuse(request.action, params, request.api_key)
            find(request.action).check(params)

    def refuse(self, document: object, error: ConnectorError) -> Response:
        """The response to a request document that is not worked on. Never raises."""
        self.context.guard.read_key()
        return without_own(refusal(document, error), own_key(document))

    def run(
        self,
        request: Request,
        observer: Observer = SILENT,
        keep: int | None = 0,
        claim: Claim | None = None,
    ) -> Response:
        """The response to a request. Never raises. `observer` hears how far a file is sent.

        `keep`: how many of the day's requests are left to others; None: the usual share. `claim`: which client asks,
        and whether it is a batch; without it, it is this process, which waits for this one answer.
        """
        # Imports included: an answer from the cache needs none of them.
        from .actions.registry import find

        clock = self.context.clock
        began = clock.monotonic()
        budget = Budget(began + request.options.max_wait_s)
        budget.observer = observer
        budget.keep = keep
        budget.claim = claim
        try:
            self._guard(request)
            action = find(request.action)
            action.check(request.params)
            outcome = action.run(self.context, request, budget)
        except Exception as failure:
            error = told(failure, has_written=budget.has_written)
            # What was read before a 429 does not show the pause.
            if isinstance(error, RateLimited) and (not budget.quota or error.http_status is not None):
                budget.quota = self._quota(request)
            if isinstance(failure, ConnectorError):
                self.context.guard.read_key()
            failed = error_response(request.action, request.id, error, self._spent(budget, began))
            return without_own(failed, request.api_key)
        answered = response(request.action, request.id, outcome, self._spent(budget, began), clock.now())
        return without_own(answered, request.api_key)

    def _guard(self, request: Request) -> None:
        """Raises `InvalidRequest` or `InvalidIndicator` if there is an API key where none belongs.

        The configured key is read if one may be there, and for what is to be asked in any case; a lookup that the
        cache does not answer looks again.
        """
        from .actions.registry import ACTIONS

        guard, action = self.context.guard, ACTIONS.get(request.action)
        guard.look_at([request.action, request.params, request.id])
        if (action is not None and action.writes) or request.options.cache in ("off", "refresh"):
            guard.read_key()
        guard.refuse(request.action, request.params, request.api_key)

    def look_up(self, kind: Kind | None, value: str, options: Options, claim: Claim | None = None) -> Response:
        """The response to looking `value` up; without `kind` it is recognised from the value. Never raises.

        `claim`: as in `run`.
        """
        guard = self.context.guard
        try:
            guard.look_at(value)
            guard.refuse("lookup", {kind or "value": value})
            request = request_for(kind, value, options, self.context.never_query)
        except ConnectorError as error:
            guard.read_key()
            return error_response(None, None, error)
        return self.run(request, claim=claim)

    def look_up_at_hand(
        self,
        kind: Kind | None,
        values: Iterable[str],
        options: Options,
        claim: Claim | None = None,
        *,
        after_refusal: bool = False,
    ) -> dict[str, Response]:
        """The responses to those of `values` for which nothing has to be asked, all found at once. Never raises.

        They are cached, skipped, or invalid; or refused, if another was refused for lack of quota a moment ago. Equal
        refusals are one object, which is not to be changed. A value that is left out is for `look_up` to answer.
        `claim`: as in `run`. `after_refusal`: unless they would be refused, no value is looked at.
        """
        responses: dict[str, Response] = {}
        shared: dict[tuple[Any, ...], Response] = {}
        try:
            if after_refusal and refusal_of(self.context, options, claim) is None:
                return responses
            now, values = self.context.clock.now(), self._without_keys(values)
            for value, of_kind, outcome, error, quota in answers_at_hand(kind, values, self.context, options, claim):
                action = f"lookup_{of_kind}" if of_kind else None
                if outcome is not None:
                    responses[value] = response(action, None, outcome, Cost(), now)
                elif isinstance(error, RateLimited):
                    key = (of_kind, error.retry_after, error.message, error.details["queued"])
                    if key not in shared:
                        shared[key] = error_response(action, None, error, Cost(quota=quota))
                    responses[value] = shared[key]
                elif error is not None:
                    responses[value] = error_response(action, None, error)
        except Exception:
            internal_error()
        return responses

    def answers_at_hand(self, documents: Sequence[object], claim: Claim | None = None) -> list[Response | None]:
        """The responses to those of the request documents that are lookups at hand; None for all others. Never raises.

        None is looked at unless another was refused for lack of quota a moment ago. `claim`: as in `run`.
        """
        found: list[Response | None] = [None] * len(documents)
        try:
            if refusal_of(self.context, Options(max_wait_s=0.0), claim) is None:
                return found
            self.context.guard.look_at(documents)
            for kind, options, places in alike(documents):
                responses = self.look_up_at_hand(kind, places.values(), options, claim)
                for place, value in places.items():
                    if value in responses:
                        found[place] = _named_as(documents[place], responses[value])
        except Exception:
            internal_error()
        return found

    def end_batch(self) -> None:
        """After several requests: write what could not be written to the queue of pending lookups, if possible."""
        self.context.pending.flush()

    def _without_keys(self, values: Iterable[str]) -> list[str]:
        given = list(values)
        self.context.guard.look_at(given)
        return self.context.guard.without(given)

    def drain(self, spend: DrainLimits, heard: OnResponse | None = None) -> DrainResult:
        """Ask for what is queued, oldest first, as far as the quota goes. `heard` hears each answer. Never raises."""
        from .actions.drain import Drain, DrainResult

        try:
            return Drain(self.run, self.context, spend, heard).run()
        except Exception:
            return DrainResult(message=internal_error().message)

    def _spent(self, budget: Budget, began: float) -> Cost:
        duration_ms = round((self.context.clock.monotonic() - began) * 1000)
        return Cost(budget.requests, budget.waited_s, duration_ms, budget.quota)

    def _quota(self, request: Request) -> dict[str, Any]:
        """Its state, of at most a second ago."""
        try:
            refusal = self.context.refusal(request.api_key, -math.inf, None)
            if refusal is not None:
                return dict(refusal.usage)
            return self.context.account(request.api_key).limiter.usage()
        except ConnectorError:
            return {}
