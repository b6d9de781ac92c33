"""Concurrent work in threads. A failing thread does not leave its caller waiting."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ...errors import ConnectorError, internal_error
from ...light_typing import TYPE_CHECKING, Callable, Protocol
from ...quick_imports import Empty, SimpleQueue, suppress
from ...threads import WorkThread, a_thread_was_lost, room_for_threads, start_thread

if TYPE_CHECKING:
    from ...contract.response import Response

# After a thread died or memory ran out, running jobs are given up if no job ends for this time. Without memory even the
# end of a `with` block can fail, and its lock stays locked.
_TROUBLED_S = 10.0
# The maximum number of jobs that are run together.
_AT_ONCE = 64


class Job:
    """When `is_over`, `response` or `failure` is set; neither if there was no memory for it, or `work` returned None.

    `writes`: it may change something at VirusTotal. `begun`: a thread has started it. The flags are plain attributes
    because setting them needs no memory.
    """

    def __init__(self, work: Callable[[], Response | None], *, writes: bool = False) -> None:
        self._work = work
        self.writes = writes
        self._done = threading.Event()
        self.begun = False
        self.is_over = False
        self.response: Response | None = None
        self.failure: ConnectorError | None = None

    @property
    def may_have_written(self) -> bool:
        """Whether it may have changed something at VirusTotal, if its result is not known."""
        return self.begun and self.writes

    def wait(self, seconds: float) -> bool:
        """Wait for the end, at most this number of seconds. Returns whether it is over."""
        return self.is_over or self._done.wait(seconds) or self.is_over

    def run(self) -> None:
        self.begun = True
        try:
            self.response = self._work()
        except BaseException:  # a caller waits for the end in any case
            self.failure = internal_error()
        finally:
            self._end()

    def finish(self, response: Response) -> None:
        """Set the response without running the job."""
        self.response = response
        self._end()

    def _end(self) -> None:
        self.is_over = True
        self._done.set()


class Together(Protocol):
    """Runs many jobs at once. `goes_on(response)`: whether, after this response, the next jobs should be run together.

    `run(jobs)` finishes the jobs that it can, and leaves the others unchanged.
    """

    def goes_on(self, response: Response) -> bool: ...

    def run(self, jobs: Sequence[Job]) -> None: ...


class EachByItself:
    """No jobs are run together."""

    def goes_on(self, response: Response) -> bool:
        return False

    def run(self, jobs: Sequence[Job]) -> None:
        return None


class Workers:
    """At most `most` threads, started on demand. If no thread can be started, the caller's thread does the work."""

    def __init__(self, most: int, together: Together) -> None:
        self._most = room_for_threads(most)
        self._together = together
        self._threads: list[WorkThread] = []
        self._to_do: SimpleQueue[Job] = SimpleQueue()
        # After some failures a job may never end.
        self.in_trouble = False
        self._ended = 0
        self._seen = (0, 0.0)

    def give(self, job: Job) -> None:
        """Queue the job, or run it here if there are no threads."""
        if len(self._threads) < self._most:
            thread = start_thread(self._run, "vt-worker")
            if thread is None:
                self._most = len(self._threads)
            else:
                self._threads.append(thread)
        if self._threads:
            self._to_do.put(job)
        else:
            _run(job)

    def are_stuck(self, now: float) -> bool:
        """Whether unfinished jobs will never end. `now`: the clock's monotonic seconds. Call it often."""
        if not any(thread.is_alive for thread in self._threads):
            return True
        if not self.in_trouble and not a_thread_was_lost():
            return False
        ended, since = self._seen
        if ended != self._ended or not since:
            self._seen = self._ended, now
            return False
        return now - since > _TROUBLED_S

    def _run(self) -> None:
        goes_on = False
        while True:
            try:
                goes_on = self._run_waiting() if goes_on else self._run_next()
            except BaseException:  # the current jobs may never end
                self.in_trouble = True
                goes_on = False

    def _run_next(self) -> bool:
        """Run the next job. Returns whether the queued jobs may be run together."""
        job = self._to_do.get()
        _run(job)
        if job.response is None:
            self.in_trouble = True
        self._ended += 1  # without a lock, because only a change matters, not the number
        return job.response is not None and self._together.goes_on(job.response)

    def _run_waiting(self) -> bool:
        """Run the queued jobs together. Returns whether that finished all of them."""
        jobs = self._waiting()
        try:
            self._together.run(jobs)
        finally:
            self._ended += 1
            left = [job for job in jobs if not job.is_over]
            for job in left:
                self._to_do.put(job)
        return not left

    def _waiting(self) -> list[Job]:
        jobs = [self._to_do.get()]
        with suppress(Empty):
            while len(jobs) < _AT_ONCE:
                jobs.append(self._to_do.get_nowait())
        return jobs


def _run(job: Job) -> None:
    try:
        job.run()
    except BaseException:  # without memory even the call fails; the next job may succeed
        job.is_over = True
