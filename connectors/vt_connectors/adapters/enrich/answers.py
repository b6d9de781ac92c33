"""The answers for the values of a stream, each distinct value once in a while."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Callable

from ...actions.local_answers import queued
from ...clock import SystemClock
from ...contract.documents import Options, finds_no_quota
from ...errors import Cancelled, ConnectorError, RequestTimeout
from ...event_fields import Fields, fields_of
from ...quota.waiters import BATCH
from ..process.termination import LOOK_S, Termination
from ..process.workers import Job, Workers

if TYPE_CHECKING:
    from ...contract.response import Response
    from ...core import Core
    from ...indicators import Kind

# Requests at the same time.
WORKERS = 8
# How long an answer is used again without asking the core, and for how many values. A lookup that is pending is tried
# again after this time if its value comes again.
WINDOW_S = 10.0
WINDOW_VALUES = 4096
# Lookups in progress for one kind of indicator. What is more is left to a drain.
MOST_LOOKUPS = 1000
# After the last event: how long requests in flight may take.
LAST_ANSWERS_S = 2.0
# People come before a stream in the queue for quota. It does not return when its answer is due: the drain does.
_CLAIM = BATCH._replace(returns=False)


class Lookups:
    """The stream's lookups, which all kinds of indicators share."""

    def __init__(self, core: Core, options: Options, ending: Termination) -> None:
        self.core = core
        self.options = options
        self.ending = ending
        self.workers = Workers(WORKERS, _AfterRefusal(self))
        self.has_ended = False

    @property
    def clock(self) -> SystemClock:
        return self.ending.clock


class LookupJob(Job):
    """The lookup of one value as a job."""

    def __init__(self, lookups: Lookups, kind: Kind | None, value: str) -> None:
        super().__init__(self._look_up)
        self._lookups = lookups
        self.kind: Kind | None = kind
        self.value = value

    def _look_up(self) -> Response:
        core, options = self._lookups.core, self._lookups.options
        if self._lookups.has_ended:
            # The stream is over: only the cache is read, and `vtaction drain` looks up the rest later.
            options = options._replace(cache="only")
        return core.look_up(self.kind, self.value, options, _CLAIM)


