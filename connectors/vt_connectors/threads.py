"""Threads that may not be had, and that keep no caller waiting if they fail.

`threading.Thread.start` waits until the new thread has told that it runs. A thread that finds no memory for its very
first steps never does, and whoever started it waits for ever. So threads are started one level below.
"""

from __future__ import annotations

import _thread
import contextlib
import faulthandler
import threading
import time
import weakref
from typing import Callable

from .log import logger

_LOG = logger("threads")
_LOOK_S = 0.05
_LOOK_AGAIN_S, _STANDSTILL_S = 10.0, 60.0
_FOR_THE_REST_BYTES = 256 * 1024 * 1024
_FOR_A_THREAD_BYTES = 136 * 1024 * 1024
# All that have not come to their end.
_STARTED: set[WorkThread] = set()


class _Life:
    """Held by a thread, and by nothing else, for as long as it lives."""


class WorkThread:
    """A thread that was started. It does not keep the process from ending."""

    def __init__(self, work: Callable[[], None], name: str) -> None:
        """Raises `RuntimeError` or `MemoryError` if the system gives no further thread."""
        self.name = name
        self._ended = threading.Event()
        life = _Life()
        self._life = weakref.ref(life)
        _thread.start_new_thread(_run, (life, work, self._ended))
        _STARTED.add(self)

    @property
    def is_alive(self) -> bool:
        return self._life() is not None

    @property
    def was_lost(self) -> bool:
        """Whether it is gone without having come to its end: there was no memory even for that."""
        return not self.is_alive and not self._ended.is_set()

    def join(self) -> None:
        """Wait for its end."""
        while self.is_alive:
            if self._ended.wait(_LOOK_S):
                time.sleep(0)  # it is about to be gone


def room_for_threads(most: int) -> int:
    """How many threads to work in, `most` at most: fewer where the process's address space is limited (`ulimit -v`).

    A thread takes its stack, and malloc a heap of up to 128 MiB for it.
    """
    limit = _address_space()
    return most if limit is None else max(1, min(most, 1 + (limit - _FOR_THE_REST_BYTES) // _FOR_A_THREAD_BYTES))


class StandstillGuard:
    """Ends the process, with status 1, if `look` is not called for a minute. Only where memory can run out: there
    Python may stand still in its own handling of errors (seen with 3.11), and runs no thread and no signal handler.
    """

    def __init__(self) -> None:
        self._is_needed = _address_space() is not None
        self._began: float | None = None

    def look(self) -> None:
        if not self._is_needed:
            return
        now = time.monotonic()
        if self._began is None or now - self._began > _LOOK_AGAIN_S:
            self._began = now
            faulthandler.dump_traceback_later(_STANDSTILL_S, exit=True, file=2)


def _address_space() -> int | None:
    """The limit in bytes; None if there is none."""
    try:
        import resource
    except ImportError:
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if limit == resource.RLIM_INFINITY else limit


def start_thread(work: Callable[[], None], name: str) -> WorkThread | None:
    """Run `work`, which may raise nothing, in a thread; None, with a warning, if the system gives no further one."""
    try:
        return WorkThread(work, name)
    except (RuntimeError, MemoryError) as error:
        with contextlib.suppress(Exception):
            _LOG.warning("the system gives no further thread (%s); going on with fewer", error)
        return None


def alive_threads() -> list[str]:
    """The names of this process's threads that were started here."""
    return sorted(thread.name for thread in _started() if thread.is_alive)


def a_thread_was_lost() -> bool:
    """Whether one of them has gone without coming to its end. Locks that it held are held for ever."""
    return any(thread.was_lost for thread in _started())


def _started() -> list[WorkThread]:
    found = list(_STARTED)
    _STARTED.difference_update([thread for thread in found if not thread.is_alive and not thread.was_lost])
    return found


def _run(life: _Life, work: Callable[[], None], ended: threading.Event) -> None:
    del life  # a kept traceback would keep it; what started this thread holds it yet
    try:
        work()
    except Exception:
        _LOG.exception("a thread has failed")
    ended.set()
