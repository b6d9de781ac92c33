"""stderr that is not read."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr

import pytest

from vt_connectors.adapters.process.stderr_lines import LosingStderr


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ours, theirs = os.pipe()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def _filled(descriptor: int) -> None:
    os.set_blocking(descriptor, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(descriptor, b"x" * 65536)
    os.set_blocking(descriptor, True)


def test_lines_pass_as_they_are_written(pipe: tuple[int, int]) -> None:
    ours, theirs = pipe
    with redirect_stderr(LosingStderr(theirs)):
        sys.stderr.write("half a ")
        print("line", "\u00e9\ud800", file=sys.stderr)
        logging.StreamHandler().handle(logging.makeLogRecord({"msg": "logged"}))
    assert os.read(ours, 1000).decode() == "half a line \u00e9\\ud800\nlogged\n"


def test_writing_to_a_full_pipe_ends_and_later_lines_are_whole(pipe: tuple[int, int]) -> None:
    ours, theirs = pipe
    _filled(theirs)
    stderr = LosingStderr(theirs)
    for number in range(1000):
        stderr.write(f"lost {number}\n")
    while os.read(ours, 1_000_000).count(b"x") == 1_000_000:
        pass
    os.set_blocking(ours, False)
    found = b""
    while b"whole" not in found:
        stderr.write("whole\n")
        time.sleep(0.05)
        try:
            found = os.read(ours, 1_000_000)
        except BlockingIOError:
            found = b""
    told, whole = found.strip(b"x").split()[1], found.strip(b"x").splitlines()[-1]
    assert int(told) >= 1000
    assert whole == b"whole"


def test_a_closed_reader_is_no_error(pipe: tuple[int, int]) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    LosingStderr(theirs).write("a line\n")
    os.close(theirs)
