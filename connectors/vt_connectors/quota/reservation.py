"""One granted request, from the grant until its outcome is known."""

from __future__ import annotations

from typing import Any

from ..clock import Clock
from .reservations import GRACE_S

# A slot that was not confirmed for longer may be given to another request before this one reaches VirusTotal.
_LONGEST_SILENCE_S = GRACE_S - 1.0


class ReservationTooOld(Exception):
    """The process was stopped between taking the slot and sending, so the request must not be sent with it."""


class Reservation:
    """Set the outcome of the request before the block ends.

    `waited_s`: how long the slot was waited for. `usage_after`: the quota's state after the block. `is_lost`: the
    ledger does not count the slot any more, and its request was not sent.
    """

    def __init__(self, clock: Clock | None = None, ticket: str = "", taken_at: float = 0.0, waited_s: float = 0.0):
        """Without a clock, the reservation is not counted."""
        self.ticket = ticket
        self.taken_at = taken_at
        self.waited_s = waited_s
        self.usage_after: dict[str, Any] = {}
        self.outcome = "unknown"
        self.is_sent = False
        self.is_lost = False
        self.has_waited = False
        self._clock = clock
        self._confirmed = self._readings()

    def sending(self) -> None:
        """Call this right before the first byte is sent. Raises `ReservationTooOld` if the slot may have expired."""
        if self.is_sent or self._clock is None:
            return
        if self.is_lost or self._silence_s() > _LONGEST_SILENCE_S:
            self.outcome = "never_sent"
            raise ReservationTooOld
        self.is_sent = True

    @property
    def is_held(self) -> bool:
        """Whether the ledger counts the request as in flight, and will for a while without another report."""
        return self._silence_s() <= _LONGEST_SILENCE_S

    def confirm(self) -> None:
        """The ledger is about to be written with this request in flight. Call this while the ledger is locked."""
        self._confirmed = self._readings()

    def answered(self) -> None:
        """VirusTotal sent a response, of any kind."""
        self.outcome = "answered"

    def never_sent(self) -> None:
        """No connection was made, so VirusTotal cannot have counted it."""
        self.outcome = "never_sent"

    def _silence_s(self) -> float:
        """The largest difference of all clocks: a stopped process and a sleeping machine stop different clocks."""
        return max(now - then for now, then in zip(self._readings(), self._confirmed))

    def _readings(self) -> tuple[float, ...]:
        if self._clock is None:
            return (0.0,)
        uptime = self._clock.uptime()
        return (self._clock.monotonic(), self._clock.now(), uptime.seconds if uptime else 0.0)
