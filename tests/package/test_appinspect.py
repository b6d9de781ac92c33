"""Splunk's own check of apps finds nothing that would keep this one out of Splunk Cloud."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from package.spl.appinspect import Findings, find_appinspect, inspect_once

# Each of these leaves the reader to judge; this page has our judgement.
PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs/splunk-admin.md").read_text("utf-8")
ACCEPTED_WARNINGS = re.findall(r"^\| `(check_\w+)` \| \w.+ \|$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def findings(spl: Path) -> Findings:
    executable = find_appinspect()
    if executable is None:
        pytest.skip("AppInspect is not here: run `python -m package.spl.appinspect`, or name it in APPINSPECT")
    return inspect_once(spl, executable, PROJECT / ".cache")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("result", ["error", "failure", "future_failure"])
def test_appinspect_refuses_nothing(result: str, findings: Findings) -> None:
    assert findings.get(result, {}) == {}


@pytest.mark.timeout(600)
def test_appinspect_warns_of_what_the_page_gives_a_reason_for_and_of_nothing_else(findings: Findings) -> None:
    assert sorted(findings.get("warning", {})) == sorted(ACCEPTED_WARNINGS)


@pytest.mark.timeout(600)
def test_appinspect_did_look_at_the_command(findings: Findings) -> None:
    assert len(findings["success"]) > 50


FAKE = """#!/bin/sh
echo run >> "$0.log"
for last; do :; done
cat > "$last" <<'END'
{"reports": [{"groups": [{"checks": [{"name": "check_it", "result": "RESULT", "messages": [{"message": "so"}]}]}]}]}
END
"""


@pytest.mark.parametrize(("result", "runs"), [("warning", [1, 1, 2, 3]), ("failure", [1, 2, 3, 4])])
def test_what_appinspect_accepted_is_known_for_these_bytes_and_this_appinspect_alone(
    result: str, runs: list[int], tmp_path: Path
) -> None:
    app, executable = tmp_path / "app.spl", tmp_path / "appinspect"
    app.write_bytes(b"one")
    executable.write_text(FAKE.replace("RESULT", result), "utf-8")
    executable.chmod(0o755)
    ran = []
    for change in ("none", "again", "the app", "AppInspect"):
        if change == "the app":
            app.write_bytes(b"two")
        if change == "AppInspect":
            os.utime(executable, (1, 1))
        assert inspect_once(app, executable, tmp_path / "known") == {result: {"check_it": ["so"]}}
        ran.append((tmp_path / "appinspect.log").read_text("utf-8").count("run"))
    assert ran == runs
