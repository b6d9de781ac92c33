"""How it goes with what a leader asks, and what it leaves for its followers."""

from __future__ import annotations

from ..errors import AccessDenied, ConnectorError, Forbidden, InvalidIndicator, OutcomeUnknown, RateLimited, from_dict
from .leases import ANSWER_LEFT_S, RESULT_LEFT_S
from .results import Result
from .task import Fetched, Task

# Errors that VirusTotal's API v2 tells without a code. They have the HTTP status if VirusTotal answered.
_REFUSALS = (AccessDenied, Forbidden, InvalidIndicator, RateLimited)


class Leading:
    """`leaves_all`: also what followers find in the cache is left with the lease."""

    def __init__(self, task: Task, leaves_all: bool) -> None:
        self._task = task
        self._leaves_all = leaves_all
        self._fetched: Fetched | None = None
        self._error: ConnectorError | None = None

    def found(self, fetched: Fetched) -> Fetched:
        self._fetched = fetched
        return fetched

    def failed(self, failure: BaseException) -> None:
        if isinstance(failure, ConnectorError):
            # Without its traceback, which leads to the request and with that to the key.
            self._error = from_dict(failure.to_dict()) if self._is_for_followers(failure) else None
        elif self._task.is_write:
            self._error = died()

    def result(self) -> tuple[Result | None, float]:
        """What is left for followers, and for how long (seconds)."""
        fetched = self._fetched
        if self._error is not None:
            return Result(error=self._error), RESULT_LEFT_S
        if fetched is None or (fetched.is_cached and not self._leaves_all):
            return None, 0.0
        is_short = self._leaves_all or not self._task.lasts
        result = Result(fetched.entry, fetched.public, is_cached=fetched.is_cached)
        return result, RESULT_LEFT_S if is_short else ANSWER_LEFT_S

    def _is_for_followers(self, error: ConnectorError) -> bool:
        """Whether an error says as much to others who ask the same with the same key and server.

        VirusTotal's own refusal does, and within a process any answer, because the proxy is the same. The leader's own
        trouble does not: its deadline, its network, its settings, the end of its process. That a write's outcome is
        unknown is so for all.
        """
        if error.http_status is not None and (self._leaves_all or isinstance(error, _REFUSALS)):
            return True
        return error.vt_code is not None or isinstance(error, OutcomeUnknown)


def died() -> OutcomeUnknown:
    """The outcome of a write whose leader is dead."""
    return OutcomeUnknown(
        "an equal request was sent by a process that ended before its answer came; it was not repeated: look whether "
        "it took effect before you do"
    )
