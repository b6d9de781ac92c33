"""The heartbeat, by which other processes distinguish a slow owner from a dead one."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

from ..light_typing import Callable
from ..log import logger
from ..threads import WorkThread, start_thread

_LOG = logger("state")
INTERVAL_S = 1.0

Beat = Callable[[], None]


class Heartbeat:
    """One thread per process. `keeping(beat)` calls `beat` once a second for as long as a holder is inside.

    It uses real time, not the clock of the work, because it shows that this process is alive.
    """

    def __init__(self, interval_s: float = INTERVAL_S) -> None:
        self._interval_s = interval_s
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._holders: dict[Beat, int] = {}
        self._changed = threading.Condition()
        self._thread: WorkThread | None = None

    @contextlib.contextmanager
    def keeping(self, beat: Beat) -> Iterator[None]:
        if self._pid != os.getpid():
            # A forked process does not have the thread, and perhaps a lock that is never released.
            self._begin()
        with self._changed:
            self._holders[beat] = self._holders.get(beat, 0) + 1
        try:
            with self._changed:
                self._start()
            yield
        finally:
            self._let_go(beat)

    def rest(self) -> None:
        """Return when the thread has ended; at once if there is a holder."""
        with self._changed:
            thread = None if self._holders or self._pid != os.getpid() else self._thread
            self._changed.notify_all()
        if thread is not None:
            thread.join()

    def _let_go(self, beat: Beat) -> None:
        if self._pid != os.getpid():
            return
        with self._changed:
            self._holders[beat] = self._holders.get(beat, 0) - 1
            if self._holders[beat] <= 0:
                del self._holders[beat]

    def _start(self) -> None:
        # If the thread cannot start, a request may at most be repeated.
        if self._thread is None or not self._thread.is_alive:
            self._thread = start_thread(self._run, "vt-heartbeat")

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: not self._holders, self._interval_s)
                beats = list(self._holders)
                if not beats:
                    self._thread = None
                    return
            for beat in beats:
                try:
                    beat()
                except Exception:
                    # A missed beat costs at most a repeated request; it must not end the thread.
                    _LOG.warning("a heartbeat was not written", exc_info=True)
