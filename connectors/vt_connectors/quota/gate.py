"""One client's requests within a process: one waits for quota, the others wait here, first come first served."""

from __future__ import annotations

import threading
from typing import Callable

from ..clock import Clock

# How soon a waiting request notices that its process is asked to end, or that its time is up.
_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.002, 0.1


class Gate:
    """`waits`: whether the first in line waits for quota, and is not just about to send."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line: list[Turn] = []
        self.waits = False

    def join(self, turn: Turn) -> int:
        """How many are before it now."""
        with self._lock:
            self._line.append(turn)
            return len(self._line) - 1

    def position(self, turn: Turn) -> int:
        with self._lock:
            return self._line.index(turn)

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
    """One request's place in the line. Used by one thread; may be entered again after it was left."""

    def __init__(self, gate: Gate, clock: Clock, deadline: float, check: Callable[[int], None]) -> None:
        """`check(requests_ahead)` raises `RateLimited` if this request cannot be in time for `deadline`."""
        self.called = threading.Event()
        self._gate = gate
        self._clock = clock
        self._deadline = deadline
        self._check = check
        self._is_in = False
        self._waited_s = 0.0

    def take_waited_s(self) -> float:
        """For how long it waited for others of its client, since this was last asked."""
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
            # One that may not wait for quota still waits for its turn if the first in line is about to be served.
            if self._gate.waits and (not is_checked or self._clock.monotonic() > self._deadline):
                self._check(self._gate.position(self))
                is_checked = True

    def waits(self) -> None:
        """The first in line begins to wait for quota."""
        self._gate.waits = True

    def refuse_if_late(self) -> None:
        """Raise `RateLimited` if there is no quota in time for a request that came now."""
        self._check(0)

    def leave(self) -> None:
        """Let the next request by."""
        if self._is_in:
            self._is_in = False
            self._gate.drop(self)
