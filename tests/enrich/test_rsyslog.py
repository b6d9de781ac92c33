"""`vtaction enrich` inside a real rsyslogd."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.enrich.events import WAITING, md5
from tests.enrich.rsyslog_process import RsyslogProcess
from tests.vtaction_process import EICAR, RunnerProcess
from vt_connectors.sandbox import SandboxServer

pytestmark = pytest.mark.once
_ENVIRONMENT = ("VT_API_URL", "VT_API_KEY", "VT_STATE", "VT_QUOTA", "PYTHONPATH")


@pytest.fixture
def rsyslog(run: RunnerProcess, tmp_path: Path) -> Iterator[RsyslogProcess]:
    settings = {name: run.environment[name] for name in _ENVIRONMENT}
    process = RsyslogProcess(tmp_path, settings, "--field", "md5", "--only", "verdict,detections", *WAITING)
    yield process
    process.stop()


def test_each_message_gets_its_properties_and_none_is_lost(rsyslog: RsyslogProcess, sandbox: SandboxServer) -> None:
    messages = [json.dumps({"n": number, "md5": EICAR if number % 2 else md5(1)}) for number in range(1000)]
    rsyslog.send(messages)
    written = rsyslog.written(1000)
    assert [message["n"] for message in written] == list(range(1000))
    assert {(message["n"] % 2, message["vt_status"], message["vt_verdict"]) for message in written} == {
        (1, "ok", "malicious"),
        (0, "ok", "undetected"),
    }
    assert len(sandbox.requests) == 2


def test_messages_without_a_value_and_without_json_stay_as_they_are(rsyslog: RsyslogProcess) -> None:
    rsyslog.send(['{"other": "x"}', "plain text", json.dumps({"md5": EICAR, "text": 'ä "quoted" \\ \u2028'})])
    first, second, third = rsyslog.written(3)
    assert (first, second) == ({"other": "x"}, {"msg": "plain text"})
    assert (third["text"], third["vt_verdict"]) == ('ä "quoted" \\ \u2028', "malicious")
