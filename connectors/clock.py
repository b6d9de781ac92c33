"""Time as a dependency. Everything that waits or stamps takes a `Clock`."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timezone
from typing import Protocol

from .errors import Cancelled


class Clock(Protocol):
    def now(self) -> float:
        """Epoch seconds, comparable between processes of one machine."""

    def monotonic(self) -> float:
        """Seconds that never step back, comparable within this process only."""

    def sleep(self, seconds: float) -> None:
        """Wait; raises `Cancelled` when the process was asked to stop."""


class SystemClock:
    """The machine's clock. `cancel()` wakes every sleeper with `Cancelled`, from any thread or signal handler."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        if self._cancelled.wait(max(0.0, seconds)):
            raise Cancelled("stopped while waiting: the process was asked to end; run the action again")

    def cancel(self) -> None:
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()


def iso(epoch: float) -> str:
    """Epoch seconds as `2026-01-02T03:04:05Z`."""
    return datetime.fromtimestamp(epoch, timezone.utc).isoformat(timespec="seconds")[:19] + "Z"
