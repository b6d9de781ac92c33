"""Threads for processes with little memory: starting may fail, and a dead thread does not leave its caller waiting.

`threading.Thread.start` waits for a signal of the new thread. A thread without memory for its first steps never sends
it, and the caller waits forever. So threads are started with the lower-level `_thread`.
"""

from __future__ import annotations

import _thread
import os
import sys
import threading
import time

from .light_typing import Any, Callable, TypeVar
from .log import logger
from .quick_imports import WeakSet, ref, suppress

_LOG = logger("threads")
_LOOK_S = 0.05
_LOOK_AGAIN_S, _STANDSTILL_S = 10.0, 60.0
_FOR_THE_REST_BYTES = 256 * 1024 * 1024
_FOR_A_THREAD_BYTES = 136 * 1024 * 1024
# A fork waits at most this long for the imports of other threads.
_IMPORTS_S, _LOOK_AT_IMPORTS_S = 5.0, 0.001
_ENDLESS: set[str] = set()
# Closing a connection moves a write-ahead log to its file, which takes seconds on a slow disk.
_CLOSING_S, _LOOK_AT_CLOSING_S = 5.0, 0.001
_Lock = TypeVar("_Lock")
# The locks of objects, as long as these live.
_FREED: Any = WeakSet()
# All threads that have not ended normally.
_STARTED: set[WorkThread] = set()


def lock_of_process() -> Any:
    """A lock that is free in a forked process, although another thread may have held it: that thread is not there."""
    lock: Any = threading.Lock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lock._at_fork_reinit)
    return lock


def freed_at_fork(lock: _Lock) -> _Lock:
    """The same lock, which is free in a forked process as well: for the locks of objects that a fork copies."""
    _FREED.add(lock)
    return lock


def _free_all() -> None:
    for lock in list(_FREED):
        lock._at_fork_reinit()


def _await_imports() -> None:
    """Return when no other thread is importing a module, or after some seconds.

    Python keeps a lock for each module that is being imported. A forked process would wait forever for a module that a
    thread of its parent was importing. If the thread that forks is importing, the others may be waiting for it. Only
    the first fork waits for an import that does not end, such as that of a module that runs a server.
    """
    give_up = time.monotonic() + _IMPORTS_S
    time.sleep(0)  # after a pause this thread runs alone for a few milliseconds, so no import begins before the fork
    while (importing := _importing()) and threading.get_ident() not in importing.values():
        if time.monotonic() > give_up:
            _ENDLESS.update(importing)
            return
        time.sleep(_LOOK_AT_IMPORTS_S)


def _importing() -> dict[str, int]:
    """The modules that are being imported, each with its thread; none if this Python keeps its locks elsewhere."""
    locks: dict[str, Any] = getattr(sys.modules.get("_frozen_importlib"), "_module_locks", {})
    owners = {name: getattr(found(), "owner", None) for name, found in list(locks.items())}
    return {name: owner for name, owner in owners.items() if owner is not None and name not in _ENDLESS}


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_await_imports, after_in_child=_free_all)


class _Life:
    """An object that only a thread refers to, as long as it lives."""


class WorkThread:
    """A started thread. It does not prevent the process from ending."""

    def __init__(self, work: Callable[[], None], name: str) -> None:
        """Raises `RuntimeError` or `MemoryError` if the system cannot start another thread."""
        self.name = name
        self._ended = threading.Event()
        life = _Life()
        self._life = ref(life)
        _thread.start_new_thread(_run, (life, work, self._ended))
        _STARTED.add(self)

    @property
    def is_alive(self) -> bool:
        return self._life() is not None

    @property
    def was_lost(self) -> bool:
        """Whether it died without ending normally, because there was no memory even for that."""
        return not self.is_alive and not self._ended.is_set()

    def join(self) -> None:
        """Wait for its end."""
        while self.is_alive:
            if self._ended.wait(_LOOK_S):
                time.sleep(0)  # it ends in a moment


