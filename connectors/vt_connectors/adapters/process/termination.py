"""When a process has to end: a signal asked for it, or the reader of its output is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Protocol, TypeVar

from ...actions import Action, interrupted
from ...clock import SystemClock
from ...errors import Cancelled, ConnectorError, Internal, outcome_unknown
from ...threads import StandstillGuard
from .workers import EachByItself, Job, Workers

if TYPE_CHECKING:
    from ...contract.response import Response

Result = TypeVar("Result")

ENDED = "the process was asked to end"
LOST = "the process is out of threads or memory"
# How often is looked whether the process is to end.
LOOK_S = 0.2
# After a request to end: how long what is under way may take, in all.
LAST_WORDS_S = 1.0


class Watched(Protocol):
    """An output that knows whether its reader is gone."""

    @property
    def is_unread(self) -> bool: ...


class Termination:
    """Look often: `look()` keeps the process alive where memory is limited, and notices an output without a reader."""

    def __init__(self, clock: SystemClock, output: Watched | None = None) -> None:
        self.clock = clock
        self._guard = StandstillGuard()
        self._since: float | None = None
        self.output = output

    def look(self) -> None:
        """Ask the process to end if the reader of its output is gone."""
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

    def outcome_of(self, job: Job, action: Action | None, workers: Workers) -> Response | ConnectorError:
        """What comes of `job`, which does `action` and is with `workers`. If the process has to end first: an error."""
        while not job.wait(0 if self.for_s > LAST_WORDS_S else LOOK_S):
            self.look()
            if self.for_s > LAST_WORDS_S:
                return _cut_short(job, action, ENDED)
            if workers.are_stuck(self.clock.monotonic()) and not job.is_over:
                return _cut_short(job, action, LOST)
        return job.response or lost(job, action, job.failure or Internal(LOST))

    def result_of(self, work: Callable[[], Result]) -> Result | None:
        """What `work` returns, which may hang; None if the process has to end first."""
        found: list[Result] = []

        def run() -> None:
            found.append(work())

        workers, job = Workers(1, EachByItself()), Job(run)
        workers.give(job)
        self.outcome_of(job, None, workers)
        return found[0] if found else None


def lost(job: Job, action: Action | None, error: ConnectorError) -> ConnectorError:
    """The answer to what was lost to `error`: a request that writes may have gone out."""
    return outcome_unknown(error) if job.begun and action is not None and action.writes else error


def _cut_short(job: Job, action: Action | None, why: str) -> ConnectorError:
    """The answer to what is still under way."""
    told = f"{why} while the request was under way"
    error = Cancelled(told) if why == ENDED else Internal(why)
    return interrupted(action, told, error, has_begun=job.begun)
