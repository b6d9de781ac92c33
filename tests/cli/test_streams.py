"""Every command, with stdin, stdout and stderr as terminals, pipes, files, closed, and pipes that do not block."""

from __future__ import annotations

import json
import re

import pytest

from tests.vtaction_process import EICAR, RunnerProcess
from vt_connectors.sandbox import SandboxServer

from .streams import KINDS, Seen, run_with

# More than a small pipe takes.
MANY = [f"10.0.0.{number}" for number in range(60)]
COMMANDS = {
    "describe": ("describe",),
    "sample": ("sample", "lookup_ip"),
    "doctor": ("doctor",),
    "cache": ("cache", "stats"),
    "drain": ("drain",),
    "quota": ("quota",),
    "curl": ("curl", "lookup_ip", "8.8.8.8"),
    "help": ("--help",),
}


def plain(text: str) -> str:
    """The text without cursor movements and colours."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", text)


def is_without_traceback(seen: Seen) -> bool:
    return "Traceback" not in seen.stderr + seen.stdout


@pytest.mark.parametrize("stderr", KINDS)
@pytest.mark.parametrize("stdout", KINDS)
def test_every_answer_arrives_wherever_the_streams_lead(run: RunnerProcess, stdout: str, stderr: str) -> None:
    # One of each kind is started.
    is_started = stdout == stderr
    seen = run_with(run, "lookup_ip", "8.8.8.8", *MANY, stdout=stdout, stderr=stderr, is_started=is_started)
    assert is_without_traceback(seen)
    if stdout == "closed":
        assert seen.exit_code == 2
        return
    assert seen.exit_code == 0
    if stdout == "terminal":
        assert all(value in plain(seen.stdout) for value in ("8.8.8.8", *MANY))
    else:
        answers = [json.loads(line) for line in seen.stdout.splitlines()]
        assert [answer["id"] for answer in answers] == ["8.8.8.8", *MANY]
    if stderr != "terminal":
        assert seen.stderr == ""


@pytest.mark.parametrize("stdin", KINDS)
def test_values_are_read_from_any_stdin(run: RunnerProcess, stdin: str) -> None:
    seen = run_with(run, "lookup_ip", "-", stdin=stdin, text="10.0.0.1\n10.0.0.2\n")
    assert is_without_traceback(seen)
    if stdin == "closed":
        assert (seen.stdout, seen.exit_code) == ("", 1)
        assert "input or output failed" in seen.stderr
        return
    assert [json.loads(line)["id"] for line in seen.stdout.splitlines()] == ["10.0.0.1", "10.0.0.2"]
    assert seen.exit_code == 0


@pytest.mark.parametrize("stdin", KINDS)
def test_a_command_that_reads_nothing_does_not_need_stdin(run: RunnerProcess, stdin: str) -> None:
    seen = run_with(run, "lookup_hash", EICAR, stdin=stdin)
    assert json.loads(seen.stdout)["data"]["verdict"] == "malicious"
    assert (seen.exit_code, seen.stderr) == (0, "")


@pytest.mark.parametrize("command", COMMANDS)
def test_other_commands_say_the_same_into_every_stream(run: RunnerProcess, command: str) -> None:
    reported = {
        kind: run_with(run, *COMMANDS[command], stdout=kind, stderr="terminal")
        for kind in ("pipe", "file", "nonblocking", "terminal")
    }
    assert {seen.exit_code for seen in reported.values()} == {0}
    assert all(seen.stdout.strip() and is_without_traceback(seen) for seen in reported.values())
    blurred = [re.sub(r"\d+", "0", reported[kind].stdout) for kind in ("pipe", "file", "nonblocking")]
    assert blurred[0] == blurred[1] == blurred[2]


@pytest.mark.parametrize("stderr", KINDS)
@pytest.mark.parametrize("stdout", KINDS)
def test_the_runner_answers_each_line_wherever_the_streams_lead(run: RunnerProcess, stdout: str, stderr: str) -> None:
    lines = "".join(json.dumps({"id": ip, "action": "lookup_ip", "params": {"ip": ip}}) + "\n" for ip in MANY)
    seen = run_with(run, "run", stdout=stdout, stderr=stderr, text=lines, is_started=stdout == stderr)
    assert is_without_traceback(seen)
    if stdout == "closed":
        assert seen.exit_code == 2
    else:
        assert [json.loads(line)["id"] for line in seen.stdout.splitlines()] == MANY
        assert seen.exit_code == 0


def test_a_usage_error_is_reported_into_a_pipe_that_does_not_block(run: RunnerProcess) -> None:
    seen = run_with(run, "lookup_hsah", stderr="nonblocking")
    assert seen.exit_code == 2
    assert "lookup_hash" in seen.stderr


def test_log_lines_and_progress_share_a_terminal(run: RunnerProcess, sandbox: SandboxServer) -> None:
    """The line is whole, and nothing of either gets into the answers."""
    seen = run_with(run, "lookup_ip", "8.8.8.8", stderr="terminal", VT_STATE="/proc/nowhere/state.db")
    assert json.loads(seen.stdout)["status"] == "ok"
    # A terminal breaks the line where it is full.
    assert "workingwithoutthesharedcache" in "".join(plain(seen.stderr).split())
