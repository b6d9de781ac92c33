"""Signals that come when they should not, or several at once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from types import FrameType
from typing import Any, Callable

import pytest

from tests.runner.signal_storms import MOST_S, ended_by, losses
from tests.vtaction_process import RunnerProcess, lookup
from vt_connectors.clock import StopFlag
from vt_connectors.sandbox import SandboxServer


@pytest.mark.parametrize("seed", range(12))
def test_signals_right_behind_each_other_end_it_once(run: RunnerProcess, seed: int) -> None:
    assert losses(*ended_by(run, random.Random(seed))) == []


def _run_with(at_every_line: Callable[[], object], work: Callable[[], object]) -> None:
    """`work`, with a call at each line of the clock's, as a handler that runs in the same thread may make it."""

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if "clock.py" not in frame.f_code.co_filename:
            return None
        if event == "line":
            sys.settrace(None)
            at_every_line()
            sys.settrace(trace)
        return trace

    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(None)


@pytest.mark.parametrize("work", ["set", "wait"])
def test_a_flag_may_be_set_within_any_line_of_its_own_methods(work: str) -> None:
    flags: list[StopFlag] = []

    def tried() -> None:
        flag = StopFlag()
        _run_with(flag.set, lambda: flag.set() if work == "set" else flag.wait(3600))
        flags.append(flag)

    thread = threading.Thread(target=tried, daemon=True)
    thread.start()
    thread.join(MOST_S)
    assert [flag.is_set for flag in flags] == [True]
    assert all(flag.wait(0) for flag in flags)


def test_a_flag_wakes_all_waiters_and_timeouts_are_distinguished() -> None:
    flag = StopFlag()
    assert flag.wait(0.01) is False
    seen: list[bool] = []
    waiting = [threading.Thread(target=lambda: seen.append(flag.wait(3600)), daemon=True) for _ in range(20)]
    for thread in waiting:
        thread.start()
    flag.set()
    flag.set()
    for thread in waiting:
        thread.join(MOST_S)
    assert seen == [True] * 20


def test_a_hang_up_answers_what_waits_as_the_other_signals_do(run: RunnerProcess, sandbox: SandboxServer) -> None:
    process = run.fork("run", VT_QUOTA="1/hour")
    assert process.stdin is not None
    requests = [lookup(f"{index:032x}", id=index, options={"max_wait_s": 86400}) for index in range(3)]
    process.stdin.write("".join(json.dumps(request) + "\n" for request in requests).encode())
    process.stdin.flush()
    while not sandbox.requests:
        time.sleep(0.01)
    process.send_signal(signal.SIGHUP)
    answers = [json.loads(line) for line in process.communicate(timeout=MOST_S)[0].splitlines()]
    assert [answer["id"] for answer in answers] == [0, 1, 2]
    assert [answer["error"]["code"] for answer in answers if answer["error"]] == ["cancelled"] * 2
    assert process.returncode == 75


def test_a_hang_up_that_is_ignored_stays_ignored(run: RunnerProcess) -> None:
    """As `nohup` has it."""
    process = subprocess.Popen(
        run.command("run"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=run.environment,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for number in range(3):
        process.stdin.write(json.dumps(lookup(id=number)).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == number
        process.send_signal(signal.SIGHUP)
    process.stdin.close()
    assert process.wait(MOST_S) == 0


def test_lines_that_never_end_do_not_keep_it_alive(run: RunnerProcess) -> None:
    process = run.fork("run")
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout
    line = json.dumps({"action": "lookup_ip", "params": {"ip": "10.0.0.1"}}).encode() + b"\n"

    def write() -> None:
        try:
            while True:
                stdin.write(line * 100)  # more than are read ahead
                time.sleep(0.05)
        except OSError:
            pass

    read: list[bytes] = []
    threading.Thread(target=write, daemon=True).start()
    reader = threading.Thread(target=lambda: read.extend(iter(stdout.readline, b"")), daemon=True)
    reader.start()
    while not read:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.wait(MOST_S) in (0, 75)
    reader.join(MOST_S)
    assert all(answer.endswith(b"\n") for answer in read)


def test_an_unread_output_does_not_keep_it_alive(run: RunnerProcess) -> None:
    process = run.fork("run")
    assert process.stdin is not None
    stdin = process.stdin
    line = json.dumps({"action": "lookup_ip", "params": {"ip": "10.0.0.1"}}).encode() + b"\n"
    os.set_blocking(stdin.fileno(), False)
    written = still = 0
    # Until both pipes and all that is read ahead are full.
    while still < 20:
        try:
            count = os.write(stdin.fileno(), line * 10)
        except BlockingIOError:
            count = 0
        written, still = written + count, 0 if count else still + 1
        time.sleep(0.02)
    assert written > 65536
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    assert process.wait(MOST_S) == 75
    process.kill()
    process.communicate()
