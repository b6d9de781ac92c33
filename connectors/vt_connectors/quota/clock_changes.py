"""If the clock was set forward, the stored times move with it, so that nothing expires early. Pure.

If the clock was set back, times that are in the future then count as now (`policy.tidy`).
"""

from __future__ import annotations

from ..clock import Uptime
from . import reservations as slots
from . import shares, waiters
from .ledger import Ledger

# Two clocks are not read at the same moment, and smaller corrections are made smoothly.
_NOTICED_S = 0.1


def adjust(ledger: Ledger, now: float, uptime: Uptime | None) -> None:
    """Detect whether the clock was set since the ledger was written. Without `uptime` that is not possible."""
    if uptime is None:
        return
    booted_at = now - uptime.seconds
    step = booted_at - ledger.booted_at
    if ledger.boot == uptime.boot:
        if abs(step) < _NOTICED_S:
            return
        if step > 0:
            _move(ledger, step)
    ledger.boot, ledger.booted_at = uptime.boot, booted_at


def _move(ledger: Ledger, step: float) -> None:
    slots.move(ledger, step)
    waiters.move(ledger, step)
    shares.move(ledger.shares, step)
    ledger.blocked_until += step
    ledger.reset_at += step
    ledger.inherited_until += step if ledger.inherited_until else 0.0
