"""The requests of one client in a process: the first waits for quota, the others wait here, in order of arrival."""

from __future__ import annotations

import threading
import weakref
from typing import Callable

from ..clock import Clock
from ..threads import freed_at_fork
from .waiters import Claim

# How soon a waiting request notices that its process should end, or that its deadline has passed.
_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.002, 0.1


class Gate:
    """`waits`: whether the first request waits for quota, instead of being about to send."""

    def __init__(self) -> None:
        self._lock = freed_at_fork(threading.Lock())
        self._line: list[Turn] = []
        self.waits = False

    def join(self, turn: Turn) -> int:
        """Returns how many requests are before it."""
        with self._lock:
            self._line.append(turn)
            return len(self._line) - 1

    def position(self, turn: Turn) -> int:
        with self._lock:
            return self._line.index(turn)

    @property
    def waiting(self) -> int:
        """How many requests wait for quota."""
        with self._lock:
            return len(self._line) if self.waits else 0

    def drop(self, turn: Turn) -> None:
        with self._lock:
            if turn not in self._line:
                return
            if self._line[0] is turn:
                self.waits = False
            self._line.remove(turn)
            if self._line:
                self._line[0].called.set()


class Turn:
    """The place of one request. Used by one thread; may be entered again after it was left."""

    def __init__(self, gate: Gate, clock: Clock, deadline: float, check: Callable[[int], None]) -> None:
        """`check(requests_ahead)` raises `RateLimited` if this request cannot start before `deadline`."""
        self.called = threading.Event()
        self._gate = gate
        self._clock = clock
        self._deadline = deadline
        self._check = check
        self._is_in = False
        self._waited_s = 0.0

    def take_waited_s(self) -> float:
        """Seconds spent waiting for other requests of its client, since the last call."""
        waited_s, self._waited_s = self._waited_s, 0.0
        return waited_s

    def enter(self) -> None:
        """Return when this request is first. Raises what `check` raises, and `Cancelled` when the process ends."""
        if self._is_in:
            return
        self.called.clear()
        self._is_in = True
        if self._gate.join(self) == 0:
            return
        began = self._clock.monotonic()
        try:
            self._wait()
            self._waited_s += self._clock.monotonic() - began
        except BaseException:
            self.leave()
            raise

    def _wait(self) -> None:
        is_checked, look_s = False, _FIRST_LOOK_S
        while not self.called.wait(look_s):
            look_s = min(look_s * 2, _LONGEST_LOOK_S)
            self._clock.sleep(0)
            # A request that may not wait for quota still waits here if the first request is about to be sent.
            if self._gate.waits and (not is_checked or self._clock.monotonic() > self._deadline):
                self._check(self._gate.position(self))
                is_checked = True

    def waits(self) -> None:
        """The first request begins to wait for quota."""
        self._gate.waits = True

    def refuse_if_late(self) -> None:
        """Raise `RateLimited` if a request that arrives now gets no quota in time."""
        self._check(0)

    def leave(self) -> None:
        """Let the next request enter."""
        if self._is_in:
            self._is_in = False
            self._gate.drop(self)


class Gates:
    """The gates of all clients of a process. Safe for many threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # A gate exists for as long as one of its turns, because a turn that was left may be entered again.
        self._gates: weakref.WeakValueDictionary[tuple[str, bool], Gate] = weakref.WeakValueDictionary()
        self._lock = freed_at_fork(threading.Lock())

    def turn(self, claim: Claim, deadline: float, check: Callable[[int], None]) -> Turn:
        """The place of a request among those of its client. `check`: as in `Turn`."""
        with self._lock:
            gate = self._gates.setdefault((claim.client, claim.batch), Gate())
            return Turn(gate, self._clock, deadline, check)

    def waiting(self) -> dict[str, int]:
        """How many requests of each client wait for quota."""
        with self._lock:
            gates = list(self._gates.items())
        waiting: dict[str, int] = {}
        for (client, _), gate in gates:
            waiting[client] = waiting.get(client, 0) + gate.waiting
        return waiting
