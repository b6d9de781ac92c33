"""Connections to SQLite and forks: a child must inherit neither an open connection nor a lock that another thread held.

SQLite keeps the locks of a process in memory, and a fork copies them, so a lock of a thread of the parent would never
be released in the child. So a fork waits until no thread uses SQLite, and closes all connections.
"""

from __future__ import annotations

import os
import threading

from ...light_typing import TYPE_CHECKING
from ...quick_imports import WeakSet
from ...threads import ThreadResource
from . import sqlite3

if TYPE_CHECKING:
    from .file import SqliteFile

# A forked process must neither use nor close SQLite connections of its parent.
_FORKED: list[sqlite3.Connection] = []
# A fork waits at most this long: a child that may find a lock is better than a program that hangs.
_LONGEST_WAIT_S = 5.0


class ThreadConnection:
    """A thread's connection, closed when it is released, but only in the process that opened it.

    `inode`: of the opened file. `opened`: where it is noted until it is closed.
    """

    def __init__(self, connection: sqlite3.Connection, inode: int, opened: set[ThreadResource]) -> None:
        self.connection = connection
        self.inode = inode
        self._resource = ThreadResource(connection.close, opened, lambda: _FORKED.append(connection))

    @property
    def is_ours(self) -> bool:
        return self._resource.is_ours

    def close(self) -> None:
        """Close it, or only keep a forked process's copy. Only the first call does that: Python 3.9 crashes if a
        thread that ends and `close_all` close the same connection at the same moment.
        """
        self._resource.close()

    # The end of a thread, also by a fork, releases its connection without calling `close`.
    __del__ = close


class ForkGuard:
    """One per process. No fork happens inside `with`, which may be nested.

    `files` are closed before each fork.
    """

    def __init__(self) -> None:
        self.files: WeakSet[SqliteFile] = WeakSet()
        self._local = threading.local()
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._inside = 0
        self._forking = False

    def __enter__(self) -> None:
        local = self._local
        depth = getattr(local, "depth", 0)
        if depth == 0:
            with self._lock:
                while self._forking:
                    self._changed.wait()
                self._inside += 1
        local.depth = depth + 1

    def __exit__(self, *_: object) -> None:
        local = self._local
        local.depth -= 1
        if local.depth == 0:
            with self._lock:
                self._inside -= 1
                if self._forking:
                    self._changed.notify_all()

    def before_fork(self) -> None:
        self._changed.acquire()
        self._forking = True
        if getattr(self._local, "depth", 0) == 0 and self._changed.wait_for(lambda: not self._inside, _LONGEST_WAIT_S):
            for file in list(self.files):
                file.close_all()

    def after_fork_in_parent(self) -> None:
        self._forking = False
        self._changed.notify_all()
        self._changed.release()

    def after_fork_in_child(self) -> None:
        self._begin()
        self._inside = 1 if getattr(self._local, "depth", 0) else 0


CROSSING = ForkGuard()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=CROSSING.before_fork,
        after_in_parent=CROSSING.after_fork_in_parent,
        after_in_child=CROSSING.after_fork_in_child,
    )
