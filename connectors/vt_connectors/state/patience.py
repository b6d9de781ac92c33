"""Waits for a part of the state that another program has locked, for as long as the caller may wait."""

from __future__ import annotations

from typing import Callable, TypeVar

from ..clock import Clock
from ..errors import Unavailable
from .fallback import StateBusy

Result = TypeVar("Result")

# A caller that may not wait for quota still waits this long for a lock ...
SHORTEST_S = 5.0
# ... and a caller that may wait for hours waits at most this long for a lock.
LONGEST_S = 30.0
_PAUSE_S = 0.05


def patiently(step: Callable[[], Result], clock: Clock, deadline: float, shortest_s: float = SHORTEST_S) -> Result:
    """Repeat `step()` while it raises `StateBusy`, until `deadline` (the clock's monotonic seconds).

    Raises `Unavailable` after that, and `Cancelled` when the process should end.
    """
    give_up: float | None = None
    while True:
        try:
            return step()
        except StateBusy as error:
            now = clock.monotonic()
            if give_up is None:
                give_up = now + min(max(deadline - now, shortest_s), LONGEST_S)
            if now >= give_up:
                raise Unavailable(
                    f"{error}; no request was sent, because another process may send the same one; repeat it later"
                ) from None
            clock.sleep(_PAUSE_S)
