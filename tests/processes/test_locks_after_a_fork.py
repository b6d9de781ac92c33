"""A forked process does not wait for a lock that another thread held at the moment of the fork."""

from __future__ import annotations

import os
import threading

import pytest

from vt_connectors.threads import lock_of_process


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_lock_of_the_process_is_free_in_a_forked_one() -> None:
    lock = lock_of_process()
    is_held, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            is_held.set()
            may_end.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    assert is_held.wait(60)
    child = os.fork()
    if child == 0:
        os._exit(0 if lock.acquire(timeout=30) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not lock.acquire(blocking=False)
    may_end.set()
    holder.join()
