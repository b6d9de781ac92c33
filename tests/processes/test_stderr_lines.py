"""stderr that is not read."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from tests.vtaction_process import vtaction_process
from vt_connectors.adapters.process.stderr_lines import LosingStderr
from vt_connectors.sandbox import SandboxServer


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


def test_a_program_that_reads_only_the_answers_gets_all_of_them(sandbox: SandboxServer, tmp_path: Path) -> None:
    """Each request is a line of the log, and a pipe holds fewer."""
    count = 3000
    program = vtaction_process(sandbox, tmp_path)
    request = {"action": "lookup_ip", "params": {"ip": "10.0.0.1"}, "an unknown field of this request": None}
    lines = tmp_path / "requests"
    lines.write_text((json.dumps(request) + "\n") * count)
    ours, theirs = os.pipe()
    with lines.open("rb") as stdin:
        done = subprocess.run(
            program.command("run"),
            env=program.environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=theirs,
            timeout=250,
        )
    os.close(theirs)
    log = os.read(ours, 1_000_000)
    os.close(ours)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, count)
    assert len(log) < len(request["action"]) * 100 * count
    assert log.startswith(b"WARNING vt_connectors")
