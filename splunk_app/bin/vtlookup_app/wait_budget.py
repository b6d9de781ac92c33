"""How long a search waits for quota."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vt_connectors.contract.response import Response


class WaitBudget:
    """How long a search may still wait for quota. Lookups that wait at the same time count once."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._spent = 0.0
        self._counted_to = 0.0
        self._lock = threading.Lock()

    @property
    def spent(self) -> float:
        return self._spent

    def left(self) -> float:
        with self._lock:
            return max(0.0, self._seconds - self._spent)

    def waited(self, began: float, seconds: float) -> None:
        """A lookup that began at `began` (monotonic) waited for `seconds`."""
        with self._lock:
            end = began + seconds
            self._spent += max(0.0, end - max(began, self._counted_to))
            self._counted_to = max(self._counted_to, end)


def waited_s(response: Response, took_s: float) -> float:
    """Seconds a lookup waited for quota. If it got no quota, or a shared answer, it only waited."""
    error, meta = response["error"], response["meta"]
    only_waited = meta["source"] == "shared" or (error is not None and error["code"] == "rate_limited")
    return took_s if only_waited else float(meta["waited_s"])
