"""A search that ends early: splunkd closed our input in the middle of it, or sent SIGTERM."""

from __future__ import annotations

import contextlib
import io
import os
import select
import signal
import stat
import sys
import threading
import time
from typing import Any, Callable

# Requests in flight may still end and be written for this long; then the process exits.
_PATIENCE_S = 0.7
_LAST_WORDS_S = 1.5
# A sender that writes everything at once closes the pipe right after its last chunk, but still reads the reply.
_RIGHT_BEHIND_S = 0.5
_LOOK_S = 0.05
# How long splunkd may take to read what is in the pipe.
_TAKES_S = 10.0


def is_taken(out: Any, within_s: float = _TAKES_S) -> bool:
    """Wait until the reader of the pipe `out` has taken all that was written; False if it closed it or takes too long.

    True where this cannot be seen: on other systems than Linux, and for other outputs than pipes.
    """
    try:
        descriptor = out.fileno()
    except io.UnsupportedOperation:
        return True
    if sys.platform != "linux" or not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        return True
    import fcntl
    import termios

    output = select.poll()
    output.register(descriptor, 0)
    until = time.monotonic() + within_s
    while not output.poll(0):
        if not int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)), sys.byteorder):
            return True
        if time.monotonic() > until:
            return False
        time.sleep(_LOOK_S)
    return False


class Cancellation:
    """Call `watch` at the first chunk. Functions passed to `tell` are called once, in another thread, at the end.

    Splunk does not document how a search is cancelled; a process can see a closed input and SIGTERM.
    """

    def __init__(self) -> None:
        self._told: list[Callable[[], None]] = []
        self._stopped_at: float | None = None
        self._has_failed = False
        self._lock = threading.Lock()
        self._last_words: Callable[[], None] | None = None
        self._status = 0
        # When the current chunk was read, and whether it is the last; None between two chunks.
        self._in_hand: tuple[float, bool] | None = None

    @property
    def stopped(self) -> bool:
        return self._stopped_at is not None

    @property
    def patience_is_over(self) -> bool:
        """Whether it is time to answer without the requests that are still in flight."""
        return self._stopped_at is not None and time.monotonic() - self._stopped_at > _PATIENCE_S

    def tell(self, stop: Callable[[], None]) -> None:
        """`stop` ends waits; it is called at once if the search has already ended."""
        with self._lock:
            self._told.append(stop)
            late = self.stopped
        if late:
            stop()

    def watch(self, descriptor: int) -> None:
        """Watch for both signs, without reading from the input `descriptor`."""
        if not hasattr(select, "poll"):
            return  # Windows has neither sign
        try:
            told, tell = os.pipe()
            os.set_blocking(tell, False)
            threading.Thread(target=self._look_out, args=(descriptor, told), daemon=True).start()
        except (OSError, RuntimeError, MemoryError):
            return  # no thread or pipe could be created: SIGTERM ends the process at once
        signal.signal(signal.SIGTERM, lambda number, frame: self._on_signal(tell))

    def watch_time(self, most_s: float, status: int, last_words: Callable[[], None]) -> None:
        """For a process with a time limit: stop on SIGTERM, or `most_s` seconds from now.

        If the process still runs a moment later, call `last_words` and exit with `status`.
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
        """A chunk was read."""
        self._in_hand = time.monotonic(), last

    def replied(self) -> None:
        """The reply to it was written. From here on, a closed input only says that splunkd has it."""
        self._in_hand = None

    def end(self) -> None:
        """All work for it is done."""
        self.replied()
        if self.stopped:
            sys.exit(0)

    def _on_signal(self, tell: int) -> None:
        # The other thread does the rest, because this one may hold any lock.
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
            # The search continues, and the next signal ends it at once.
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
        # With an empty event mask, `poll` reports a hang-up, but not new data.
        changes.register(descriptor, 0)
        hung_up_at = None
        while signals not in dict(changes.poll()):
            hung_up_at = hung_up_at or time.monotonic()
            if self._is_left_alone(descriptor, hung_up_at):
                return
            time.sleep(_LOOK_S)

    def _is_left_alone(self, descriptor: int, hung_up_at: float) -> bool:
        """Whether splunkd does not wait for the reply to the current chunk, now that the input is closed."""
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
