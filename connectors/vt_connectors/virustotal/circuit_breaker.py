"""The circuit breaker: after refusals or failures, no request is sent for a while."""

from __future__ import annotations

import threading

from ..clock import Clock
from ..errors import (
    AccessDenied,
    ConfigError,
    Conflict,
    ConnectorError,
    Forbidden,
    InvalidIndicator,
    RateLimited,
    RequestTimeout,
    Unavailable,
    from_dict,
)
from ..threads import freed_at_fork

# No requests for this long after a refused key; then the account may be repaired.
_REFUSED_KEY_S = 300.0
# After this many failures in a row without a response, VirusTotal counts as unreachable ...
_FAILURES = 3
# ... for this long.
_NO_WAY_S = 15.0


class CircuitBreaker:
    """The circuit breaker of one key in one process. Report the outcome of each call, and check it before the next.

    `is_proven`: VirusTotal has accepted the key, and the circuit breaker has not opened since.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = freed_at_fork(threading.Lock())
        self._error: ConnectorError | None = None
        self._until = 0.0
        self._failures = 0
        self._forbidden: dict[str, tuple[ConnectorError, float]] = {}
        self.is_proven = False

    def open_error(self, purpose: str, deadline: float) -> ConnectorError | None:
        """The error for a call that may wait until `deadline` (monotonic seconds), or None.

        `purpose` is the kind of call, because a key without the right to one may have the right to another.
        """
        with self._lock:
            now = self._clock.monotonic()
            forbidden, until = self._forbidden.get(purpose, (None, 0.0))
            if forbidden is not None and now < until:
                return _bare(forbidden)
            if self._error is None or now >= self._until:
                return None
            left = self._until - now
            if isinstance(self._error, RateLimited) and deadline >= self._until:
                return None
            error = _bare(self._error)
            if error.retry_after is not None:
                error.retry_after = round(left, 3)
            return error

    def answered(self, purpose: str) -> None:
        """VirusTotal answered the call."""
        with self._lock:
            self._failures = 0
            self._error = None
            self._forbidden.pop(purpose, None)
            self.is_proven = True

    def failed(self, purpose: str, error: ConnectorError) -> None:
        with self._lock:
            if _shows_that_the_key_works(error):
                self.is_proven = True
            if isinstance(error, (AccessDenied, Forbidden, Conflict, InvalidIndicator)):
                # VirusTotal answered, so it is reachable.
                self._failures = 0
            if isinstance(error, Forbidden):
                if _holds_for_all(error):
                    self._forbidden[purpose] = (_bare(error), self._clock.monotonic() + _REFUSED_KEY_S)
            elif isinstance(error, (AccessDenied, ConfigError)):
                self._remember(error, _REFUSED_KEY_S)
            elif "reserved" in error.details:
                return  # other calls may use the reserved quota
            elif isinstance(error, RateLimited) and error.retry_after is not None:
                self._remember(error, error.retry_after)
            elif isinstance(error, (Unavailable, RequestTimeout)):
                self._failures += 1
                if self._failures >= _FAILURES:
                    self._remember(error, _NO_WAY_S)

    def _remember(self, error: ConnectorError, seconds: float) -> None:
        self._error, self._until = _bare(error), self._clock.monotonic() + seconds
        # A pause says nothing about the key.
        self.is_proven = self.is_proven and isinstance(error, RateLimited)


def _holds_for_all(error: Forbidden) -> bool:
    """Whether it concerns all calls of its kind: VirusTotal refused it, and not because of a file's size."""
    return error.http_status is not None and "limit_bytes" not in error.details


def _shows_that_the_key_works(error: ConnectorError) -> bool:
    """Whether the error is VirusTotal's own, because it checks the key first. API v2's 403 may always mean the key."""
    if isinstance(error, Forbidden):
        return error.vt_code is not None
    return error.http_status is not None and isinstance(error, (Conflict, InvalidIndicator))


def _bare(error: ConnectorError) -> ConnectorError:
    """A copy without the traceback, which would keep the request with its key and its callers' data in memory."""
    return from_dict(error.to_dict())
