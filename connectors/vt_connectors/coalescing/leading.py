"""The result of a leader, what it leaves for its followers, and whether a follower takes it for dead. Pure."""

from __future__ import annotations

from ..errors import AccessDenied, ConnectorError, Forbidden, InvalidIndicator, OutcomeUnknown, RateLimited, from_dict
from .leases import ANSWER_LEFT_S, LEASE_S, RESULT_LEFT_S, Lease, Result
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


class Watch:
    """Belongs to one follower. A leader is dead if it could have changed its lease for `LEASE_S` and did not.

    While another program has locked the leases, no leader can write its heartbeat. So halfway through the silence the
    follower claims the key: a refused claim shows that leases can be written. Times are monotonic seconds.
    """

    def __init__(self) -> None:
        self.lease = Lease("")
        # The lease of a dead leader, which may be replaced.
        self.dead: Lease | None = None
        self._silent_since = 0.0
        self._claimed_at = 0.0

    @property
    def has_followed(self) -> bool:
        """Whether there was a leader."""
        return bool(self.lease.token)

    def claim_was_refused(self, lease: Lease, now: float) -> None:
        """A claim found `lease`."""
        self._saw(lease, now)
        self._claimed_at = now

    def start_again(self, now: float) -> None:
        """The leases were locked."""
        self.dead, self._silent_since = None, now

    def is_over(self, lease: Lease, now: float) -> bool:
        """Whether to claim the key: the leader is dead, or half the time is over."""
        self._saw(lease, now)
        halfway = self._silent_since + LEASE_S / 2
        if now <= halfway:
            return False
        if self._claimed_at < halfway:
            return True
        if now > max(self._silent_since + LEASE_S, self._claimed_at + LEASE_S * 0.4):
            self.dead = lease
        return self.dead is not None

    def _saw(self, lease: Lease, now: float) -> None:
        if lease != self.lease:
            self.lease, self.dead, self._silent_since = lease, None, now
