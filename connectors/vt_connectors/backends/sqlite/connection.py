"""A thread's connection to an SQLite file, closed when it is let go of, and never in the wrong process."""

from __future__ import annotations

import os
import sqlite3

# SQLite allows a forked process neither to use nor to close its parent's connections.
_FORKED: list[sqlite3.Connection] = []


class ThreadConnection:
    """`inode`: of the file that `connection` was opened to. `pid`: the process that opened it."""

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
        """A forked process's copy is only put away. Whoever closes it first does: Python 3.9 crashes if a thread that
        ends and one that closes all connections close the same one at the same moment.
        """
        try:
            # One step, which no other thread can come between.
            connection = self._held.pop()
        except IndexError:
            return
        if self.is_ours:
            connection.close()
        else:
            _FORKED.append(connection)

    # A thread that ends, and a fork that ends all threads but one, lets go of its connection without a word.
    __del__ = close
