"""One leader sends the request, and followers wait for its answer. If the leader dies, a follower leads."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

from ..clock import Clock
from ..errors import ConnectorError, RateLimited, from_dict
from ..light_typing import Callable, TypeVar
from ..log import logger
from ..state.fallback import LONGEST_S, Fallback, StateBusy, patiently
from ..state.heartbeat import Heartbeat
from ..threads import freed_at_fork
from .leading import Leading, Watch, died
from .leases import Lease, LeaseStore, Result, Seen
from .task import Fetched, Task, Tell, untold

_LOG = logger("coalescing")
_FIRST_LOOK_S = 0.01
_LONGEST_LOOK_S = 0.25

Reply = TypeVar("Reply")


class SingleFlight:
    """`run(task, deadline)`: of all callers that share the leases, one at a time fetches a task.

    Without a `heartbeat` the leases belong to this process, and no leader can die.
    """

    def __init__(self, leases: Fallback[LeaseStore], clock: Clock, heartbeat: Heartbeat | None) -> None:
        self._leases = leases
        self._clock = clock
        self._heartbeat = heartbeat
        # By token, the keys that this process leads.
        self._led: dict[str, str] = {}
        self._lock = freed_at_fork(threading.Lock())

    def run(self, task: Task, deadline: float, waiting: Tell = untold) -> Fetched:
        """The answer, fetched by this caller or another.

        A follower waits until `deadline` (the clock's monotonic seconds) for a leader that waits for quota. It waits
        longer for a request that was sent, which has its own time limit. Calls `waiting(True)` when the leader, here or
        in another process, begins to wait for quota, and `waiting(False)` when it sends its request.

        Raises what `fetch` raises, and those errors of other callers that hold for this caller's account too.
        """
        mine = Lease(os.urandom(8).hex(), task.account)
        watch = Watch()
        while True:
            if task.turn is not None:
                task.turn.enter()
            seen = self._claim(task, mine, watch, deadline)
            if seen.mine:
                return self._lead(task, mine, watch, seen, waiting)
            if task.turn is not None:
                task.turn.leave()
            watch.claim_was_refused(seen.lease, self._clock.monotonic())
            found = self._follow(task, watch, deadline, waiting)
            if found is not None:
                return found

    def is_led_here(self, key: str) -> bool:
        """Whether a thread of this process is fetching it now."""
        with self._lock:
            return key in self._led.values()

    def _claim(self, task: Task, mine: Lease, watch: Watch, deadline: float) -> Seen:
        try:
            return self._use(lambda leases: leases.claim(task.key, mine, watch.dead))
        except StateBusy:
            # The leader could not write its heartbeat either.
            watch.start_again(self._clock.monotonic())
        return patiently(lambda: self._use(lambda leases: leases.claim(task.key, mine)), self._clock, deadline)

    def _lead(self, task: Task, mine: Lease, watch: Watch, seen: Seen, waiting: Tell) -> Fetched:
        def tell(now: bool) -> None:
            waiting(now)
            # Followers that miss it only wait a little longer or less long.
            with contextlib.suppress(StateBusy):
                self._use(lambda leases: leases.waiting(task.key, mine.token, now))

        with self._leading(task, mine.token) as leading:
            # The leader before may have finished after we read the cache and before our claim.
            entry = task.find()
            if entry is not None:
                return leading.found(Fetched(entry, is_cached=True, is_shared=True))
            known = self._left(task, seen.before) or self._known_write(task, watch, seen.before)
            return leading.found(known or task.fetch(tell))

    @contextlib.contextmanager
    def _leading(self, task: Task, token: str) -> Iterator[Leading]:
        leading = Leading(task, leaves_all=self._heartbeat is None)
        with self._lock:
            self._led[token] = task.key
        try:
            with self._heartbeat.keeping(self._renew) if self._heartbeat is not None else contextlib.nullcontext():
                yield leading
        except BaseException as failure:
            leading.failed(failure)
            raise
        finally:
            with self._lock:
                del self._led[token]
            self._release(task.key, token, leading)

    def _release(self, key: str, token: str, leading: Leading) -> None:
        result, left_s = leading.result()
        # Followers find answers in the cache, and notice a silent lease: only a result is worth waiting for.
        patience_s = 0.0 if result is None else LONGEST_S

        def release() -> None:
            self._use(lambda leases: leases.release(key, token, result, left_s))

        try:
            patiently(release, self._clock, self._clock.monotonic(), patience_s)
        except ConnectorError as error:
            _LOG.warning("the lease of a finished request could not be released: %s", error.message)

    def _renew(self) -> None:
        with self._lock:
            led = list(self._led)
        with contextlib.suppress(StateBusy):
            self._use(lambda leases: leases.renew(led))

    def _follow(self, task: Task, watch: Watch, deadline: float, waiting: Tell) -> Fetched | None:
        """The leader's answer; None if it is time to claim. Raises the leader's error."""
        look, leader = _FIRST_LOOK_S, watch.lease
        waiting(leader.waiting)
        while True:
            self._clock.sleep(look)
            look = min(look * 1.5, _LONGEST_LOOK_S)
            now = self._clock.monotonic()
            lease = patiently(lambda: self._use(lambda leases: leases.peek(task.key)), self._clock, deadline)
            entry = task.find()
            if entry is not None:
                return Fetched(entry, is_cached=True, is_shared=True)
            if lease is None or (lease.token != leader.token and not task.is_write):
                return None
            if lease.result is not None:
                return self._result_for(task, lease)
            if lease.token != leader.token:
                return None
            if lease.waiting != leader.waiting:
                leader = lease
                waiting(lease.waiting)
            if self._heartbeat is not None and watch.is_over(lease, now):
                return None
            if lease.waiting and now > deadline:
                if task.turn is not None:
                    task.turn.refuse_if_late()
                raise _waits_for_longer()

    def _result_for(self, task: Task, lease: Lease) -> Fetched | None:
        """The answer that a finished leader left for this follower, or None. Raises the leader's error."""
        result, is_same = lease.result or Result(), lease.account == task.account
        if result.error is not None and is_same:
            raise from_dict(result.error.to_dict())
        entry = result.entry_for(is_same)
        if entry is None or not task.accepts(entry):
            return None
        if self._heartbeat is None and not result.is_cached:
            # The leader may have been a caller that does not store answers.
            return task.keep(entry, result.public)._replace(is_shared=True)
        return Fetched(entry, result.public, result.is_cached, is_shared=True)

    def _left(self, task: Task, before: Lease | None) -> Fetched | None:
        """An answer that the cache could not store when its leader had it. Within a process there is none."""
        if before is None or before.result is None or self._heartbeat is None or not task.lasts:
            return None
        entry = before.result.entry_for(before.account == task.account)
        if entry is None or not task.accepts(entry):
            return None
        return task.keep(entry, before.result.public)._replace(is_shared=True)

    def _known_write(self, task: Task, watch: Watch, before: Lease | None) -> Fetched | None:
        """The result of a write whose leader died, if another follower has it. Raises `OutcomeUnknown`."""
        if not task.is_write or not watch.has_followed:
            return None
        dead = watch.dead
        if dead is not None and dead.account == task.account and not dead.waiting:
            raise died()
        # Another follower may have taken over from the dead leader, and have finished.
        return self._result_for(task, before) if before is not None else None

    def _use(self, work: Callable[[LeaseStore], Reply]) -> Reply:
        return self._leases.use(work)


def _waits_for_longer() -> RateLimited:
    return RateLimited(
        "another caller is looking up the same indicator, and waits for quota longer than this caller may; "
        "repeat the action later, or raise its max_wait_s",
        retry_after=1.0,
        details={"source": "local", "window": None},
    )
