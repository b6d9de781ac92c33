"""The result of a leader, and what it leaves for its followers."""

from __future__ import annotations

from ..errors import AccessDenied, ConnectorError, Forbidden, InvalidIndicator, OutcomeUnknown, RateLimited, from_dict
from .leases import ANSWER_LEFT_S, RESULT_LEFT_S
from .results import Result
from .task import Fetched, Task

# Errors without a code of VirusTotal's in API v2. They have an HTTP status if VirusTotal answered.
_REFUSALS = (AccessDenied, Forbidden, InvalidIndicator, RateLimited)


class Leading:
    """`leaves_all`: answers that followers can find in the cache are left with the lease too."""

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
            # Without its traceback, because that refers to the request and the key.
            self._error = from_dict(failure.to_dict()) if self._is_for_followers(failure) else None
        elif self._task.is_write:
            self._error = died()

    def result(self) -> tuple[Result | None, float]:
        """The result for followers, and how long it is left (seconds)."""
        fetched = self._fetched
        if self._error is not None:
            return Result(error=self._error), RESULT_LEFT_S
        if fetched is None or (fetched.is_cached and not self._leaves_all):
            return None, 0.0
        is_short = self._leaves_all or not self._task.lasts
        result = Result(fetched.entry, fetched.public, is_cached=fetched.is_cached)
        return result, RESULT_LEFT_S if is_short else ANSWER_LEFT_S

    def _is_for_followers(self, error: ConnectorError) -> bool:
        """Whether the error holds for equal requests with the same key and server too.

        A refusal by VirusTotal does, and within a process any HTTP response, because the proxy is the same. Errors of
        the leader alone do not: its deadline, its network, its settings, the end of its process. The unknown outcome
        of a write holds for all.
        """
        if error.http_status is not None and (self._leaves_all or isinstance(error, _REFUSALS)):
            return True
        return error.vt_code is not None or isinstance(error, OutcomeUnknown)


def died() -> OutcomeUnknown:
    """The outcome of a write whose leader is dead."""
    return OutcomeUnknown(
        "an equal request was sent by a process that ended before its response came; it was not repeated. Check "
        "whether it took effect before you repeat it"
    )
