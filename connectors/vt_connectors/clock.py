"""Time as a dependency. All code that waits or reads the time takes a `Clock`."""

from __future__ import annotations

import functools
import math
import threading
import time

from .errors import Cancelled
from .light_typing import NamedTuple, Protocol
from .quick_imports import suppress

_LONGEST_AT_THE_GATE_S = 1.0
_LAST_YEAR = 9999


class Uptime(NamedTuple):
    """The time since the machine started, which cannot be set. Comparable between processes with the same `boot`."""

    boot: str
    seconds: float


class Clock(Protocol):
    def now(self) -> float:
        """Epoch seconds, comparable between processes of one machine."""

    def monotonic(self) -> float:
        """Seconds that never go backwards, comparable within this process only."""

    def uptime(self) -> Uptime | None:
        """None if the system does not provide it."""

    def sleep(self, seconds: float) -> None:
        """Wait. Raises `Cancelled` if the process is asked to stop."""


class StopFlag:
    """Set once, waited for by many threads. `set` is safe in a signal handler and in a finalizer, also while the same
    thread is inside `set` or `wait`: it takes no lock. (`threading.Event` takes one that is not reentrant.)
    """

    def __init__(self) -> None:
        self._is_set = False
        # Locked until the flag is set. A waiter that gets the lock releases it immediately.
        self._gate = threading.Lock()
        self._gate.acquire()

    @property
    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True
        self._open()

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds`. Returns whether the flag is set."""
        until = time.monotonic() + seconds
        while not self._is_set and (left := until - time.monotonic()) > 0:
            # A handler that raises between these two lines keeps the gate locked, so the wait for it is short.
            if self._gate.acquire(timeout=min(left, _LONGEST_AT_THE_GATE_S)):
                self._open()
        return self._is_set

    def _open(self) -> None:
        with suppress(RuntimeError):  # it is open already
            self._gate.release()


class SystemClock:
    """The machine's clock. `cancel()` wakes every sleeper with `Cancelled`, from any thread or signal handler."""

    def __init__(self) -> None:
        self._cancelled = StopFlag()

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def uptime(self) -> Uptime | None:
        boot = _boot()
        return Uptime(boot, time.clock_gettime(time.CLOCK_BOOTTIME)) if boot else None

    def sleep(self, seconds: float) -> None:
        if self._cancelled.wait(max(0.0, seconds)):
            raise Cancelled("stopped while waiting: the process was asked to end; run the action again")

    def cancel(self) -> None:
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set


@functools.cache
def _boot() -> str | None:
    """An id for the machine's current run. Includes the time namespace, because the uptime of containers may differ."""
    from pathlib import Path

    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        time.clock_gettime(time.CLOCK_BOOTTIME)
    except (OSError, ValueError, AttributeError):
        return None
    try:
        return f"{boot} {Path('/proc/self/ns/time').readlink()}"
    except OSError:
        return boot


def iso(epoch: float) -> str:
    """Epoch seconds as `2026-01-02T03:04:05Z`. Rounded first, so that float errors do not lose a second."""
    return _iso(math.floor(round(epoch, 3)))


@functools.lru_cache(maxsize=1024)
def _iso(second: int) -> str:
    """Many answers were fetched in the same second."""
    moment = time.gmtime(second)
    if not 1 <= moment.tm_year <= _LAST_YEAR:
        raise ValueError(f"the year {moment.tm_year} is out of range")
    return "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}Z".format(*moment[:6])


def epoch_of(text: str) -> float:
    """The inverse of `iso`; 0.0 for text in any other form."""
    from datetime import datetime, timezone

    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return 0.0