class ThreadResource:
    """Something that a thread has opened. It is among `opened` until it is closed, not only until that begins.

    Without locks, because the garbage collector may close it at any line. In a forked process, `close` is not called,
    but `if_forked`: a thread that does not exist there may have been using it.
    """

    def __init__(
        self, close: Callable[[], None], opened: set[ThreadResource], if_forked: Callable[[], None] = lambda: None
    ) -> None:
        self._close = [(close, if_forked)]
        self._closer: int | None = None
        self._opened = opened
        self._pid = os.getpid()
        opened.add(self)

    @property
    def is_ours(self) -> bool:
        """Whether this process opened it, and not one that this process was forked from."""
        return self._pid == os.getpid()

    @property
    def is_awaited(self) -> bool:
        """Whether another thread, which exists, is closing it."""
        return self.is_ours and self in self._opened and self._closer != threading.get_ident()

    def close(self) -> None:
        """Only the first call closes it. The others return at once."""
        try:
            # Atomic between threads.
            close, if_forked = self._close.pop()
        except IndexError:
            return
        self._closer = threading.get_ident()
        try:
            (close if self.is_ours else if_forked)()
        finally:
            self._opened.discard(self)


def close_all(opened: set[ThreadResource]) -> None:
    """Return when all that is among `opened` now is closed, also what other threads are closing, such as at their end.

    It waits for those threads at most some seconds.
    """
    found = opened.copy()
    for one in found:
        one.close()
    give_up = time.monotonic() + _CLOSING_S
    while any(one.is_awaited for one in found) and time.monotonic() < give_up:
        time.sleep(_LOOK_AT_CLOSING_S)
    # Nothing is awaited twice.
    opened.difference_update(found)


def room_for_threads(most: int) -> int:
    """The number of threads to use: `most`, or fewer if the process's address space is limited (`ulimit -v`).

    A thread needs its stack, and malloc reserves a heap of up to 128 MiB for it.
    """
    limit = _address_space()
    return most if limit is None else max(1, min(most, 1 + (limit - _FOR_THE_REST_BYTES) // _FOR_A_THREAD_BYTES))


class StandstillGuard:
    """Ends the process, with status 1, if `look` is not called for a minute. Only if memory is limited: without memory,
    Python may hang in its own error handling (seen with 3.11), and runs no thread and no signal handler.
    """

    def __init__(self) -> None:
        self._is_needed = _address_space() is not None
        self._began: float | None = None

    def look(self) -> None:
        if not self._is_needed:
            return
        import faulthandler

        now = time.monotonic()
        if self._began is None or now - self._began > _LOOK_AGAIN_S:
            self._began = now
            faulthandler.dump_traceback_later(_STANDSTILL_S, exit=True, file=2)


def _address_space() -> int | None:
    """The limit of the address space in bytes; None if there is no limit."""
    try:
        import resource
    except ImportError:
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if limit == resource.RLIM_INFINITY else limit


def start_thread(work: Callable[[], None], name: str) -> WorkThread | None:
    """Run `work`, which must not raise, in a thread. None, with a warning, if the system cannot start one."""
    try:
        return WorkThread(work, name)
    except (RuntimeError, MemoryError) as error:
        with suppress(Exception):
            _LOG.warning("the system cannot start another thread (%s); continuing with fewer threads", error)
        return None


def alive_threads() -> list[str]:
    """The names of the running threads that this module started."""
    return sorted(thread.name for thread in _started() if thread.is_alive)


def a_thread_was_lost() -> bool:
    """Whether a thread died without ending normally. Locks that it held are never released."""
    return any(thread.was_lost for thread in _started())


def _started() -> list[WorkThread]:
    found = list(_STARTED)
    _STARTED.difference_update([thread for thread in found if not thread.is_alive and not thread.was_lost])
    return found


def _run(life: _Life, work: Callable[[], None], ended: threading.Event) -> None:
    del life  # so that a stored traceback does not refer to it; the caller's frame still does
    try:
        work()
    except Exception:
        _LOG.exception("a thread failed")
    ended.set()