class _AfterRefusal:
    """After a lookup that found no quota, refuses and queues at once all that would find none either."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups

    def goes_on(self, response: Response) -> bool:
        return finds_no_quota(response)

    def run(self, jobs: Sequence[Job]) -> None:
        by_kind: dict[Kind | None, list[LookupJob]] = {}
        for job in jobs:
            if isinstance(job, LookupJob):
                by_kind.setdefault(job.kind, []).append(job)
        for kind, alike in by_kind.items():
            values = [job.value for job in alike]
            found = self._lookups.core.look_up_at_hand(kind, values, self._lookups.options, _CLAIM, after_refusal=True)
            for job in alike:
                if job.value in found:
                    job.finish(found[job.value])


class Answers:
    """The answers for values of one kind; None: the kind is recognised from each value."""

    def __init__(self, lookups: Lookups, kind: Kind | None) -> None:
        self._lookups = lookups
        self._kind: Kind | None = kind
        self._known: dict[str, Fields] = {}
        self._jobs: dict[str, LookupJob] = {}
        self._queued: dict[str, bool] = {}
        self._wait_until = 0.0

    def forget(self) -> None:
        """Ask for each value again when it comes next, except for those that are being looked up."""
        self._known.clear()

    @property
    def is_full(self) -> bool:
        return len(self._known) > WINDOW_VALUES

    def knows(self, value: str) -> bool:
        """Whether the fields for this value stay the same for a while."""
        return value in self._known

    def begin(self, values: Collection[str]) -> None:
        """Answer the values that need no request here, and begin to look up the others."""
        lookups = self._lookups
        self._wait_until = lookups.clock.monotonic() + lookups.options.max_wait_s
        new = [value for value in dict.fromkeys(values) if value not in self._known and value not in self._jobs]
        found = lookups.core.look_up_at_hand(self._kind, new, lookups.options, _CLAIM) if new else {}
        self._known.update((value, fields_of(response)) for value, response in found.items())
        left = [value for value in new if value not in found]
        if lookups.clock.cancelled:
            self._give_up(left, Cancelled("the process was asked to end before this lookup"))
            return
        room = max(0, MOST_LOOKUPS - len(self._jobs))
        self._give_up(
            left[room:], RequestTimeout(f"{MOST_LOOKUPS} lookups are in progress; this one is left to a drain")
        )
        if not lookups.options.max_wait_s:
            self._queue(left[:room])
        for value in left[:room]:
            self._jobs[value] = LookupJob(lookups, self._kind, value)
            lookups.workers.give(self._jobs[value])

    def fields_for(self, value: str, before_waiting: Callable[[], None]) -> Fields:
        """The fields of a value that `begin` got. `before_waiting` is called if the answer has to be waited for."""
        job = self._jobs.get(value)
        if job is None:
            return self._known[value]
        if not job.is_over and not self._is_over_in_time(job, before_waiting):
            if value not in self._queued:
                self._queue([each for each, other in self._jobs.items() if not other.is_over])
            return _fields_of(_IN_PROGRESS, queued=self._queued.get(value, False))
        del self._jobs[value]
        self._queued.pop(value, None)
        outcome = self._lookups.ending.outcome_of(job, self._lookups.workers)
        error = outcome if isinstance(outcome, ConnectorError) else _interruption(outcome)
        if error is not None:
            self._give_up([value], error)
        elif not isinstance(outcome, ConnectorError):
            self._known[value] = fields_of(outcome)
        return self._known[value]

    def _is_over_in_time(self, job: LookupJob, before_waiting: Callable[[], None]) -> bool:
        """Whether its result is there, or will be soon because the process has to end."""
        lookups = self._lookups
        if self._wait_until <= lookups.clock.monotonic():
            return lookups.clock.cancelled
        before_waiting()
        while not lookups.clock.cancelled and (left := self._wait_until - lookups.clock.monotonic()) > 0:
            lookups.ending.look()
            if job.wait(min(left, LOOK_S)) or lookups.workers.are_stuck(lookups.clock.monotonic()):
                return True
        return job.is_over or lookups.clock.cancelled

    def end(self) -> None:
        """Leave the lookups that have not begun to a drain, and give the others a moment to end."""
        self._queue([value for value, job in self._jobs.items() if not job.is_over and value not in self._queued])
        until = self._lookups.clock.monotonic() + LAST_ANSWERS_S
        for job in self._jobs.values():
            while job.begun and not job.wait(LOOK_S) and self._lookups.clock.monotonic() < until:
                self._lookups.ending.look()

    def _queue(self, values: Sequence[str]) -> None:
        """Queue lookups for a drain. An answer that comes before takes its value from the queue again."""
        found = queued(self._kind, values, self._lookups.core.context, self._lookups.options) if values else ()
        self._queued.update((value, value in found) for value in values)

    def _give_up(self, values: Sequence[str], error: ConnectorError) -> None:
        """`error` ends these lookups; a drain can still do them."""
        self._queue(values)
        for value in values:
            self._known[value] = _fields_of(error, queued=self._queued.pop(value))


_TOO_MANY = RequestTimeout(f"{MOST_LOOKUPS} lookups are in progress; this one is left to a drain")
_IN_PROGRESS = RequestTimeout("there is no answer yet; the lookup goes on, and later events with this value get it")


def _fields_of(error: ConnectorError, *, queued: bool) -> Fields:
    return {"status": "pending", "error": f"{error.code}: {error.message}", "queued": queued}


def _interruption(response: Response) -> ConnectorError | None:
    """The error of a lookup that ended because the process was asked to."""
    error = response["error"]
    return Cancelled(error["message"]) if error is not None and error["code"] == Cancelled.code else None
