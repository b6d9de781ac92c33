"""A thread's connection to an SQLite file, closed when it is released, but only in the process that opened it."""

from __future__ import annotations

import os
import sqlite3

# A forked process must neither use nor close SQLite connections of its parent.
_FORKED: list[sqlite3.Connection] = []


class ThreadConnection:
    """`inode`: of the opened file. `pid`: the process that opened it."""

    def __init__(self, connection: sqlite3.Connection, inode: int, pid: int) -> None:
        self._held = [connection]
        self.inode = inode
        self.pid = pid

    @property
    def is_ours(self) -> bool:
        return self.pid == os.getpid()

    @property
    def connection(self) -> sqlite3.Connection:
        return self._held[0]

    def close(self) -> None:
        """Close it, or only keep a forked process's copy. Only the first call does that: Python 3.9 crashes if a
        thread that ends and `close_all` close the same connection at the same moment.
        """
        try:
            # Atomic between threads.
            connection = self._held.pop()
        except IndexError:
            return
        if self.is_ours:
            connection.close()
        else:
            _FORKED.append(connection)

    # The end of a thread, also by a fork, releases its connection without calling `close`.
    __del__ = close
