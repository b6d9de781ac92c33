"""Splunk's own check of apps finds nothing that would keep this one out of Splunk Cloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from appinspect import Findings, find_appinspect, inspect

# Each of these warnings leaves the reader to judge; this is our judgement.
ACCEPTED_WARNINGS = {
    "check_for_python_script_existence": "reminds every app of Python 2; ours is for Python 3 only",
    "check_python_sdk_version": "SDK 3 does not run on Python 3.9, all that Splunk 9.4 to 10.1 have",
    "check_collections_conf": "says that the app has collections, and that nothing is to be done about it",
    "check_hostnames_and_ips": "takes a version number in a line of urllib3 for an IP address",
}


@pytest.fixture(scope="module")
def findings(spl: Path) -> Findings:
    executable = find_appinspect()
    if executable is None:
        pytest.skip("AppInspect is not here: run `python package/appinspect.py`, or name it in APPINSPECT")
    return inspect(spl, executable)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("result", ["error", "failure", "future_failure"])
def test_appinspect_refuses_nothing(result: str, findings: Findings) -> None:
    assert findings.get(result, {}) == {}


@pytest.mark.timeout(300)
def test_appinspect_warns_of_nothing_new(findings: Findings) -> None:
    warnings = findings.get("warning", {})
    assert {name: texts for name, texts in warnings.items() if name not in ACCEPTED_WARNINGS} == {}


@pytest.mark.timeout(300)
def test_appinspect_did_look_at_the_command(findings: Findings) -> None:
    assert len(findings["success"]) > 50
