"""The way that the page "From .spl to the first verdict" describes, walked from its first step to its last."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import page as page_of
from tests.package.conf_reader import read_conf
from vt_connectors.sandbox import SandboxServer
from vt_connectors.sandbox.accounts import key_digest

from .alerting import Alert, events, results_file
from .browser import Browser
from .fake_endpoints import FakeEndpoints
from .fake_splunk_web import FakeSplunkWeb
from .fake_splunkd import EVERYTHING, SESSION, FakeSplunkd
from .searching import Lookup, normal

OF_ANALYST, OF_STRANGER = "session-of-an-analyst", "session-of-somebody"
KEY = "the-key-that-the-admin-types"


@pytest.fixture
def installed(app: Path, home: Path) -> Path:
    """The app put where Splunk puts it."""
    return shutil.copytree(app, home / "etc/apps/vtlookup", copy_function=os.link)


@pytest.fixture
def splunkd(installed: Path, home: Path, any_python: str, sandbox: SandboxServer) -> Iterator[FakeSplunkd]:
    """Of a new installation: the shipped settings, no key, an admin, an analyst, and one without any role of ours."""
    shipped = read_conf(installed / "default/vtlookup.conf")["settings"]
    roles = read_conf(installed / "default/authorize.conf")
    analyst = frozenset(name for name, value in roles["role_vtlookup_user"].items() if value == "enabled")
    users = {SESSION: EVERYTHING, OF_ANALYST: analyst, OF_STRANGER: frozenset[str]()}
    endpoints = FakeEndpoints(installed, any_python, {"SPLUNK_HOME": str(home)})
    # The stand-in for VirusTotal is in its place, and the admin has named an index for verdicts.
    settings = {**shipped, "api_url": sandbox.url, "verdict_indexes": "main"}
    with FakeSplunkd(None, settings, users=users, endpoints=endpoints) as running:
        yield running


def test_from_the_file_to_the_first_verdict(
    installed: Path,
    home: Path,
    any_python: str,
    chromium: Browser,
    splunkd: FakeSplunkd,
    sandbox: SandboxServer,
) -> None:
    # Splunk sends an admin who opens the app to its setup page.
    ui = read_conf(installed / "default/app.conf")["ui"]
    with FakeSplunkWeb(installed, splunkd) as web:
        chromium.open(web.view(ui["setup_view"]))
        chromium.until("document.querySelector('#vtlookup-setup form')")
        chromium.write("#vtlookup-api_key", KEY)
        chromium.click("#vtlookup-save")
        chromium.until("document.getElementById('vtlookup-message').textContent.startsWith('Saved.')")
        chromium.click("#vtlookup-test")
        chromium.until("document.querySelectorAll('#vtlookup-findings li.vtlookup-good').length === 5")
        assert chromium.complaints() == []
    assert splunkd.password == KEY
    assert "apps/local/vtlookup" in splunkd.asked

    # The search of the page: makeresults gives one event with this field.
    [search] = [block.text for block in page_of("docs/splunk.md").of("spl") if "makeresults" in block.text]
    match = re.search(r'eval (\w+)="(\w+)" \| vtlookup (\S+)', search)
    assert match is not None
    field, value, option = match.groups()
    command = Lookup(installed, home, any_python, {})
    sources = []
    for session in (SESSION, OF_ANALYST):
        there: dict[str, Any] = {"session_key": session, "splunkd_uri": splunkd.url}
        [row] = normal(command([[{field: value}]], option, **there)).records
        assert (row["vt_verdict"], row[field]) == ("malicious", value)
        sources.append(row["vt_source"])
    assert sources == ["api", "cache"]
    assert {request.key for request in sandbox.requests} == {key_digest(KEY)}
    assert len(sandbox.requests) == 1

    # The analyst looks up new values through the endpoint; a user without our roles sees which role is needed.
    for session, status in ((OF_ANALYST, "ok"), (OF_STRANGER, "error")):
        there = {"session_key": session, "splunkd_uri": splunkd.url}
        [row] = command([[{"x": "8.8.8.8" if status == "ok" else "1.1.1.1"}]], "ip=x", **there).records
        assert row["vt_status"] == status
    assert "run_vtlookup" in str(row["vt_error"])

    # An alert writes its verdicts to the index that the admin named.
    alert = Alert("vt_alert_lookup", command, splunkd)
    ran = alert.on(results_file(alert.job / "results.csv.gz", [{field: value}]), OF_ANALYST, fields=field)
    assert (ran.status, ran.said) == (0, [])
    assert [event["vt_verdict"] for event in events(splunkd)] == ["malicious"]
