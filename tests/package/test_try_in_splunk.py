"""The script that tries the app in a real Splunk: it sees what is so and what is not, and takes away what it made.

Neither Docker nor Splunk is needed here: a program in the place of `docker`, and a server with scripted answers.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from splunklib import client

from package.real_splunk import try_in_splunk
from package.real_splunk.checks import CHECKS
from package.real_splunk.search_checks import EVENTS
from package.real_splunk.trial import EICAR, Trial, md5_of
from package.spl.interpreters import find_python

from .fake_splunk_server import FakeSplunkServer, Told
from .spl_reader import PROJECT

# Writes down what it is called with, and answers as `docker` does for a container that is well.
DOCKER = """#!/bin/sh
printf '%s\\n' "$*" >> "$DOCKER_LOG"
case "$1" in
  run) case "$*" in *broken*) echo "no such image" >&2; exit 1;; esac
       while [ $# -gt 1 ]; do [ "$1" = --env-file ] && cp "$2" "$DOCKER_LOG.env"; shift; done; echo c0ffee ;;
  port) echo "127.0.0.1:$DOCKER_PORT" ;;
  inspect) echo '{"Running": true, "Health": {"Status": "healthy"}}' ;;
  exec) case "$*" in *"/proc/"*) cat "$DOCKER_LOG.ps" 2>/dev/null; : > "$DOCKER_LOG.ps" ;; esac ;;
esac
exit 0
"""


def good() -> dict[str, Told]:
    """What a server says where all is as the documentation has it."""
    verdict = {"vt_verdict": "malicious", "vt_detections": "62/68", "vt_source": "api"}
    events = [
        {"other": f"kept {number}", "vt_status": "error" if number % 2 else "ok"} for number in range(1, EVENTS + 1)
    ]
    kvstore = f'eval md5="{md5_of("kvstore")}"'
    return {
        r"makeresults .* vtlookup hash=md5$": Told([verdict]),
        r"makeresults count": Told(events),
        r"ioc=x": Told([{"vt_type": ["hash", "ip"], "vt_worst_verdict": "malicious"}]),
        r"hsh=": Told(failed=True, message="vtlookup: hsh= is not an option of this command."),
        r"^\| vtreport": Told([verdict]),
        r"^\| vt(related|behaviour)": Told([{"vt_status": "ok"}] * 2),
        r"^\| vtstream limit=3": Told([{"vt_notification_id": str(number)} for number in range(3)]),
        r"^\| vtstream limit=4": Told([{"vt_notification_id": str(number)} for number in range(3, 7)]),
        r"^\| vtquota": Told([{"window": "day", "limit": "100", "used": "1"}]),
        r"^\| vtcache": Told([{"indicator": EICAR}]),
        r"^\| vtdrain": Told([{"failed": "0"}]),
        r"wait=600": Told(),
        rf"{kvstore}.*vt_verdicts": Told([{"type": "hash"}]),
        r"vtlookup:log.*verdicts": Told([{"verdicts.malicious": "1", "sid": "1"}]),
        r"sendalert": Told(),
        r"tag=alert": Told([{"severity": "high", "vt_detected_by": ["ClamAV: Eicar-Signature"]}]),
        r"vtlookup:verdict": Told([{"indicator": EICAR, "vt_verdict": "malicious", "user": "admin"}]),
        r"command=vt_alert_comment": Told([{"errors.config_error": "1", "written": "0"}]),
    }


LISTED = {
    "data/ui/views": ["setup", "vt_overview", "vt_report", "vt_details"],
    "data/ui/workflow-actions": ["vt_report", "vt_open_file"],
    "admin/macros": ["vt_known(1)", "vt_only_bad"],
    "saved/searches": ["VirusTotal - look up what is pending"],
    "alerts/alert_actions": ["vt_alert_lookup", "vt_alert_comment", "email"],
}


@dataclass
class Bench:
    splunk: FakeSplunkServer
    folder: Path

    def run(self, *arguments: str) -> int:
        return try_in_splunk.main(
            arguments, sleep=lambda _: None, make=lambda _: self.folder / "app.spl", report=self.folder / "report.json"
        )

    @property
    def docker(self) -> list[str]:
        log = self.folder / "docker.log"
        return log.read_text("utf-8").splitlines() if log.exists() else []

    @property
    def checks(self) -> dict[str, Any]:
        return {each["check"]: each for each in json.loads((self.folder / "report.json").read_text())["checks"]}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "docker").write_text(DOCKER, "utf-8")
    (programs / "docker").chmod(0o755)
    (tmp_path / "app.spl").touch()
    (tmp_path / "docker.log.ps").write_text("python3 etc/apps/vtlookup/bin/vtlookup.py\n")
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_LOG", str(tmp_path / "docker.log"))
    connect = client.connect
    # The stand-in has no TLS.
    monkeypatch.setattr(client, "connect", lambda **how: connect(scheme="http", **how))
    with FakeSplunkServer(good(), entries=dict(LISTED)) as splunk:
        monkeypatch.setenv("DOCKER_PORT", str(splunk.port))
        answer = splunk._told

        def told(search: str) -> Told:
            """The second of two who ask for the same has it from the cache; and the KV store's quota is 50 a day."""
            if "kvstore" not in search and md5_of("kvstore") in search and "vt_verdicts" not in search:
                again = splunk.searches.count(search) > 1
                return Told([{"vt_source": "cache" if again else "api"}])
            return answer(search)

        splunk._told = told  # type: ignore[method-assign]
        yield Bench(splunk, tmp_path)


