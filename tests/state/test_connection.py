"""Connections to state files, and their release by threads."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

from vt_connectors.backends.sqlite.fork_guard import ThreadConnection


class SlowConnection:
    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1
        time.sleep(0.05)


def test_a_connection_is_closed_once_if_several_threads_release_it_at_once() -> None:
    connection: Any = SlowConnection()
    opened = ThreadConnection(connection, 1, os.getpid())
    threads = [threading.Thread(target=opened.close) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    del opened
    assert connection.closed == 1
