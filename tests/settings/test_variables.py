"""A misspelt setting causes a warning with the nearest name."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from tests.vtaction_process import RunnerProcess, lookup
from vt_connectors.config import unknown_variables as variables
from vt_connectors.config.settings import VARIABLES, not_settings, read_settings

MEANT = {
    "VT_NEVERQUERY": "VT_NEVER_QUERY",
    "VT_NEVER_QUERIES": "VT_NEVER_QUERY",
    "VT_APIKEY": "VT_API_KEY",
    "VT_KEY_FILE": "VT_API_KEY_FILE",
    "VT_QUOTAS": "VT_QUOTA",
    "VT_STATE_FILE": "VT_STATE",
    "VT_URL": "VT_API_URL",
    "vt_state": "VT_STATE",
    "Vt_Scan_Root": "VT_SCAN_ROOTS",
    "VT_CACHETTL": "VT_CACHE_TTL",
}


@pytest.fixture(autouse=True)
def _nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variables, "_TOLD", set())


@pytest.mark.parametrize(("name", "meant"), MEANT.items())
def test_a_misspelt_setting_is_reported_with_the_nearest_one(name: str, meant: str) -> None:
    (text,) = not_settings({name: "corp.example", "HOME": "/root"})
    assert text.startswith(f"{name} is not a setting")
    assert text.endswith(f"the nearest setting is {meant}")
    assert "corp.example" not in text


def test_settings_and_foreign_options_are_not_reported() -> None:
    environment = dict.fromkeys([*VARIABLES, "VT_API_KEY", "VT_API_KEY_FILE", "VT_CONFIG"], "x")
    assert not_settings({**environment, "VTROOT": "x", "MY_VT_STATE": "x", "VT_EMPTY": "  ", "PATH": "x"}) == []


def test_a_name_like_no_setting_has_no_nearest_one() -> None:
    (text,) = not_settings({"VT_XYZZY": "1"})
    assert "no setting has a similar name" in text


def test_a_name_is_shown_short_and_printable() -> None:
    (text,) = not_settings({"VT_\x1b[31m" + "x" * 1000: "1"})
    assert text.isprintable()
    assert len(text) < 200


def test_it_is_logged_once_in_a_process(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        read_settings({"VT_NEVERQUERY": "corp.example"})
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "VT_NEVER_QUERY" in caplog.text


@pytest.mark.parametrize(
    "arguments", [("run",), ("lookup_ip", "8.8.8.8"), ("cache", "stats"), ("curl", "lookup_ip", "8.8.8.8"), ("drain",)]
)
def test_every_command_warns_on_stderr_once_and_continues(arguments: tuple[str, ...], run: RunnerProcess) -> None:
    done = run.text(*arguments, stdin=json.dumps(lookup()), VT_NEVERQUERY="corp.example")
    assert done.stderr.count("VT_NEVERQUERY") == 1
    assert "VT_NEVERQUERY" not in done.stdout
    assert done.returncode == 0


def test_doctor_names_it_as_wrong(run: RunnerProcess) -> None:
    done = run.text("doctor", "--json", VT_NEVERQUERY="corp.example", VT_FOO="1")
    bad = [finding["text"] for finding in json.loads(done.stdout) if finding["ok"] is False]
    assert len(bad) == 2
    assert "VT_FOO" in bad[0]
    assert "VT_NEVERQUERY" in bad[1]
    assert done.returncode == 2
    assert "WARNING" not in done.stderr


def test_doctor_names_it_where_the_settings_are_wrong_too(run: RunnerProcess) -> None:
    done = run.text("doctor", "--json", VT_NEVERQUERY="corp.example", VT_TIMEOUT="soon")
    assert ["VT_TIMEOUT" in done.stdout, "VT_NEVERQUERY" in done.stdout] == [True, True]


def test_a_python_program_is_warned(run: RunnerProcess, tmp_path: Path) -> None:
    import subprocess
    import sys

    script = "from vt_connectors import connect\nwith connect() as vt: vt.lookup('10.0.0.1')"
    environment = {**run.environment, "VT_NEVERQUERY": "corp.example"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr.count("VT_NEVERQUERY") == 1