def test_where_all_is_as_expected_it_says_so_and_leaves_nothing_behind(bench: Bench) -> None:
    assert bench.run("--accept-splunk-license") == 0
    assert {name: each["told"] for name, each in bench.checks.items() if not each["ok"]} == {}
    assert list(bench.checks) == [check.__name__ for check in CHECKS]
    assert bench.docker[0].startswith("run --detach --name vtlookup-try-")
    assert bench.docker[0].endswith("splunk/splunk:latest")
    assert bench.docker[-1] == "rm --force --volumes c0ffee"
    assert bench.splunk.cancelled == 1
    assert bench.splunk.settings["quota"] == "none"


@pytest.mark.parametrize(
    ("pattern", "told", "check"),
    [
        (r"makeresults .* vtlookup hash=md5$", Told([{"vt_verdict": "unknown"}]), "a_verdict"),
        (r"makeresults .* vtlookup hash=md5$", Told([]), "a_verdict"),
        (r"makeresults .* vtlookup hash=md5$", Told(failed=True, message="no"), "a_verdict"),
        (r"makeresults count", Told([{"vt_status": "ok"}] * EVENTS), "events_keep_their_fields"),
        (r"makeresults count", Told([{"other": "kept 1", "vt_status": "error"}]), "events_keep_their_fields"),
        (r"ioc=x", Told([{"vt_type": "hash"}]), "several_values_in_a_field"),
        (r"hsh=", Told([{}]), "a_wrong_option_is_told"),
        (r"^\| vt(related|behaviour)", Told([{"vt_status": "not_found"}]), "commands_that_begin_a_search"),
        (r"^\| vtstream limit=4", Told([{"vt_notification_id": "2"}] * 4), "the_stream_is_handed_over_once"),
        (r"^\| vtquota", Told([{"window": "minute", "limit": "4"}]), "commands_that_begin_a_search"),
        (r"^\| vtcache", Told([{"indicator": "x"}]), "commands_that_begin_a_search"),
        (r"^\| vtdrain", Told([{"failed": "1"}]), "commands_that_begin_a_search"),
        (r"vt_verdicts", Told([{}]), "the_kv_store_keeps_cache_and_quota"),
        (r"vtlookup:log.*verdicts", Told([{"command": "vtlookup"}]), "the_log_is_indexed"),
        (r"vtlookup:log.*verdicts", Told(), "the_log_is_indexed"),
        (r"vtlookup:verdict", Told([{"indicator": EICAR}]), "an_alert_writes_verdicts"),
        (r"tag=alert", Told([{"severity": "high"}]), "verdicts_are_in_the_data_model"),
        (r"tag=alert", Told([{"vt_detected_by": "x"}]), "verdicts_are_in_the_data_model"),
        (r"command=vt_alert_comment", Told(), "an_alert_comments_only_when_allowed"),
        (r"command=vt_alert_comment", Told([{"written": "1"}]), "an_alert_comments_only_when_allowed"),
    ],
)
def test_what_is_not_so_is_found(pattern: str, told: Told, check: str, bench: Bench) -> None:
    bench.splunk.told[pattern] = told
    assert bench.run("--accept-splunk-license") == 1
    assert not bench.checks[check]["ok"]
    assert bench.checks[check]["told"]
    assert bench.docker[-1].startswith("rm ")


