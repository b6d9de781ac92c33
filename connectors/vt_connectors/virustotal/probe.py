"""While it is not known whether a key works, only one request is sent: the probe. Others wait for its outcome.

A response from VirusTotal closes the circuit, and all requests are sent in parallel. If VirusTotal refuses the key, the
waiting requests end with the same error and are not sent, because `CircuitBreaker` remembers it. A probe without a
response from VirusTotal says nothing about the key, so the next request becomes the probe.
"""

from __future__ import annotations

import math
import threading

from ..clock import Clock
from ..errors import ConnectorError, RequestTimeout
from ..quota.gate import Turn
from ..threads import freed_at_fork
from .circuit_breaker import CircuitBreaker

# A file may take minutes to send, so other requests do not wait for it.
_SENDS_A_FILE = ("scan_file", "private_scan_file")
# How often a waiting request checks whether its process should end, or its time is over.
_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.002, 0.1


class KeyProbe:
    """The probe of one account in one process. Safe for many threads."""

    def __init__(self, breaker: CircuitBreaker, clock: Clock, patience_s: float) -> None:
        """`patience_s`: for how long a request waits for probes, if its deadline is not later."""
        self._breaker = breaker
        self._clock = clock
        self._patience_s = patience_s
        self._lock = freed_at_fork(threading.Lock())
        # Each event is set when the outcome is known, or when requests should no longer wait for it.
        self._probes: dict[Permit, threading.Event] = {}

    def permit(self, purpose: str, deadline: float, turn: Turn | None = None) -> Permit:
        """The permit of one request.

        `deadline`: as for `CircuitBreaker.open_error`; `turn`: its place among its client's.
        """
        return Permit(self, purpose, deadline, turn)

    def open_error(self, permit: Permit) -> ConnectorError | None:
        """The error that other requests just got and that this request would get."""
        return self._breaker.open_error(permit.purpose, permit.deadline)

    def lets_by(self, permit: Permit) -> bool:
        """Whether the request need not wait: the key works, or is refused, or the request becomes the probe."""
        if self._breaker.is_proven or self.open_error(permit) is not None:
            return True
        with self._lock:
            # Checked again, because an outcome is recorded before its probe ends.
            if self._breaker.is_proven or permit in self._probes or self.open_error(permit) is not None:
                return True
            if self._ahead_of(permit) is not None:
                return False
            self._probes[permit] = threading.Event()
            return True

    def end(self, permit: Permit) -> None:
        """The request is no longer the probe."""
        with self._lock:
            ended = self._probes.pop(permit, None)
        if ended is not None:
            ended.set()

    def accepted(self, purpose: str) -> None:
        """VirusTotal answered a request with this key."""
        self._breaker.answered(purpose)
        with self._lock:
            for ended in self._probes.values():
                ended.set()

    def give_up_at(self, deadline: float) -> float:
        """The end of the wait for a request that begins to wait now (monotonic seconds)."""
        until = self._clock.monotonic() + self._patience_s
        return max(until, deadline) if math.isfinite(deadline) else until

    def wait(self, permit: Permit, until: float) -> None:
        """Return when the probe has ended. Raises `RequestTimeout` after `until`, and `Cancelled`.

        After `until`, a request with a file is sent anyway, because the probe is another file, which may take long.
        """
        with self._lock:
            ended, look_s = self._ahead_of(permit), _FIRST_LOOK_S
        while ended is not None and not ended.wait(look_s):
            self._clock.sleep(0)
            look_s = min(look_s * 2, _LONGEST_LOOK_S)
            if self._clock.monotonic() > until:
                if not permit.sends_file:
                    raise _no_outcome()
                with self._lock:
                    self._probes.setdefault(permit, threading.Event())
                return

    def _ahead_of(self, permit: Permit) -> threading.Event | None:
        """The event of the probe that the request waits for."""
        concerning = (ended for probe, ended in self._probes.items() if permit.sends_file or not probe.sends_file)
        return next((ended for ended in concerning if not ended.is_set()), None)


def _no_outcome() -> RequestTimeout:
    return RequestTimeout(
        "it is not known yet whether VirusTotal accepts the key, because another request of this process has had no "
        "answer; this request was not sent: try again later"
    )


class Permit:
    """The permit of one request. Used by one thread; may be entered again after it was left.

    While a request waits for a probe it has no turn, so the probe can be repeated. It should hold no lease that other
    processes see.
    """

    def __init__(self, probe: KeyProbe, purpose: str, deadline: float, turn: Turn | None) -> None:
        self.purpose = purpose
        self.deadline = deadline
        self.sends_file = purpose in _SENDS_A_FILE
        self.turn = turn
        self._probe = probe
        self._until = probe.give_up_at(deadline)
        self._is_in = False

    def enter(self) -> None:
        """Return when the request is the first of its client and no probe is pending. Raises `ConnectorError`."""
        if self._is_in:
            return
        while not self._goes_in():
            self._probe.wait(self, self._until)
        self._is_in = True

    def _goes_in(self) -> bool:
        # A request that is refused anyway does not wait for its turn.
        if self.turn is not None and self._probe.open_error(self) is None:
            self.turn.enter()
        if self._probe.lets_by(self):
            return True
        if self.turn is not None:
            self.turn.leave()
        return False

    def waits(self) -> None:
        """The request begins to wait for quota: other requests do not wait for its outcome meanwhile."""
        self._probe.end(self)

    def may_send(self) -> None:
        """The request has its reservation: return when it may be sent. Raises an expected error, or like `wait`."""
        until = self._probe.give_up_at(self.deadline)
        while not self._probe.lets_by(self):
            self._probe.wait(self, until)
        error = self._probe.open_error(self)
        if error is not None:
            raise error

    def accepted(self) -> None:
        """VirusTotal answered the request."""
        self._probe.accepted(self.purpose)

    def settle(self) -> None:
        """`CircuitBreaker` has the outcome, or there is none."""
        self._probe.end(self)

    def refuse_if_late(self) -> None:
        """Raise `RateLimited` if there is no quota in time."""
        if self.turn is not None:
            self.turn.refuse_if_late()

    def leave(self) -> None:
        """Let the next request pass."""
        self._is_in = False
        self._probe.end(self)
        if self.turn is not None:
            self.turn.leave()
