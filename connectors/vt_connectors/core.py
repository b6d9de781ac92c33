"""The core: answers every request with exactly one response."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .contract.documents import Cost, Options, Request, error_response, has_unknown, read_request, refusal, response
from .deferred import is_made
from .errors import ConnectorError, RateLimited, internal_error, told
from .indicators import Kind
from .light_typing import TYPE_CHECKING, Any, Callable
from .redaction import own_key, without_own
from .virustotal.budget import Budget

if TYPE_CHECKING:
    from .actions import Action, Context
    from .actions.action import Run
    from .actions.cache_listing import CacheListing
    from .actions.drain import DrainLimits, DrainResult, OnResponse
    from .actions.request_batch import BatchAnswers
    from .contract.documents import Outcome
    from .contract.response import Response
    from .observer import Observer
    from .pending import Pending
    from .quota.client_shares import ClientShares
    from .quota.waiters import Claim


class Core:
    """Thread-safe. Made by `composition.build`."""

    def __init__(self, context: Context, release: Callable[[], None] | None = None) -> None:
        self.context = context
        self._release = release

    @property
    def cache(self) -> CacheListing:
        """Lists and clears the cached answers."""
        from .actions.cache_listing import CacheListing

        return CacheListing(self.context)

    @property
    def pending(self) -> Pending:
        """The queue of lookups that wait for quota."""
        return self.context.pending

    @property
    def shares(self) -> ClientShares:
        """The shares of clients in the quota of the configured key. Raises `ConfigError` if there is no key."""
        return self.context.account(None).limiter.shares

    def within(self, batch: BatchAnswers) -> Core:
        """The same core for the requests of one batch: equal requests are sent once."""
        return Core(self.context._replace(batch=batch))

    def close(self) -> None:
        """Close connections and files. No request may be in flight. A later request opens them again."""
        self.end_batch()
        if self._release is not None:
            self._release()

    def answer(self, document: object, claim: Claim | None = None) -> Response:
        """The response to a request document from outside. Never raises. `claim`: as in `run`."""
        try:
            self.context.guard.look_at(document)
            request = read_request(document)
            params: Any = document["params"]  # type: ignore[index]  # the document is valid
            if None in params.values() or has_unknown(document):
                from .actions.request_checks import check_params

                check_params(document, request, self.context.guard)
        except Exception as error:
            return self.refuse(document, error if isinstance(error, ConnectorError) else internal_error())
        return self.run(request, claim=claim)

    def refuse(self, document: object, error: ConnectorError) -> Response:
        """The response to a request document that is not executed. Never raises."""
        self.context.guard.read_key()
        return without_own(refusal(document, error), own_key(document))

    def run(
        self,
        request: Request,
        observer: Observer | None = None,
        keep: int | None = 0,
        claim: Claim | None = None,
        own: Run | None = None,
    ) -> Response:
        """The response to a request. Never raises. `observer` is notified of a file's upload.

        `keep`: how many of the day's requests are reserved for other callers; None: the default share. `claim`: the
        client, and whether it is a batch; None: this process, with a single request. `own`: runs in place of the action
        that the request names.
        """
        clock, began = self.context.clock, self.context.clock.monotonic()
        budget = Budget(began + request.options.max_wait_s, observer, keep, claim)
        try:
            outcome = (own or self._checked)(self.context, request, budget)
        except Exception as failure:
            error = told(failure, has_written=budget.has_written)
            # A quota that was read before a 429 does not show the pause.
            if isinstance(error, RateLimited) and (not budget.quota or error.http_status is not None):
                from .actions.quota import known_quota

                budget.quota = known_quota(self.context, request.api_key)
            if isinstance(failure, ConnectorError):
                self.context.guard.read_key()
            answer = error_response(request.action, request.id, error, self._spent(budget, began))
        else:
            answer = response(request.action, request.id, outcome, self._spent(budget, began), clock.now())
        return without_own(answer, request.api_key)

    def _checked(self, context: Context, request: Request, budget: Budget) -> Outcome:
        # Imported here, because `look_up_at_hand` does not need it.
        from .actions.registry import action_named, find

        self._guard(request, action_named(request.action))
        action = find(request.action)
        action.check(request.params)
        return action.run(context, request, budget)

    def _guard(self, request: Request, action: Action | None) -> None:
        """Raises `InvalidRequest` or `InvalidIndicator` if there is an API key in the wrong place.

        The configured key is read if the request may contain a key, and for requests that are sent in any case. A
        lookup that the cache does not answer is checked again.
        """
        guard = self.context.guard
        guard.look_at([request.action, request.params, request.id])
        if (action is not None and action.writes_with(request.params)) or request.options.cache in ("off", "refresh"):
            guard.read_key()
        guard.refuse(request.action, request.params, request.api_key)

    def delivered(self, response: Response) -> None:
        """The caller has the response. Adapters call it after writing one; never before. Never raises.

        A stream of notifications then continues after this response; without the call, it repeats it.
        """
        if is_made(self.context.deliveries):
            self.context.deliveries.delivered(response)

    def look_up(self, kind: Kind | None, value: str, options: Options, claim: Claim | None = None) -> Response:
        """The response to the lookup of `value`; without `kind`, the kind is recognised. Never raises.

        `claim`: as in `run`.
        """
        from .actions.lookup import request_for

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
        """The responses to those of `values` that need no request. Never raises.

        They are cached, skipped, or invalid; or refused, if a request was refused for lack of quota a moment ago.
        Equal refusals share one object, which must not be changed. `look_up` answers the values that are left out.
        `claim`: as in `run`. `after_refusal`: the result is empty unless lookups would be refused now.
        """
        from .actions.local_answers import answers_at_hand, refusal_of

        responses: dict[str, Response] = {}
        shared: dict[tuple[Any, ...], Response] = {}
        try:
            if after_refusal and refusal_of(self.context, options, claim) is None:
                return responses
            now, values = self.context.clock.now(), self.context.guard.without(values)
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
        """The responses to the request documents that are lookups without a request; None for all others. Never raises.

        All are None unless a request was refused for lack of quota a moment ago. `claim`: as in `run`.
        """
        from .actions.local_answers import alike, named_as, refusal_of

        found: list[Response | None] = [None] * len(documents)
        try:
            if refusal_of(self.context, Options(max_wait_s=0.0), claim) is None:
                return found
            self.context.guard.look_at(documents)
            for kind, options, places in alike(documents):
                responses = self.look_up_at_hand(kind, places.values(), options, claim)
                for place, value in places.items():
                    if value in responses:
                        found[place] = named_as(documents[place], responses[value])
        except Exception:
            internal_error()
        return found

    def end_batch(self) -> None:
        """End a batch: write the pending lookups that could not be written to the queue yet, if possible."""
        if not self.ends_at_once:
            self.context.pending.flush()

    @property
    def ends_at_once(self) -> bool:
        """Whether `end_batch` has nothing to wait for, because nothing was queued."""
        return not is_made(self.context.pending)

    def drain(self, limits: DrainLimits, on_response: OnResponse | None = None) -> DrainResult:
        """Look up queued indicators, oldest first, until the quota is used up. Calls `on_response` with each response.
        Never raises.
        """
        from .actions.drain import Drain, DrainResult

        try:
            return Drain(self.run, self.context, limits, on_response).run()
        except Exception:
            return DrainResult(message=internal_error().message)

    def _spent(self, budget: Budget, began: float) -> Cost:
        lasted_s = self.context.clock.monotonic() - began
        return Cost(budget.requests, budget.waited_s, round(lasted_s * 1000), budget.quota)
