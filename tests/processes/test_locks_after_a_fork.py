"""A forked process does not wait for a lock that another thread held at the moment of the fork."""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable

import pytest

from vt_connectors import threads
from vt_connectors.deferred import deferred
from vt_connectors.threads import freed_at_fork, lock_of_process

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def in_a_fork_while(held: Callable[[threading.Event, threading.Event], None], then: Callable[[], bool]) -> None:
    """`held(begun, may_end)` runs in a thread; `then()` in a process that was forked after it had begun."""
    begun, may_end = threading.Event(), threading.Event()
    holder = threading.Thread(target=held, args=(begun, may_end))
    holder.start()
    assert begun.wait(60)
    child = os.fork()
    if child == 0:
        threading.Timer(30, os._exit, (2,)).start()  # if it waits for ever
        os._exit(0 if then() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    may_end.set()
    holder.join()


@pytest.mark.parametrize(
    "lock",
    [lock_of_process(), freed_at_fork(threading.Lock()), freed_at_fork(threading.RLock())],
    ids=["of the process", "of an object", "of an object, reentrant"],
)
def test_a_lock_is_free_in_a_forked_process_and_held_in_this_one(lock: Any) -> None:
    def hold(begun: threading.Event, may_end: threading.Event) -> None:
        with lock:
            begun.set()
            may_end.wait(60)

    in_a_fork_while(hold, lambda: bool(lock.acquire(timeout=30)))
    assert lock.acquire(blocking=False)
    lock.release()


def test_what_another_thread_was_making_is_made_in_the_forked_process() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def make() -> str:
        begun.set()
        return "made" if os.getpid() != parent else str(may_end.wait(60))

    parent = os.getpid()
    thing = deferred(make)

    def use(told: threading.Event, ends: threading.Event) -> None:
        threading.Thread(target=lambda: thing.upper()).start()
        assert begun.wait(60)
        told.set()
        ends.wait(60)

    in_a_fork_while(use, lambda: thing.upper() == "MADE")
    may_end.set()


def test_a_module_that_another_thread_is_importing_can_be_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_to_import.py").write_text("import time\ntime.sleep(0.5)\nis_whole = True\n")
    monkeypatch.syspath_prepend(tmp_path)

    def hold(begun: threading.Event, may_end: threading.Event) -> None:
        importing = threading.Thread(target=importlib.import_module, args=("slow_to_import",))
        importing.start()
        while "slow_to_import" not in sys.modules:
            time.sleep(0.001)
        begun.set()
        importing.join()

    in_a_fork_while(hold, lambda: bool(importlib.import_module("slow_to_import").is_whole))


def test_a_module_that_forks_does_not_wait_for_a_thread_that_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in_need.py").write_text("import forking\n")
    (tmp_path / "forking.py").write_text(
        """import os, sys, threading, time
waiting = threading.Thread(target=__import__, args=("in_need",))
waiting.start()
while "in_need" not in sys.modules:
    time.sleep(0.001)
began = time.monotonic()
child = os.fork()
if child == 0:
    os._exit(0)
took_s = time.monotonic() - began
os.waitpid(child, 0)
"""
    )
    monkeypatch.syspath_prepend(tmp_path)
    forking = importlib.import_module("forking")
    forking.waiting.join()
    assert forking.took_s < 4


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_only_the_first_fork_waits_for_an_import_that_does_not_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "serves_for_ever.py").write_text("import threading\nover = threading.Event()\nover.wait()\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(threads, "_IMPORTS_S", 0.5)
    importing = threading.Thread(target=importlib.import_module, args=("serves_for_ever",))
    importing.start()
    while not hasattr(sys.modules.get("serves_for_ever"), "over"):
        time.sleep(0.001)

    def took_s() -> float:
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            os._exit(0)
        done = time.monotonic() - began
        os.waitpid(child, 0)
        return done

    first = took_s()
    # Of several, because a busy machine may pause one of them.
    later = min(took_s() for _ in range(5))
    sys.modules["serves_for_ever"].over.set()
    importing.join()
    assert first >= 0.5
    assert later < 0.5
