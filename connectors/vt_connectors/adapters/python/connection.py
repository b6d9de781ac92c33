"""One process's core, shared by a Python program's threads until it is closed."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from ...actions.lookup_port import LookingUp
from ...actions.request_batch import BatchAnswers
from ...clock import StopFlag, SystemClock
from ...contract.documents import Request
from ...errors import Cancelled
from ...threads import freed_at_fork

if TYPE_CHECKING:
    from ...contract.response import Response

CLOSED = "this connection to VirusTotal is closed; make a new one with connect()"


class Answering(LookingUp, Protocol):
    """The part of the core that is used here."""

    def run(self, request: Request) -> Response: ...

    def within(self, batch: BatchAnswers) -> Answering: ...

    def delivered(self, response: Response) -> None: ...

    def close(self) -> None: ...


class Stoppable(Protocol):
    def stop(self) -> None: ...


class CallersClock(SystemClock):
    """The system clock; the sleeping threads of one batch can be woken without the others."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.local()

    def wake_this_thread_at(self, stop: StopFlag) -> None:
        """From now on only `stop` interrupts this thread's sleep."""
        self._thread.stop = stop

    def sleep(self, seconds: float) -> None:
        stop: StopFlag = getattr(self._thread, "stop", self._cancelled)
        if stop.wait(max(0.0, seconds)):
            raise Cancelled("stopped while waiting: the connection was closed, or the loop over the answers was left")


class Connection:
    """`core()` gives callers the core. After `close`, new callers get an error, sleeping callers are woken, and the
    last caller closes the core. Thread-safe.
    """

    def __init__(self, core: Answering, clock: CallersClock) -> None:
        self.clock = clock
        self._core = core
        # Reentrant, because the garbage collector may end a batch, and a signal handler may call `close`, at any line.
        self._lock = freed_at_fork(threading.RLock())
        self._inside = 0
        self._closed = False
        self._batches: set[Stoppable] = set()
        self._handed_out: dict[str, Response] = {}

    @contextlib.contextmanager
    def core(self) -> Iterator[Answering]:
        """The core, for the length of the block. Raises `RuntimeError` if the connection is closed."""
        with self._lock:
            if self._closed:
                raise RuntimeError(CLOSED)
            self._inside += 1
        try:
            yield self._core
        finally:
            with self._lock:
                self._inside -= 1
                last = self._closed and not self._inside
            if last:
                self._core.close()

    @contextlib.contextmanager
    def working_on(self, batch: Stoppable) -> Iterator[None]:
        """Stop `batch` at the end of the block, or on `close` if that is earlier. Raises like `core`."""
        with self._lock:
            if self._closed:
                raise RuntimeError(CLOSED)
            self._batches.add(batch)
        try:
            yield
        finally:
            batch.stop()
            self._batches.discard(batch)

    def end_batch(self) -> None:
        """Like the core's `end_batch`; no error if the connection is closed."""
        with contextlib.suppress(RuntimeError), self.core() as core:
            core.end_batch()

    def hand_out(self, stream: str, response: Response) -> None:
        """Remember that the caller works on `response`, the last one of `stream`."""
        with self._lock:
            self._handed_out[stream] = response

    def deliver(self, stream: str) -> None:
        """The caller has finished the work on the last response of `stream`, if there is one."""
        with self._lock:
            response = self._handed_out.pop(stream, None)
        if response is not None:
            self._core.delivered(response)

    def close(self, *, are_delivered: bool = True) -> None:
        """`are_delivered`: the callers have finished the work on the responses of streams."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            batches, idle = list(self._batches), not self._inside
        if are_delivered:
            for stream in list(self._handed_out):
                self.deliver(stream)
        self.clock.cancel()
        for batch in batches:
            batch.stop()
        if idle:
            self._core.close()
