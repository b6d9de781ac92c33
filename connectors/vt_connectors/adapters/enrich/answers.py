"""The answers for the values of a stream, each distinct value once in a while."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Callable

from ...clock import SystemClock
from ...contract.documents import Options, error_response, finds_no_quota
from ...errors import Cancelled, ConnectorError
from ...event_fields import Fields, fields_of
from ...quota.waiters import BATCH
from ..process.termination import Termination
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
# People come before a stream in the queue for quota. It does not return when its answer is due: the drain does.
_CLAIM = BATCH._replace(returns=False)


class Lookups:
    """The stream's lookups, which all kinds of indicators share."""

    def __init__(self, core: Core, options: Options, ending: Termination) -> None:
        self.core = core
        self.options = options
        self.ending = ending
        self.workers = Workers(WORKERS, _AfterRefusal(self))

    @property
    def clock(self) -> SystemClock:
        return self.ending.clock


class LookupJob(Job):
    """The lookup of one value as a job."""

    def __init__(self, lookups: Lookups, kind: Kind | None, value: str) -> None:
        super().__init__(lambda: lookups.core.look_up(kind, value, lookups.options, _CLAIM))
        self.kind: Kind | None = kind
        self.value = value


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

    def forget(self) -> None:
        self._known.clear()
        self._jobs.clear()

    @property
    def is_full(self) -> bool:
        return len(self._known) > WINDOW_VALUES

    def begin(self, values: Collection[str]) -> None:
        """Answer the values that need no request here, and begin to look up the others."""
        new = [value for value in dict.fromkeys(values) if value not in self._known and value not in self._jobs]
        lookups = self._lookups
        found = lookups.core.look_up_at_hand(self._kind, new, lookups.options, _CLAIM) if new else {}
        self._known.update((value, fields_of(response)) for value, response in found.items())
        left = [value for value in new if value not in found]
        if lookups.clock.cancelled:
            self._give_up(left, Cancelled("the process was asked to end before this lookup"))
            return
        for value in left:
            self._jobs[value] = LookupJob(lookups, self._kind, value)
            lookups.workers.give(self._jobs[value])

    def fields_for(self, value: str, before_waiting: Callable[[], None]) -> Fields:
        """The fields of a value that `begin` got; calls `before_waiting` if the answer is not there yet."""
        job = self._jobs.pop(value, None)
        if job is not None:
            if not job.is_over:
                before_waiting()
            outcome = self._lookups.ending.outcome_of(job, self._lookups.workers)
            error = outcome if isinstance(outcome, ConnectorError) else _interruption(outcome)
            if error is not None:
                self._give_up([value], error)
            elif not isinstance(outcome, ConnectorError):
                self._known[value] = fields_of(outcome)
        return self._known[value]

    def _give_up(self, values: Sequence[str], error: ConnectorError) -> None:
        """`error` ends these lookups; a drain can still do them."""
        queued = self._lookups.core.queue(self._kind, values, self._lookups.options) if values else ()
        for value in values:
            error.details = {**error.details, "queued": value in queued}
            self._known[value] = fields_of(error_response(None, None, error))


def _interruption(response: Response) -> ConnectorError | None:
    """The error of a lookup that ended because the process was asked to."""
    error = response["error"]
    return Cancelled(error["message"]) if error is not None and error["code"] == Cancelled.code else None
