"""A thread's connection to an SQLite file, closed when it is let go of, and never in the wrong process."""

from __future__ import annotations

import os
import sqlite3

# SQLite allows a forked process neither to use nor to close its parent's connections.
_FORKED: list[sqlite3.Connection] = []


class Opened:
    """`inode`: of the file that `connection` was opened to. `pid`: the process that opened it."""

    def __init__(self, connection: sqlite3.Connection, inode: int, pid: int) -> None:
        self.connection = connection
        self.inode = inode
        self.pid = pid

    @property
    def is_ours(self) -> bool:
        return self.pid == os.getpid()

    def close(self) -> None:
        """A forked process's copy is only put away."""
        if self.is_ours:
            self.connection.close()
        else:
            _FORKED.append(self.connection)

    # A thread that ends, and a fork that ends all threads but one, lets go of its connection without a word.
    __del__ = close
