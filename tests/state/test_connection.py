"""Connections to state files, and their release by threads."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from tests.state.files import note, state_file
from vt_connectors import threads
from vt_connectors.backends.sqlite.file import SqliteFile
from vt_connectors.backends.sqlite.fork_guard import ThreadConnection
from vt_connectors.backends.sqlite.own_file import OwnFile
from vt_connectors.threads import ThreadResource

PATIENCE_S = 60
# So long that a test which waits for it does not pass.
_FOR_EVER_S = 3600.0
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


class SlowConnection(sqlite3.Connection):
    """Its `close` waits for `may_close`, and then takes a moment."""

    def __init__(self, path: str | Path, begun: threading.Event, may_close: threading.Event) -> None:
        super().__init__(path, isolation_level=None, check_same_thread=False)
        self._begun = begun
        self._may_close = may_close
        self.closed = 0

    def close(self) -> None:
        self._begun.set()
        self._may_close.wait(PATIENCE_S)
        time.sleep(0.2)
        super().close()
        self.closed += 1


@pytest.fixture
def begun() -> threading.Event:
    return threading.Event()


@pytest.fixture
def may_close() -> threading.Event:
    return threading.Event()


@pytest.fixture
def slow(begun: threading.Event, may_close: threading.Event) -> SlowConnection:
    return SlowConnection(":memory:", begun, may_close)


@pytest.fixture
def file(
    tmp_path: Path, begun: threading.Event, may_close: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> SqliteFile:
    """A file whose connections close slowly."""
    path = tmp_path / "state.db"
    state_file(path).write(lambda _: None)
    monkeypatch.setattr(OwnFile, "open", lambda _: SlowConnection(path, begun, may_close))
    return state_file(path)


def test_a_connection_is_closed_once_if_several_threads_release_it_at_once(
    slow: SlowConnection, may_close: threading.Event
) -> None:
    may_close.set()
    opened = ThreadConnection(slow, 1, set())
    closing = [threading.Thread(target=opened.close) for _ in range(8)]
    for thread in closing:
        thread.start()
    for thread in closing:
        thread.join()
    del opened
    assert slow.closed == 1


def test_closing_all_waits_for_a_connection_that_its_ending_thread_is_closing(
    tmp_path: Path, file: SqliteFile, begun: threading.Event, may_close: threading.Event
) -> None:
    ending = threading.Thread(target=note, args=(file, "a"))
    ending.start()
    assert begun.wait(PATIENCE_S)
    may_close.set()
    file.close_all()
    assert not (tmp_path / "state.db-wal").exists(), "the last connection removes it"
    ending.join()


def test_closing_all_waits_for_what_another_thread_closes_all_of(
    tmp_path: Path, file: SqliteFile, begun: threading.Event, may_close: threading.Event
) -> None:
    note(file, "a")
    other = threading.Thread(target=file.close_all)
    other.start()
    assert begun.wait(PATIENCE_S)
    may_close.set()
    file.close_all()
    assert not (tmp_path / "state.db-wal").exists()
    other.join()


def test_closing_all_gives_up_waiting_and_does_so_only_once(
    file: SqliteFile, begun: threading.Event, may_close: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "_CLOSING_S", 0.05)
    ending = threading.Thread(target=note, args=(file, "a"))
    ending.start()
    assert begun.wait(PATIENCE_S)
    file.close_all()
    monkeypatch.setattr(threads, "_CLOSING_S", _FOR_EVER_S)
    file.close_all()
    may_close.set()
    ending.join()


def test_a_thread_that_is_closing_a_connection_does_not_wait_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal handler, or the garbage collector, may close all in the middle of it."""
    monkeypatch.setattr(threads, "_CLOSING_S", _FOR_EVER_S)
    opened: set[ThreadResource] = set()
    once = ThreadResource(lambda: threads.close_all(opened), opened)
    once.close()
    assert not opened


@needs_fork
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_does_not_wait_for_a_thread_of_its_parent(
    slow: SlowConnection, begun: threading.Event, may_close: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "_CLOSING_S", _FOR_EVER_S)
    opened: set[ThreadResource] = set()
    closing = threading.Thread(target=ThreadConnection(slow, 1, opened).close)
    closing.start()
    assert begun.wait(PATIENCE_S)
    child = os.fork()
    if child == 0:
        threading.Timer(30, os._exit, (2,)).start()  # if it waits for ever
        threads.close_all(opened)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    may_close.set()
    closing.join()
    assert slow.closed == 1


@needs_fork
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_keeps_its_parents_connections_and_closes_none(
    slow: SlowConnection, may_close: threading.Event
) -> None:
    may_close.set()
    opened: set[ThreadResource] = set()
    known = ThreadConnection(slow, 1, opened)
    child = os.fork()
    if child == 0:
        threads.close_all(opened)
        os._exit(0 if slow.closed == 0 and not opened and not known.is_ours else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    threads.close_all(opened)
    assert slow.closed == 1
