"""Splunk's own check of apps finds nothing that would keep this one out of Splunk Cloud."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from package.spl.appinspect import Findings, find_appinspect, inspect

# Each of these leaves the reader to judge; this page has our judgement.
PAGE = (Path(__file__).resolve().parents[2] / "docs/splunk-admin.md").read_text("utf-8")
ACCEPTED_WARNINGS = re.findall(r"^\| `(check_\w+)` \| \w.+ \|$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def findings(spl: Path) -> Findings:
    executable = find_appinspect()
    if executable is None:
        pytest.skip("AppInspect is not here: run `python -m package.spl.appinspect`, or name it in APPINSPECT")
    return inspect(spl, executable)


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
