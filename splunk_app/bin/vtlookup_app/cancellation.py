"""A search that is over before its time: splunkd has closed our input in the middle of it, or sent SIGTERM."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import time
from typing import Callable

# What is under way may still end, and be written, for so long; then the process is gone, whatever it waits for.
_PATIENCE_S = 0.7
_LAST_WORDS_S = 1.5
# A sender that writes all it has and goes closes the pipe right behind its last chunk, and wants the answer.
_RIGHT_BEHIND_S = 0.5
_LOOK_S = 0.05


class Cancellation:
    """`watch` from the first chunk on. `told` are called once, in another thread, when the search is over.

    Splunk's documents say nothing of how a search is cancelled; a closed input and SIGTERM are what a process can see.
    """

    def __init__(self) -> None:
        self._told: list[Callable[[], None]] = []
        self._stopped_at: float | None = None
        self._has_failed = False
        self._lock = threading.Lock()
        self._last_words: Callable[[], None] | None = None
        self._status = 0
        # When the chunk in hand was read, and whether there will be no other; None between two chunks.
        self._in_hand: tuple[float, bool] | None = None

    @property
    def stopped(self) -> bool:
        return self._stopped_at is not None

    @property
    def patience_is_over(self) -> bool:
        """Whether it is time to answer without what is still under way."""
        return self._stopped_at is not None and time.monotonic() - self._stopped_at > _PATIENCE_S

    def tell(self, stop: Callable[[], None]) -> None:
        """`stop` ends waits; it is called at once if the search is over already."""
        with self._lock:
            self._told.append(stop)
            late = self.stopped
        if late:
            stop()

    def watch(self, descriptor: int) -> None:
        """Look out for both signs, without reading anything from the input `descriptor`."""
        if not hasattr(select, "poll"):
            return  # Windows has neither sign
        try:
            told, tell = os.pipe()
            os.set_blocking(tell, False)
            threading.Thread(target=self._look_out, args=(descriptor, told), daemon=True).start()
        except (OSError, RuntimeError, MemoryError):
            return  # there is no room for a thread or a pipe: SIGTERM ends the process at once
        signal.signal(signal.SIGTERM, lambda number, frame: self._on_signal(tell))

    def watch_time(self, most_s: float, status: int, last_words: Callable[[], None]) -> None:
        """For a process that splunkd ends after some time: it is stopped by SIGTERM, or `most_s` from now.

        If it is still there a moment later, it calls `last_words` and exits with `status`.
        """
        if not hasattr(select, "poll"):
            return
        self._status, self._last_words = status, last_words
        self.begin(last=True)
        try:
            signals, tell = os.pipe()
            os.set_blocking(tell, False)
            threading.Thread(target=self._look_out, args=(None, signals, most_s), daemon=True).start()
        except (OSError, RuntimeError, MemoryError):
            return
        signal.signal(signal.SIGTERM, lambda number, frame: self._on_signal(tell))

    def begin(self, *, last: bool) -> None:
        """A chunk is in hand."""
        self._in_hand = time.monotonic(), last

    def end(self) -> None:
        """It is answered."""
        self._in_hand = None
        if self.stopped:
            sys.exit(0)

    def _on_signal(self, tell: int) -> None:
        # The rest is the other thread's: this one may be holding any lock.
        with contextlib.suppress(BlockingIOError):
            os.write(tell, b"s")
        if self._has_failed:
            os._exit(0)
        if self._in_hand is None:
            sys.exit(0)

    def _look_out(self, descriptor: int | None, signals: int, most_s: float | None = None) -> None:
        try:
            if descriptor is None:
                select.select([signals], [], [], most_s)
            else:
                self._wait_for_the_end(descriptor, signals)
        except Exception:
            # The search goes on, and the next signal ends it at once.
            self._has_failed = True
            return
        try:
            self._stop()
            time.sleep(_LAST_WORDS_S)
            if self._last_words is not None:
                self._last_words()
        finally:
            os._exit(self._status)

    def _wait_for_the_end(self, descriptor: int, signals: int) -> None:
        changes = select.poll()
        changes.register(signals, select.POLLIN)
        # Without any event asked for, a hang-up is told, and no arrival.
        changes.register(descriptor, 0)
        hung_up_at = None
        while signals not in dict(changes.poll()):
            hung_up_at = hung_up_at or time.monotonic()
            if self._is_left_alone(descriptor, hung_up_at):
                return
            time.sleep(_LOOK_S)

    def _is_left_alone(self, descriptor: int, hung_up_at: float) -> bool:
        """Whether nobody waits for the chunk in hand, now that the input has been hung up."""
        in_hand = self._in_hand
        rest = select.poll()
        rest.register(descriptor, select.POLLIN)
        if in_hand is None or any(events & select.POLLIN for _, events in rest.poll(0)):
            return False
        began, last = in_hand
        return not last or hung_up_at - began > _RIGHT_BEHIND_S

    def _stop(self) -> None:
        with self._lock:
            self._stopped_at = time.monotonic()
            told = list(self._told)
        for stop in told:
            with contextlib.suppress(Exception):  # the others are to be told too
                stop()
