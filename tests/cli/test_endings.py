"""A cancelled command ends soon during any wait, and reports its unfinished work."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.runner.signal_storms import MOST_S, SIGNALS
from tests.scripted_server import ScriptedServer, own_error, stall
from tests.vtaction_process import EICAR, RunnerProcess, Running
from vt_connectors.sandbox import SandboxServer

from .streams import all_of, into

# What may be waited for without a signal; far more than the end may take.
FOR_EVER = "3600"


def until(is_so: Callable[[], object], process: Running) -> None:
    give_up = time.monotonic() + MOST_S
    while not is_so():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < give_up
        time.sleep(0.01)


def answers(process: Running) -> list[dict[str, Any]]:
    """What it still says, once it has ended."""
    return [json.loads(line) for line in process.communicate(timeout=MOST_S)[0].splitlines()]


@pytest.fixture
def silent() -> Iterator[ScriptedServer]:
    """A VirusTotal that takes every request and never answers."""
    with ScriptedServer() as server:
        server.script(stall())
        yield server


@pytest.mark.parametrize("number", SIGNALS)
def test_files_that_are_not_sent_yet_are_not_sent_any_more(run: RunnerProcess, tmp_path: Path, number: int) -> None:
    files = [tmp_path / f"{index}.bin" for index in range(60)]
    for file in files:
        file.write_bytes(file.name.encode())
    with SandboxServer(latency_s=1.0) as slow:
        process = run.fork("scan_file", *map(str, files), VT_API_URL=slow.url)
        until(lambda: slow.requests, process)
        process.send_signal(number)
        found = answers(process)
        sent = len(slow.requests)
    assert sent < len(files) / 2
    assert [answer["id"] for answer in found] == [str(file) for file in files]
    statuses = [answer["status"] for answer in found]
    assert {code["code"] for code in (answer["error"] for answer in found) if code} <= {"cancelled", "outcome_unknown"}
    assert statuses.count("pending") <= sent
    assert process.returncode in (75, 1)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_wait_for_values_ends(run: RunnerProcess, sandbox: SandboxServer, number: int) -> None:
    process = run.fork("lookup_ip", "-")
    assert process.stdin is not None
    process.stdin.write(b"8.8.8.8\n")
    process.stdin.flush()
    time.sleep(1)  # until it reads; a signal before that ends it too
    process.send_signal(number)
    assert process.wait(MOST_S) in (75, -number)
    assert sandbox.requests == []
    process.communicate()


@pytest.mark.parametrize("number", SIGNALS)
def test_a_wait_for_quota_ends_with_what_is_answered(run: RunnerProcess, sandbox: SandboxServer, number: int) -> None:
    process = run.fork("lookup_ip", "10.0.0.1", "8.8.8.8", "1.1.1.1", "9.9.9.9", "--max-wait", "7d", VT_QUOTA="1/hour")
    until(lambda: sandbox.requests, process)
    process.send_signal(number)
    found = answers(process)
    assert found[0]["status"] == "skipped"
    assert sorted((answer["error"] or {}).get("code", "") for answer in found[1:]) == ["", "cancelled", "cancelled"]
    assert process.returncode == 75


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("lookup_hash", EICAR), "cancelled"),
        (("lookup_hash", EICAR, "0" * 32, "1" * 32), "cancelled"),
        (("get_comments", EICAR), "cancelled"),
        (("quota",), "cancelled"),
        (("add_comment", EICAR, "--comment", "mind this"), "outcome_unknown"),
        (("rescan_file", EICAR), "outcome_unknown"),
        (("lookup_url", "https://example.com/new"), "cancelled"),
        (("lookup_url", "https://example.com/new", "--scan-if-missing"), "outcome_unknown"),
    ],
)
def test_a_server_that_never_answers_does_not_keep_it(
    run: RunnerProcess, silent: ScriptedServer, arguments: tuple[str, ...], code: str
) -> None:
    process = run.fork(*arguments, VT_API_URL=silent.url, VT_TIMEOUT=FOR_EVER)
    until(lambda: silent.received, process)
    process.send_signal(signal.SIGINT)
    found = answers(process)
    assert {answer["error"]["code"] for answer in found} == {code}
    assert process.returncode == (75 if code == "cancelled" else 1)


def queued(run: RunnerProcess, silent: ScriptedServer) -> None:
    """Two lookups find no quota; after the one before them the server falls silent."""
    silent.script(own_error(404), stall())
    found = run(arguments=("lookup_ip", "8.8.8.8", "--max-wait", "0"), VT_API_URL=silent.url, VT_QUOTA="1/day")
    assert found.exit_code == 0
    values = ("1.1.1.1", "9.9.9.9")
    assert run(arguments=("lookup_ip", *values), VT_API_URL=silent.url, VT_QUOTA="1/day").exit_code == 75


def test_other_commands_that_ask_end_too(run: RunnerProcess, silent: ScriptedServer) -> None:
    queued(run, silent)
    for arguments in (("drain",), ("doctor", "--online")):
        asked = len(silent.received)
        process = run.fork(*arguments, VT_API_URL=silent.url, VT_TIMEOUT=FOR_EVER)
        until(lambda: len(silent.received) > asked, process)  # noqa: B023
        process.send_signal(signal.SIGTERM)
        said = b"".join(process.communicate(timeout=MOST_S))
        assert process.returncode == 75
        assert b"ended on request" in said or b"asked to end" in said


def test_a_drain_that_is_cut_short_tells_what_it_has_done(run: RunnerProcess, silent: ScriptedServer) -> None:
    queued(run, silent)
    process = run.fork("drain", VT_API_URL=silent.url, VT_TIMEOUT=FOR_EVER)
    until(lambda: len(silent.received) > 1, process)
    process.send_signal(signal.SIGINT)
    (reported,) = answers(process)
    assert (reported["answered"], reported["left"]) == (0, 2)
    assert "still queued" in reported["message"]
    assert json.loads(run.text("cache", "stats", VT_API_URL=silent.url).stdout)["pending"] == 2


@pytest.mark.parametrize("arguments", [("lookup_ip", "10.0.0.1", "8.8.8.8", "1.1.1.1", "--max-wait", "7d"), ("run",)])
def test_nothing_more_is_asked_when_the_reader_of_the_answers_is_gone(
    run: RunnerProcess, sandbox: SandboxServer, arguments: tuple[str, ...]
) -> None:
    process = run.fork(*arguments, VT_QUOTA="1/hour")
    assert process.stdin is not None
    assert process.stdout is not None
    # One that waits for nothing comes first, as threads ask for the others in any order.
    for ip in ("10.0.0.1", "8.8.8.8", "1.1.1.1", "9.9.9.9"):
        request = {"action": "lookup_ip", "params": {"ip": ip}, "options": {"max_wait_s": 86400}}
        process.stdin.write(json.dumps(request).encode() + b"\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["status"] == "skipped"
    until(lambda: sandbox.requests, process)
    process.stdout.close()
    assert process.wait(MOST_S) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert len(sandbox.requests) == 1


def test_a_terminal_is_left_as_it_was(run: RunnerProcess, silent: ScriptedServer) -> None:
    """The bars hide the cursor: it is shown again."""
    ours, theirs = pty.openpty()
    changes = {"VT_TIMEOUT": FOR_EVER, "VT_API_URL": silent.url, "TERM": "xterm-256color", "COLUMNS": "150"}
    with os.fdopen(theirs, "r+b", buffering=0) as end:
        changed = RunnerProcess({**run.environment, **changes})
        process = changed.fork("lookup_ip", "8.8.8.8", "1.1.1.1", stdin=end, stdout=end, stderr=end)
    seen = b""
    give_up = time.monotonic() + MOST_S
    while not silent.received or b"\x1b[?25l" not in seen:
        assert time.monotonic() < give_up
        if select.select([ours], [], [], 0.1)[0]:
            seen += os.read(ours, 65536)
    process.send_signal(signal.SIGINT)
    seen += all_of(ours)
    assert process.wait(MOST_S) == 75
    assert seen.rindex(b"\x1b[?25h") > seen.rindex(b"\x1b[?25l")
    # On a busy machine the answers may come too late; then the last line says so.
    assert seen.count(b"cancelled") >= 2 or b"ended on request" in seen


def test_unread_answers_do_not_keep_it_alive(run: RunnerProcess) -> None:
    process = run.fork("lookup_ip", *[f"10.0.{third}.{last}" for third in range(8) for last in range(100)])
    assert process.stdout is not None
    select.select([process.stdout], [], [], MOST_S)
    time.sleep(1)  # until the pipe is full; the signal may come earlier too
    process.send_signal(signal.SIGTERM)
    assert process.wait(MOST_S) == 75
    process.communicate()


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("lookup", "--help"), ("describe",), ("doctor",)])
def test_a_reader_that_is_gone_is_nothing_to_report(run: RunnerProcess, arguments: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb", buffering=0) as unread:
        assert into(unread, run, *arguments) == (0, "")


@pytest.mark.parametrize("arguments", [("--help",), ("describe",), ("lookup_ip", "10.0.0.1")])
def test_an_output_without_room_is_reported_without_a_traceback(run: RunnerProcess, arguments: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123  # a device
        code, told = into(full, run, *arguments)
    assert code == 1
    assert "input or output failed" in told
    assert "Traceback" not in told


def test_the_doctor_shows_what_it_found_before_it_was_asked_to_end(run: RunnerProcess, silent: ScriptedServer) -> None:
    process = run.fork("doctor", "--online", "--json", VT_API_URL=silent.url, VT_TIMEOUT=FOR_EVER)
    until(lambda: silent.received, process)
    process.send_signal(signal.SIGINT)
    findings = json.loads(process.communicate(timeout=MOST_S)[0])
    found = {finding["about"]: finding["ok"] for finding in findings}
    assert (found["settings"], found["VirusTotal"]) == (True, False)
    assert process.returncode == 75


def test_no_command_is_printed_for_half_a_value(run: RunnerProcess) -> None:
    process = run.fork("curl", "lookup", "-")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"9.9.9.9\nhttp://evil.example/lon")
    process.stdin.flush()
    time.sleep(1)  # until it has read that; a signal before that ends it too
    process.send_signal(signal.SIGTERM)
    # stdin stays open until then: at its end the value would be a whole one.
    assert process.wait(MOST_S) in (75, -signal.SIGTERM)
    assert b"evil.example" not in process.communicate()[0]


def test_an_interrupt_while_the_program_is_imported_ends_it_without_a_traceback() -> None:
    script = """
import os, signal, sys, types
from vt_connectors.adapters.cli import start
main = types.ModuleType("vt_connectors.adapters.cli.main")
main.main = lambda: os.kill(os.getpid(), signal.SIGINT)
sys.modules[main.__name__] = main
start()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def test_an_interrupt_that_was_ignored_at_start_stays_ignored() -> None:
    script = """
import os, signal
from vt_connectors.adapters.process.termination import end_on_signals
from vt_connectors.clock import SystemClock
signal.signal(signal.SIGINT, signal.SIG_IGN)
clock = SystemClock()
end_on_signals(clock)
os.kill(os.getpid(), signal.SIGINT)
print(clock.cancelled)
os.kill(os.getpid(), signal.SIGTERM)
print(clock.cancelled)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False", "True"]
