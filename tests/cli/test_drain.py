"""`vtaction drain` for people and programs: its output and exit status."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.test_direct_form import on_a_terminal
from tests.vtaction_process import RunnerProcess
from vt_connectors.sandbox import SandboxServer

HOSTS = ["8.8.8.1", "8.8.8.2", "8.8.8.3"]
COUNTS = ["asked", "answered", "not_found", "failed", "dropped", "left"]


@pytest.fixture
def queued(run: RunnerProcess) -> RunnerProcess:
    run.text("lookup_ip", "9.9.9.9", VT_QUOTA="1/day")
    assert run.text("lookup_ip", *HOSTS, "--max-wait", "0", VT_QUOTA="1/day").returncode == 75
    return run


def drain(run: RunnerProcess, *arguments: str, **changes: str) -> tuple[dict[str, Any], int]:
    done = run.text("drain", *arguments, **changes)
    return json.loads(done.stdout), done.returncode


def test_in_a_pipe_it_is_a_line_of_json(queued: RunnerProcess) -> None:
    report, code = drain(queued)
    assert list(report) == [*COUNTS, "message"]
    assert (report["asked"], report["answered"], report["left"], report["message"], code) == (3, 3, 0, None, 0)
    assert drain(queued) == ({**dict.fromkeys(COUNTS, 0), "message": None}, 0)


def test_on_a_terminal_it_is_a_table_with_progress(queued: RunnerProcess) -> None:
    seen, code = on_a_terminal(queued, "drain")
    assert "not found" in seen
    assert "awaiting answers" in seen
    assert "3/3" in seen
    assert code == 0


def test_on_a_terminal_it_tells_why_something_is_left(queued: RunnerProcess) -> None:
    seen, code = on_a_terminal(queued, "drain", "--keep", "0", VT_QUOTA="1/day")
    assert "the quota of this day is used up" in " ".join(seen.split())
    assert code == 75


def test_lookups_left_without_quota_exit_75(queued: RunnerProcess) -> None:
    report, code = drain(queued, "--keep", "2", VT_QUOTA="4/day")
    assert (report["asked"], report["left"], code) == (1, 2, 75)
    assert "reserved for others" in report["message"]


def test_what_may_succeed_later_exits_75(run: RunnerProcess) -> None:
    nowhere = {"VT_API_URL": "http://127.0.0.1:9"}
    run.text("lookup_ip", "9.9.9.9", VT_QUOTA="1/day")
    assert run.text("lookup_ip", *HOSTS, "--max-wait", "0", VT_QUOTA="1/day", **nowhere).returncode == 75
    report, code = drain(run, **nowhere)
    assert (report["asked"], report["failed"], report["left"], code) == (0, 3, 3, 75)


@pytest.mark.parametrize(("changes", "code"), [({"VT_API_KEY": "wrong"}, 1), ({"VT_API_KEY": ""}, 2)])
def test_a_key_that_is_refused_or_missing_loses_nothing(
    queued: RunnerProcess, changes: dict[str, str], code: int
) -> None:
    report, left = drain(queued, **changes)
    assert (report["left"], left) == (3, code)
    assert report["message"]


def test_wrong_settings_and_words_exit_2(run: RunnerProcess, sandbox: SandboxServer) -> None:
    done = run.text("drain", VT_QUOTA="lots")
    assert (done.returncode, done.stdout) == (2, "")
    assert "VT_QUOTA" in done.stderr
    for arguments in (("--keep", "-1"), ("--keep", "a"), ("--keep", "\u00b2"), ("--max-wait", "soon"), ("now",)):
        done = run.text("drain", *arguments)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
    assert sandbox.all_requests == []


def test_it_may_wait_for_quota(queued: RunnerProcess) -> None:
    report, code = drain(queued, "--max-wait", "20s", VT_QUOTA="2/1s")
    assert (report["asked"], report["left"], code) == (3, 0, 0)


def test_what_waits_can_be_forgotten_at_no_request(queued: RunnerProcess, sandbox: SandboxServer) -> None:
    done = queued.text("drain", "--discard")
    assert (json.loads(done.stdout), done.returncode) == ({"discarded": 3}, 0)
    assert json.loads(queued.text("cache", "stats").stdout)["pending"] == 0
    assert len(sandbox.all_requests) == 1


def test_the_cache_tells_how_many_wait(queued: RunnerProcess) -> None:
    stats = json.loads(queued.text("cache", "stats", VT_PENDING_MAX="7").stdout)
    assert (stats["pending"], stats["pending_refused"], stats["pending_most"]) == (3, 0, 7)
    assert "pending: 3" in on_a_terminal(queued, "cache", "stats")[0]
    queued.text("cache", "clear")
    assert json.loads(queued.text("cache", "stats").stdout)["pending"] == 3
