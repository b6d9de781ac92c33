"""The heartbeat."""

from __future__ import annotations

import os
import threading
import time

import pytest

from vt_connectors.state.heartbeat import Heartbeat
from vt_connectors.threads import alive_threads


@pytest.fixture(autouse=True)
def _no_other_beats() -> None:
    """Threads of earlier tests end soon."""
    give_up = time.monotonic() + 60
    while "vt-heartbeat" in alive_threads():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def test_it_beats_while_there_is_a_holder_and_then_ends() -> None:
    beats = threading.Semaphore(0)
    heartbeat = Heartbeat(0.01)
    with heartbeat.keeping(beats.release), heartbeat.keeping(beats.release):
        for _ in range(3):
            assert beats.acquire(timeout=60)
    heartbeat.rest()
    assert "vt-heartbeat" not in alive_threads()
    with heartbeat.keeping(beats.release):
        while beats.acquire(blocking=False):
            pass
        assert beats.acquire(timeout=60), "it begins again"
    heartbeat.rest()


def test_rest_returns_at_once_without_a_holder_and_the_thread_stays_with_one() -> None:
    heartbeat = Heartbeat(3600)
    heartbeat.rest()
    with heartbeat.keeping(lambda: None):
        heartbeat.rest()
        assert "vt-heartbeat" in alive_threads(), "it beats on"
    heartbeat.rest()
    assert "vt-heartbeat" not in alive_threads()
    with heartbeat.keeping(lambda: None):
        assert "vt-heartbeat" in alive_threads(), "it begins again"
    heartbeat.rest()


def test_a_beat_that_fails_does_not_end_the_others(caplog: pytest.LogCaptureFixture) -> None:
    beats = threading.Semaphore(0)

    def fails() -> None:
        raise OSError("full")

    heartbeat = Heartbeat(0.01)
    with heartbeat.keeping(fails), heartbeat.keeping(beats.release):
        assert beats.acquire(timeout=60)
        assert beats.acquire(timeout=60)
    heartbeat.rest()
    assert "a heartbeat was not written" in caplog.text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_has_a_separate_heartbeat() -> None:
    heartbeat = Heartbeat(0.01)
    with heartbeat.keeping(lambda: None):
        child = os.fork()
        if child == 0:
            beats = threading.Semaphore(0)
            with heartbeat.keeping(beats.release):
                os._exit(0 if beats.acquire(timeout=60) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
