"""A lookup alert that ends early leaves its line in the log and its verdicts in the index."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.package.spl_reader import PROJECT
from vt_connectors.sandbox import SandboxServer

from .alerting import Alert, events, results_file
from .fake_splunkd import EVERYTHING, SESSION, FakeSplunkd
from .forked_app import Process
from .searching import Lookup, md5

ROWS = [{"md5": md5(number)} for number in range(60)]
# No time limit of a test's own: only so that a broken one ends.
MOST_S = 60.0


@pytest.fixture(params=["by the endpoint", "with the key"])
def alert(request: pytest.FixtureRequest, keyless: Lookup, splunkd: FakeSplunkd) -> Alert:
    """One that waits for quota for as long as it may: there is some for its first batch only."""
    if request.param == "with the key":
        splunkd.users[SESSION] = EVERYTHING
    splunkd.settings = {**splunkd.settings, "verdict_indexes": "threat", "quota": "30/550s"}
    return Alert("vt_alert_lookup", keyless, splunkd)


def log_lines(alert: Alert) -> list[dict[str, Any]]:
    path = alert.lookup.home / "var/log/splunk/vtlookup.log"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


@contextlib.contextmanager
def running(alert: Alert) -> Iterator[Process]:
    document = alert.document(results_file(alert.job / "results.csv.gz", ROWS), fields="md5", wait="600")
    process = alert.lookup.command("vt_alert_lookup").running("--execute")
    assert process.stdin is not None
    process.stdin.write(json.dumps(document).encode())
    process.stdin.close()
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()


def until_it_waits(splunkd: FakeSplunkd, sandbox: SandboxServer) -> None:
    give_up = time.monotonic() + MOST_S
    while len(splunkd.indexed) < 25 or len(sandbox.requests) < 30:
        assert time.monotonic() < give_up
        time.sleep(0.05)


def check_line(alert: Alert, splunkd: FakeSplunkd) -> None:
    [line] = [line for line in log_lines(alert) if line["event"] == "alert"]
    assert (line["ended"], line["search_name"], line["rows"]) == ("early", "Files on endpoints", 60)
    assert 25 <= line["written"] == len(splunkd.indexed) < 60
    assert line["requests"] >= 25
    assert {event["vt_status"] for event in events(splunkd)} <= {"ok", "not_found"}


def test_a_cancelled_alert_leaves_its_line(alert: Alert, splunkd: FakeSplunkd, sandbox: SandboxServer) -> None:
    with running(alert) as process:
        until_it_waits(splunkd, sandbox)
        process.send_signal(signal.SIGTERM)
        assert process.wait(MOST_S) == 75
    check_line(alert, splunkd)


def test_an_alert_at_its_time_limit_ends_before_it_is_killed_and_says_why(
    alert: Alert, splunkd: FakeSplunkd, own_app: Path
) -> None:
    (own_app / "local").mkdir()
    (own_app / "local/alert_actions.conf").write_text("[vt_alert_lookup]\nmaxtime = 16s\n")
    alert = dataclasses.replace(alert, lookup=dataclasses.replace(alert.lookup, app=own_app))
    with running(alert) as process:
        assert process.wait(MOST_S) == 75
        assert process.stderr is not None
        said = process.stderr.read().decode()
    check_line(alert, splunkd)
    assert "ERROR vt_alert_lookup: " in said
    assert "indicators were not looked up; lower limit= or wait=, or raise maxtime in alert_actions.conf" in said


def test_an_alert_that_is_killed_outright_has_left_the_line_of_its_begin(
    alert: Alert, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    with running(alert) as process:
        until_it_waits(splunkd, sandbox)
        process.kill()
        process.wait()
    [line] = [line for line in log_lines(alert) if line["event"] != "message"]
    assert (line["event"], line["search_name"], line["command"]) == (
        "alert_begun",
        "Files on endpoints",
        "vt_alert_lookup",
    )


def test_an_alert_that_is_done_in_time_is_not_early(alert: Alert, splunkd: FakeSplunkd) -> None:
    splunkd.settings = {**splunkd.settings, "quota": "none"}
    ran = alert(ROWS, fields="md5", wait="600")
    assert (ran.status, ran.said, ran.logged["ended"], ran.logged["written"]) == (0, [], "done", 60)


STUCK = """
import sys, time
sys.path.insert(0, {bin!r})
from vtlookup_app.cancellation import Cancellation
Cancellation().watch_time(0.1, 75, lambda: sys.stdout.write("last words") and sys.stdout.flush())
while True:
    time.sleep(1)
"""


def test_a_stuck_process_answers_its_lines_and_exits(any_python: str) -> None:
    code = STUCK.format(bin=str(PROJECT / "splunk_app/bin"))
    ran = subprocess.run([any_python, "-c", code], capture_output=True, timeout=MOST_S, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (75, b"last words", b"")
