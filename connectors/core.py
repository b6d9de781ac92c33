"""The core: a request in, exactly one response out, whatever happens."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Callable

from .actions.lookup import cached_outcomes, request_for
from .contract import Options, Request, Spent, error_response, read_request, request_id, response
from .errors import ConnectorError, Internal, RateLimited
from .indicators import Kind
from .virustotal.budget import Budget

if TYPE_CHECKING:
    from .actions import Context
    from .drain import Drained, Heard, Spend

Progress = Callable[[int, int], None]
_LOG = logging.getLogger("connectors.core")


def _nothing() -> None:
    return None


class Core:
    """Safe for many threads at once. Made by `composition.build`."""

    def __init__(self, context: Context, release: Callable[[], None] = _nothing) -> None:
        self.context = context
        self._release = release

    def close(self) -> None:
        """Let go of connections and files, while nobody is inside. A later request opens what it needs anew."""
        self._release()

    def answer(self, document: object) -> dict[str, Any]:
        """The response to a request document as it came from outside. Never raises."""
        try:
            request = read_request(document)
        except Exception as error:
            known = error if isinstance(error, ConnectorError) else _internal()
            action = document.get("action") if isinstance(document, dict) else None
            return error_response(action if isinstance(action, str) else None, request_id(document), known)
        return self.run(request)

    def run(self, request: Request, progress: Progress | None = None, keep: int | None = 0) -> dict[str, Any]:
        """The response to a request. Never raises. `progress` hears how many bytes of a file are sent, of all.

        `keep`: how many of the day's requests are left to others; None: the usual share.
        """
        # With all that the deeds import: what the cache answers needs none of it.
        from .actions.table import find

        clock = self.context.clock
        began = clock.monotonic()
        budget = Budget(began + request.options.max_wait_s)
        budget.sent = progress or budget.sent
        budget.keep = keep
        try:
            action = find(request.action)
            action.check(request.params)
            outcome = action.run(self.context, request, budget)
        except ConnectorError as error:
            spent = self._spent(budget, began, self._quota(request) if isinstance(error, RateLimited) else None)
            return error_response(request.action, request.id, error, spent)
        except Exception:
            return error_response(request.action, request.id, _internal(), self._spent(budget, began))
        return response(request.action, request.id, outcome, self._spent(budget, began), clock.now())

    def look_up(self, kind: Kind | None, value: str, options: Options) -> dict[str, Any]:
        """The response to looking `value` up; without `kind` it is recognised from the value. Never raises."""
        try:
            request = request_for(kind, value, options)
        except ConnectorError as error:
            return error_response(None, None, error)
        return self.run(request)

    def look_up_cached(self, kind: Kind | None, values: Iterable[str], options: Options) -> dict[str, dict[str, Any]]:
        """The responses to those of `values` that the cache answers, all read at once. Never raises.

        A value that is left out is for `look_up` to answer: as it may ask, or say what is wrong.
        """
        try:
            now, nothing = self.context.clock.now(), Spent()
            found = cached_outcomes(kind, values, self.context, options)
            return {
                value: response(f"lookup_{of_kind}", None, outcome, nothing, now) for value, of_kind, outcome in found
            }
        except Exception:
            _internal()
            return {}

    def drain(self, spend: Spend, heard: Heard | None = None) -> Drained:
        """Ask for what is queued, oldest first, as far as the quota goes. `heard` hears each answer. Never raises."""
        from .drain import Drain

        return Drain(self.run, self.context, spend, heard).run()

    def _spent(self, budget: Budget, began: float, quota: dict[str, Any] | None = None) -> Spent:
        duration_ms = round((self.context.clock.monotonic() - began) * 1000)
        return Spent(budget.requests, budget.waited_s, duration_ms, quota or budget.quota)

    def _quota(self, request: Request) -> dict[str, Any]:
        try:
            return self.context.account(request.api_key).limiter.usage()
        except ConnectorError:
            return {}


class Misconfigured:
    """Stands where the core would: answers every request with what is wrong with the settings."""

    def __init__(self, error: ConnectorError) -> None:
        self._error = error

    def answer(self, document: object) -> dict[str, Any]:
        try:
            return self.run(read_request(document))
        except ConnectorError as error:
            return error_response(None, request_id(document), error)

    def run(self, request: Request, progress: Progress | None = None) -> dict[str, Any]:
        return error_response(request.action, request.id, self._error)

    def look_up(self, kind: Kind | None, value: str, options: Options) -> dict[str, Any]:
        return error_response(None, None, self._error)

    def look_up_cached(self, kind: Kind | None, values: Iterable[str], options: Options) -> dict[str, dict[str, Any]]:
        return {}

    def drain(self, spend: Spend, heard: Heard | None = None) -> Drained:
        from .drain import Drained

        return Drained(message=self._error.message)


def _internal() -> Internal:
    reference = os.urandom(4).hex()
    _LOG.exception("internal error %s", reference)
    return Internal(f"a bug in vt-connectors; the log has the traceback under the reference {reference}")
