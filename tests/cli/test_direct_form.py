"""Actions for people: tables on a terminal, JSON in a pipe."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.vtaction_process import EICAR, RunnerProcess
from vt_connectors.sandbox import SandboxServer

from .streams import all_of, into


def on_a_terminal(run: RunnerProcess, *arguments: str, columns: int = 150, **changes: str) -> tuple[str, int]:
    """What a person sees, and the exit status."""
    ours, theirs = pty.openpty()
    settings = {"COLUMNS": str(columns), "TERM": "xterm-256color", **changes}
    with os.fdopen(theirs, "r+b", buffering=0) as terminal:
        changed = RunnerProcess({**run.environment, **settings})
        process = changed.fork(*arguments, stdin=terminal, stdout=terminal, stderr=terminal)
    seen = all_of(ours)
    return seen.decode("utf-8", "replace"), process.wait(30)


def test_in_a_pipe_each_value_is_one_json_line(run: RunnerProcess) -> None:
    ran = run(arguments=("lookup_hash", EICAR, "0" * 32))
    assert [line["status"] for line in ran.lines] == ["ok", "not_found"]
    assert ran.exit_code == 0


def test_on_a_terminal_an_error_has_its_next_steps_below_once(run: RunnerProcess) -> None:
    seen, _ = on_a_terminal(run, "lookup_hash", "nonsense", "more nonsense", NO_COLOR="1")
    assert seen.count("Check where the value comes from.") == 1
    seen, _ = on_a_terminal(run, "lookup_hash", EICAR, NO_COLOR="1")
    assert "Check where" not in seen


@pytest.mark.parametrize("shape", ["table", "csv", "markdown"])
@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["lookup", ""], "the value is empty"),
        (["lookup", "", "8.8.8.8"], "the value is empty"),
        (["scan_file", ""], "the value is empty"),
        (["lookup", "x" * 9000], "the value is longer than 8192 characters"),
        (["lookup", "x" * 9000, "8.8.8.8"], "the value is longer than 8192 characters"),
        (["scan_file", "/" + "x/" * 9000], ""),
        (["relationships", "8.8.8.8", "--relationship", "x" * 9000], "--relationship does not match"),
        (["relationships", "8.8.8.8", "--relationship", "subdomains", "--limit", "0"], "--limit is less than 1"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_refused_value_is_named_as_it_is_typed_and_cut(
    run: RunnerProcess, line: list[str], told: str, shape: str
) -> None:
    done = run.text(*line, "--format", shape)
    assert done.returncode != 0
    assert told.replace("-", "") in " ".join(done.stdout.split()).replace("-", "")
    assert "/params" not in done.stdout
    assert "x" * 250 not in done.stdout
    assert "x/" * 125 not in done.stdout
    if shape == "csv" and line[1] == "":
        assert done.stdout.splitlines()[1].startswith(",")


def test_on_a_terminal_it_is_a_table_with_colors(run: RunnerProcess) -> None:
    seen, code = on_a_terminal(run, "lookup_hash", EICAR, "nonsense")
    assert "62/68" in seen
    assert "nonsense" in seen
    assert "\x1b[1;31mmalicious" in seen
    assert code == 1


def test_no_color_is_respected(run: RunnerProcess) -> None:
    seen, _ = on_a_terminal(run, "lookup_hash", EICAR, NO_COLOR="1")
    assert "malicious" in seen
    assert "[1;31m" not in seen
    assert "[31m" not in seen


def test_json_can_be_had_on_a_terminal_too(run: RunnerProcess) -> None:
    seen, _ = on_a_terminal(run, "lookup_hash", EICAR, "--json")
    assert json.loads(seen)["data"]["verdict"] == "malicious"


def test_a_dash_reads_values_from_stdin(run: RunnerProcess) -> None:
    done = run.text("lookup_ip", "-", stdin="8.8.8.8\n\n10.0.0.1\n")
    assert [json.loads(line)["status"] for line in done.stdout.splitlines()] == ["ok", "skipped"]


def test_what_values_hold_is_not_obeyed_by_the_terminal(run: RunnerProcess) -> None:
    seen, _ = on_a_terminal(run, "lookup_domain", "a\x1b[2Jb.example", "[red]x.example")
    assert "\x1b[2J" not in seen
    assert "[red]x.example" in seen


def test_a_comment_is_given_as_an_option(run: RunnerProcess, sandbox: SandboxServer) -> None:
    ran = run(arguments=("add_comment", EICAR, "--comment", "mind this #drill"))
    assert ran.lines[0]["status"] == "ok"
    assert sandbox.requests[-1].method == "POST"


def test_options_of_the_contract_have_their_switches(run: RunnerProcess) -> None:
    ran = run(arguments=("lookup_hash", EICAR, "--cache", "only"))
    assert ran.lines[0]["status"] == "skipped"
    ran = run(arguments=("lookup_hash", EICAR, "--include", "raw", "--include", "engines", "--max-wait", "0"))
    assert ran.lines[0]["data"]["raw"]["type"] == "file"
    assert ran.lines[0]["data"]["engines"]


def test_the_quota_is_an_action_like_the_others(run: RunnerProcess) -> None:
    ran = run(arguments=("quota",), VT_QUOTA="4/minute,500/day")
    assert ran.lines[0]["data"]["windows"]["minute"]["limit"] == 4


def test_a_wrong_word_tells_what_there_is_and_exits_2(run: RunnerProcess) -> None:
    done = run.text("lookup_hsah", EICAR)
    assert done.returncode == 2
    assert "lookup_hash" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_has_examples_for_every_command(run: RunnerProcess) -> None:
    listed = run.text("--help").stdout
    for command in (
        "run",
        "describe",
        "sample",
        "doctor",
        "cache",
        "drain",
        "sandbox",
        "quota",
        "lookup_url",
        "add_comment",
    ):
        assert command in listed
        assert "example" in run.text(command, "--help").stdout


def test_times_may_have_a_unit_and_cannot_be_negative(run: RunnerProcess) -> None:
    assert run.text("lookup_hash", EICAR, "--max-age", "7d", "--max-wait", "1m").returncode == 0
    for time in ("-1", "soon", "1y", ""):
        done = run.text("lookup_hash", EICAR, "--max-age", time)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


def test_the_rows_of_passive_dns_and_comments_are_tables(run: RunnerProcess) -> None:
    seen, code = on_a_terminal(run, "passive_dns", "malicious.example", "--limit", "3")
    assert "malicious.example: more than 3 resolutions (--limit)" in seen
    assert "203.0.113.66" in seen
    assert code == 0
    seen, _ = on_a_terminal(run, "get_comments", EICAR)
    assert "#drill" in seen


def test_a_file_is_sent_with_a_progress_bar_and_the_next_step_is_shown(run: RunnerProcess, tmp_path: Path) -> None:
    sample = tmp_path / "sample.bin"
    sample.write_bytes(b"never seen " * 300_000)
    seen, code = on_a_terminal(run, "scan_file", str(sample))
    assert "sending" in seen
    assert "vtaction get_analysis " in seen
    assert code == 0


def test_a_file_that_cannot_be_sent_is_reported(run: RunnerProcess, tmp_path: Path) -> None:
    ran = run(arguments=("scan_file", str(tmp_path / "gone"), str(tmp_path)))
    assert [line["error"]["code"] for line in ran.lines] == ["invalid_request", "invalid_request"]
    assert ran.exit_code == 2


def test_a_closed_stdout_is_reported_without_a_traceback(run: RunnerProcess) -> None:
    command = " ".join([*run.command("quota"), ">&-"])
    done = subprocess.run(["sh", "-c", command], env=run.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "stdout is closed" in done.stderr
    assert "Traceback" not in done.stderr


def test_raw_objects_are_said_to_be_in_json_only(run: RunnerProcess) -> None:
    about = "--format json"
    assert about in run.text("lookup", "8.8.8.8", "--include", "raw", "--format", "table").stdout
    assert about in run.text("lookup", "8.8.8.8", EICAR, "--include", "raw", "--format", "table").stdout
    assert about not in run.text("lookup", "8.8.8.8", "--format", "table").stdout


def test_an_unknown_profile_is_named_by_the_option_too(run: RunnerProcess) -> None:
    assert "--profile: 'x' is" in run.text("lookup", "8.8.8.8", "--profile", "x").stdout


def test_a_refusal_names_the_option_for_waiting_and_not_the_field(run: RunnerProcess) -> None:
    line = ("lookup", "8.8.8.8", "9.9.9.9", "--max-wait", "0", "--format", "table")
    seen = " ".join(run.text(*line, VT_QUOTA="1/minute").stdout.split())
    assert "let it wait for longer with --max-wait" in seen
    assert "max_wait_s" not in seen


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")  # noqa: PTH110
@pytest.mark.parametrize("line", [["--version"], ["--help"], ["describe"]])
def test_output_without_a_place_is_not_said_to_be_about_requests(run: RunnerProcess, line: list[str]) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        code, told = into(full, run, *line)
    assert code != 0
    assert "the output is not complete" in told
    assert "request" not in told
