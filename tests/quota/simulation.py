"""A simulation: callers that arrive, wait, send, beat and die, and a server that counts each request at some moment.

The simulation is as unfair as reality: the server may count a request at any moment between its start and its
response, and the request of a dead owner until a grace after the owner's last heartbeat. The callers' clock may be set
at any moment; the server's clock is not.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from typing import Callable

from vt_connectors.clock import Uptime
from vt_connectors.quota import Quota, policy
from vt_connectors.quota import reservations as slots
from vt_connectors.quota.clock_changes import adjust
from vt_connectors.quota.ledger import Ledger
from vt_connectors.quota.policy import Refuse, Start
from vt_connectors.quota.waiters import Claim
from vt_connectors.quota.windows import period_key
from vt_connectors.state.heartbeat import INTERVAL_S

_MOST_EVENTS = 50_000


@dataclass(frozen=True)
class Caller:
    """`counted_at`: when the server counts, from 0 (start) to 1 (latest moment). `fate`: the outcome.

    It is killed `dies_after` its arrival, or `dies_at_work` after its start. `ahead`: the difference of its clock.
    `client`: its name, if it has one.
    """

    comes_at: float
    latency: float
    counted_at: float
    dies_after: float | None = None
    dies_at_work: float | None = None
    fate: str = "answered"
    look_delay: float = 0.0
    ahead: float = 0.0
    client: str = ""


class Simulation:
    def __init__(self, quota: Quota, began: float, max_clock_skew_s: float = 0.0) -> None:
        self.quota = quota
        self.ledger = Ledger(max_clock_skew_s=max_clock_skew_s)
        self.counted: list[float] = []
        self.started: list[str] = []
        self.waits: list[tuple[float, float]] = []
        self.refused: list[str] = []
        # Days are too long to simulate every second.
        self.patience = 40.0 if quota.calendar else float("inf")
        self._now = began
        self._clock_is_off_by = 0.0
        self._latest = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0

    def run(self, callers: list[Caller]) -> None:
        began = self._now
        for number, caller in enumerate(callers):
            _Life(self, f"caller {number}", caller, began + caller.comes_at)
        for _ in range(_MOST_EVENTS):
            if not self._events:
                return
            self._now, _, event = heapq.heappop(self._events)
            event()
        raise AssertionError("a caller waits for ever")

    def later(self, at: float, event: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._events, (max(at, self._now), self._number, event))

    @property
    def now(self) -> float:
        return self._now

    def set_clock(self, after: float, step: float) -> None:
        def event() -> None:
            self._clock_is_off_by += step

        self.later(self._now + after, event)

    def by_the_clock(self, time: float) -> float:
        """The callers' clock at `time`."""
        return time + self._clock_is_off_by

    def by_the_server(self, time: float) -> float:
        return time - self._clock_is_off_by

    def open(self, ahead: float = 0.0) -> float:
        """The time by a caller's clock, after adjusting the ledger, as in each transaction.

        A caller that is behind uses the latest earlier time, as far as clocks may differ.
        """
        here = self.by_the_clock(self._now) + ahead
        adjust(self.ledger, here, Uptime(f"{ahead} s ahead", self._now))
        self._latest = max(here, self._latest) if self._latest - here <= self.ledger.max_clock_skew_s else here
        return self._latest

    def exceeded(self) -> list[str]:
        """The windows in which the server counted more than the limit."""
        times = sorted(self.counted)
        found = []
        for window in self.quota.sliding:
            inside = (bisect_left(times, time + window.seconds) - place for place, time in enumerate(times))
            if max(inside, default=0) > window.limit:
                found.append(window.name)
        for calendar in self.quota.calendar:
            counts = Counter(period_key(calendar.period, time) for time in times)
            if max(counts.values(), default=0) > calendar.limit:
                found.append(calendar.name)
        return found


class _Life:
    def __init__(self, simulation: Simulation, name: str, caller: Caller, comes_at: float) -> None:
        self._world = simulation
        self._name = name
        self._caller = caller
        self._dies_at = float("inf") if caller.dies_after is None else comes_at + caller.dies_after
        self._deadline = comes_at + simulation.patience
        self._comes_at = comes_at
        self._taken_at = 0.0
        self._done_at = 0.0
        simulation.later(comes_at, self._look)

    def _look(self) -> None:
        simulation, ahead = self._world, self._caller.ahead
        if simulation.now >= self._dies_at:
            return
        now = simulation.open(ahead)
        decision = policy.decide(
            simulation.ledger,
            simulation.quota,
            self._name,
            now,
            now + (self._deadline - simulation.now),
            Claim(self._caller.client, returns=False),
        )
        if isinstance(decision, Refuse):
            assert simulation.now + decision.retry_after > self._deadline
            simulation.refused.append(self._name)
            return
        if not isinstance(decision, Start):
            until = simulation.by_the_server(decision.until) - ahead
            simulation.later(max(until, simulation.now + 0.005) + self._caller.look_delay, self._look)
            return
        simulation.started.append(self._name)
        simulation.waits.append((self._comes_at, simulation.now))
        self._taken_at = decision.taken_at
        self._start()

    def _start(self) -> None:
        simulation, caller = self._world, self._caller
        self._done_at = simulation.now + caller.latency
        if caller.dies_at_work is not None:
            self._dies_at = min(self._dies_at, simulation.now + caller.dies_at_work)
        if caller.fate != "never_sent":
            self._be_counted()
        simulation.later(simulation.now + INTERVAL_S, self._beat)
        simulation.later(self._done_at, self._finish)

    def _be_counted(self) -> None:
        now, caller = self._world.now, self._caller
        latest = self._done_at
        if self._dies_at < self._done_at:
            last_sign = now
            while last_sign + INTERVAL_S < self._dies_at:
                last_sign += INTERVAL_S
            latest = min(self._done_at, last_sign + slots.GRACE_S)
        elif caller.fate == "lost":
            latest = self._done_at + slots.GRACE_S
        self._world.counted.append(now + caller.counted_at * (latest - now))

    def _beat(self) -> None:
        now = self._world.now
        if now < min(self._dies_at, self._done_at):
            slots.beat(self._world.ledger, [self._name], self._world.open(self._caller.ahead))
            self._world.later(now + INTERVAL_S, self._beat)

    def _finish(self) -> None:
        simulation = self._world
        if simulation.now >= self._dies_at:
            return
        now = simulation.open(self._caller.ahead)
        if self._caller.fate == "never_sent":
            slots.refund(simulation.ledger, self._name, self._taken_at)
        else:
            slots.settle(simulation.ledger, self._name, now, answered=self._caller.fate == "answered")
