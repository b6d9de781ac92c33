"""Each of the app's programs works when it is started, on each of Splunk's Pythons; in other tests most are forked."""

from __future__ import annotations

from typing import Any

import pytest

from vt_connectors.sandbox import SandboxServer

from .alerting import Alert
from .endpoint_harness import ANALYST, call, lookup_of
from .fake_splunkd import EVERYTHING, SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup, normal

VALUE = f"value={EICAR_MD5}"
COMMANDS = {
    "vtreport": [VALUE],
    "vtquota": [],
    "vtcache": ["stats=true"],
    "vtdrain": [],
    "vtcomment": [VALUE, "comment=x"],
    "vtrelated": [VALUE, "relationship=contacted_urls"],
    "vtbehaviour": [f"hash={EICAR_MD5}", "parts=summary"],
    "vtsearch": [f"query={EICAR_MD5}"],
    "vtstream": ["limit=1"],
}
ROWS = {"vtrelated": 3, "vtbehaviour": 8}


@pytest.fixture
def started(keyless: Lookup, python: str, splunkd: FakeSplunkd) -> Lookup:
    """The search command of a user with all rights for it."""
    splunkd.settings = {**splunkd.settings, "comments_allowed": "true", "verdict_indexes": "threat", "quota": "9/day"}
    splunkd.users[SESSION] = EVERYTHING
    splunkd.password = "premium-key-of-the-tests"
    return keyless.started_on(python)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_that_begins_a_search(name: str, started: Lookup, splunkd: FakeSplunkd) -> None:
    there: dict[str, Any] = {"session_key": SESSION, "splunkd_uri": splunkd.url}
    result = started.command(name)([], *COMMANDS[name], **there)
    assert [text for level, text in result.messages if level != "INFO"] == []
    assert (result.complete, result.exit_code, result.stderr) == (True, 0, "")
    assert len(result.records) == ROWS.get(name, 1)


def test_the_command_for_events(started: Lookup, splunkd: FakeSplunkd) -> None:
    result = normal(started([[{"x": EICAR_MD5}]], "hash=x", session_key=SESSION, splunkd_uri=splunkd.url))
    assert [row["vt_status"] for row in result.records] == ["ok"]


def test_both_alert_actions(started: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer) -> None:
    rows = [{"md5": EICAR_MD5}]
    assert Alert("vt_alert_lookup", started, splunkd)(rows, fields="md5").status == 0
    assert len(splunkd.indexed) == 1
    assert Alert("vt_alert_comment", started, splunkd)(rows, indicator=EICAR_MD5, comment="seen").status == 0
    assert [request.method for request in sandbox.requests] == ["GET", "POST"]


def test_the_endpoint(started: Lookup, splunkd: FakeSplunkd) -> None:
    assert splunkd.endpoints is not None
    splunkd.endpoints.python, splunkd.endpoints.are_forked = started.python, False
    splunkd.users[SESSION] = ANALYST
    status, answer = call(splunkd, lookup_of(EICAR_MD5))
    assert (status, [response["status"] for response in answer["responses"]]) == (200, ["ok"])
