"""Progress on a terminal: the number of answers, waiting for quota, and the bytes of a file that were sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

import rich.progress
from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from ...threads import start_thread
from .action_command import Progress

if TYPE_CHECKING:
    from ...contract.response import Response

_MEGABYTE = 1_000_000
# After an answer the bars stay hidden for this time, so that the program that reads the pipe can print on the terminal.
_ASIDE_S = 0.3
_LOOK_S = 0.1


class Bars(Progress):
    """Bars on stderr, which are removed at the end."""

    def __init__(self, count: int, max_wait_s: float) -> None:
        columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[count]}")
        # stdout is not redirected, because it may be a pipe. Log lines on stderr appear above the bars.
        self._progress = rich.progress.Progress(
            *columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True, redirect_stdout=False
        )
        self._count = count
        self._answered = 0
        self._answers = self._progress.add_task("awaiting answers", total=count, count=f"0/{count}")
        self._waits: TaskID | None = None
        self._max_wait_s = max_wait_s
        self._sending: TaskID | None = None
        self._receiving: TaskID | None = None
        # The lock protects the fields below.
        self._lock = threading.Lock()
        self._is_shown = False
        self._waiting = 0
        self._waiting_since = 0.0
        self._aside_until = 0.0
        self._over = threading.Event()

    def answered(self, response: Response) -> None:
        self._answered += 1
        self._progress.update(self._answers, completed=self._answered, count=f"{self._answered}/{self._count}")

    def waits_for_quota(self, waits: bool) -> None:
        with self._lock:
            if waits and not self._waiting:
                self._waiting_since = time.monotonic()
            self._waiting = max(0, self._waiting + (1 if waits else -1))

    def _show_wait(self) -> None:
        if self._waits is None:
            if not self._waiting:
                return
            self._waits = self._progress.add_task("waiting for quota", total=self._max_wait_s, count="")
        waited_s = time.monotonic() - self._waiting_since
        count = f"{waited_s:.0f} s of at most {self._max_wait_s:.0f} s"
        self._progress.update(self._waits, visible=self._waiting > 0, completed=waited_s, count=count)

    def bytes_sent(self, sent: int, total: int) -> None:
        if self._sending is None:
            self._sending = self._progress.add_task("sending", total=total, count="")
        count = f"{sent / _MEGABYTE:.1f}/{total / _MEGABYTE:.1f} MB"
        self._progress.update(self._sending, completed=sent, count=count)

    def bytes_received(self, received: int, total: int | None) -> None:
        if self._receiving is None:
            self._receiving = self._progress.add_task("receiving", total=total, count="")
        self._progress.update(self._receiving, completed=received, total=total, count=f"{received / _MEGABYTE:.1f} MB")

    @contextmanager
    def aside(self) -> Iterator[None]:
        with self._lock:
            self._hide()
            try:
                yield
            finally:
                self._aside_until = time.monotonic() + _ASIDE_S

    def _hide(self) -> None:
        if self._is_shown:
            self._is_shown = False
            self._progress.stop()

    def _show(self) -> None:
        if not self._is_shown and time.monotonic() > self._aside_until and not self._over.is_set():
            self._is_shown = True
            self._progress.start()

    def _keep_showing(self) -> None:
        while not self._over.wait(_LOOK_S):
            with self._lock:
                self._show()
                self._show_wait()

    def __enter__(self) -> Bars:
        with self._lock:
            self._show()
        start_thread(self._keep_showing, "vt-progress")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        with self._lock:
            self._hide()