def test_a_key_that_an_analyst_sees_is_found(bench: Bench) -> None:
    bench.splunk.closed = "nothing"
    assert bench.run("--accept-splunk-license") == 1
    assert not bench.checks["an_analyst_is_served_without_the_key"]["ok"]


def test_a_search_that_outlives_its_cancel_is_found(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    docker = bench.folder / "programs/docker"
    docker.write_text(DOCKER.replace(': > "$DOCKER_LOG.ps"', "true"), "utf-8")
    assert bench.run("--accept-splunk-license") == 1
    assert "still there after" in bench.checks["a_cancelled_search_ends"]["told"]


def test_pages_that_splunk_did_not_take_are_found(bench: Bench) -> None:
    bench.splunk.entries["data/ui/views"] = ["setup"]
    assert bench.run("--accept-splunk-license") == 1
    assert "vt_details, vt_overview, vt_report" in bench.checks["pages_and_menus_are_there"]["told"]


def test_the_password_is_on_no_command_line_and_the_ports_are_this_machines_alone(bench: Bench) -> None:
    bench.run("--accept-splunk-license")
    variables = (bench.folder / "docker.log.env").read_text()
    [password] = [line.partition("=")[2] for line in variables.splitlines() if line.startswith("SPLUNK_PASSWORD=")]
    assert len(password) > 20
    assert password not in "\n".join(bench.docker)
    assert "--publish 127.0.0.1::8089 --publish 127.0.0.1::8000" in bench.docker[0]


def test_nothing_starts_before_splunks_licence_is_accepted(bench: Bench) -> None:
    assert bench.run() == 2
    assert bench.docker == []


def test_without_docker_it_says_what_to_do(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(bench.folder))
    assert bench.run("--accept-splunk-license") == 2
    assert "install Docker" in capsys.readouterr().err


def test_an_image_that_is_not_there_is_told(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.run("--accept-splunk-license", "--version", "broken") == 2
    assert "no such image" in capsys.readouterr().err


def test_it_can_be_left_running_to_look_at(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.run("--accept-splunk-license", "--keep") == 0
    assert not any(line.startswith("rm ") for line in bench.docker)
    assert "user admin, password" in capsys.readouterr().out.replace("\n", " ")


def test_a_search_that_splunk_refuses_at_once_is_a_failed_one(bench: Bench) -> None:
    bench.splunk.told["hsh="] = Told(refused=True, message="Error in vtlookup: hsh= is not an option of this command.")
    assert bench.run("--accept-splunk-license") == 0


def test_searches_begin_as_splunks_rest_wants_them(bench: Bench) -> None:
    bench.run("--accept-splunk-license")
    assert bench.splunk.searches
    assert [search for search in bench.splunk.searches if not search.startswith(("|", "search "))] == []


@pytest.mark.parametrize("version", ["3.9", "3.13"])
def test_the_stand_in_for_virustotal_needs_nothing_but_python_and_the_app(version: str, app: Path) -> None:
    python = find_python(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = try_in_splunk.sandbox(str(PROJECT / "connectors"), str(app), port)
    with subprocess.Popen([python, "-I", "-S", "-c", program], cwd=app) as running:
        try:
            assert _status_of(f"http://127.0.0.1:{port}/api/v3/files/{EICAR}") == 200
        finally:
            running.terminate()


def _status_of(address: str) -> int:
    request = urllib.request.Request(address, headers={"x-apikey": "sandbox"})
    for _ in range(200):
        try:
            with urllib.request.urlopen(request) as answer:
                return int(answer.status)
        except urllib.error.URLError:
            time.sleep(0.05)
    raise AssertionError("it does not answer")


def test_every_check_says_what_it_looks_at() -> None:
    assert all(check.__doc__ and check.__doc__.endswith(".") for check in CHECKS)
    assert Trial.__doc__
