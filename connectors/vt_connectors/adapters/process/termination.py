"""The end of a process: after a signal that asks for it, or if the reader of its output is gone."""

from __future__ import annotations

from ...actions import interrupted
from ...clock import SystemClock
from ...errors import Cancelled, ConnectorError, Internal, outcome_unknown
from ...light_typing import TYPE_CHECKING, Callable, Protocol, TypeVar
from ...quick_imports import signals
from ...threads import StandstillGuard
from .workers import EachByItself, Job, Workers

if TYPE_CHECKING:
    from ...contract.response import Response

Result = TypeVar("Result")

ENDED = "the process was asked to end"
LOST = "the process is out of threads or memory"
# Seconds between checks whether the process has to end.
LOOK_S = 0.2
# After a request to end: how long requests in flight may take in all.
LAST_WORDS_S = 1.0


class Watched(Protocol):
    """An output that knows whether its reader is gone."""

    @property
    def is_unread(self) -> bool: ...


class Termination:
    """Call `look()` often: it detects an output without a reader, and a process that is stuck without memory."""

    def __init__(self, clock: SystemClock, output: Watched | None = None) -> None:
        self.clock = clock
        self._guard = StandstillGuard()
        self._since: float | None = None
        self.output = output

    def look(self) -> None:
        """Request the process to end if the reader of its output is gone."""
        self._guard.look()
        if not self.clock.cancelled and self.output is not None and self.output.is_unread:
            self.clock.cancel()

    @property
    def for_s(self) -> float:
        """The seconds since the process was asked to end; 0 if it was not."""
        if not self.clock.cancelled:
            return 0.0
        if self._since is None:
            self._since = self.clock.monotonic()
        return self.clock.monotonic() - self._since

    def outcome_of(self, job: Job, workers: Workers) -> Response | ConnectorError:
        """The result of `job`, which runs in `workers`; an error if the process has to end first."""
        while not job.wait(0 if self.for_s > LAST_WORDS_S else LOOK_S):
            self.look()
            if self.for_s > LAST_WORDS_S:
                return _cut_short(job, ENDED)
            if workers.are_stuck(self.clock.monotonic()) and not job.is_over:
                return _cut_short(job, LOST)
        return job.response or lost(job, job.failure or Internal(LOST))

    def result_of(self, work: Callable[[], Result]) -> Result | None:
        """The result of `work`, which may hang; None if the process has to end first."""
        found: list[Result] = []

        def run() -> None:
            found.append(work())

        workers, job = Workers(1, EachByItself()), Job(run)
        workers.give(job)
        self.outcome_of(job, workers)
        return found[0] if found else None


def lost(job: Job, error: ConnectorError) -> ConnectorError:
    """The error of a job that failed with `error`: a write may have been sent, so its outcome is unknown."""
    return outcome_unknown(error) if job.may_have_written else error


def _cut_short(job: Job, why: str) -> ConnectorError:
    """The error of a job that has not ended."""
    message = f"{why} while the request was in flight"
    error = Cancelled(message) if why == ENDED else Internal(why)
    return interrupted(message, error, may_have_written=job.may_have_written)


def end_on_signals(clock: SystemClock) -> None:
    """SIGTERM cancels `clock`. So do SIGINT and SIGHUP, unless they were ignored at start.

    `nohup` ignores SIGHUP, and a shell without job control ignores SIGINT for what it starts in the background.
    """
    _end_on(signals.SIGTERM, clock)
    for name in ("SIGINT", "SIGHUP"):
        number = getattr(signals, name, None)
        if number is not None and signals.getsignal(number) != signals.SIG_IGN:
            _end_on(number, clock)


def _end_on(number: int, clock: SystemClock) -> None:
    # The handler takes no lock, because another signal may arrive while it runs.
    signals.signal(number, lambda *_: clock.cancel())
