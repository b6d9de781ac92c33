"""One value, one typed answer."""

from __future__ import annotations

import dataclasses
import json
import pickle
from datetime import datetime, timezone
from typing import Any

import pytest

from tests.python_api.conftest import Connect
from tests.python_api.fake_core import FakeCore, document
from tests.vtaction_process import EICAR
from vt_connectors import (
    ConnectorError,
    Engine,
    InvalidIndicator,
    InvalidRequest,
    RateLimited,
    Report,
    Stats,
    VirusTotal,
)
from vt_connectors.contract.response import Response
from vt_connectors.contract.validation import violation
from vt_connectors.errors import BY_CODE
from vt_connectors.sandbox import SandboxServer


def test_a_hash_is_looked_up_in_a_line(vt: VirusTotal) -> None:
    assert vt.lookup_hash(EICAR).verdict == "malicious"


def test_a_files_report_has_typed_fields(vt: VirusTotal) -> None:
    report = vt.lookup_hash(EICAR.upper())
    assert (report.status, report.source, report.requests) == ("ok", "api", 1)
    assert (report.type, report.indicator, report.md5) == ("hash", EICAR, EICAR)
    assert report.stats == Stats(malicious=62, suspicious=0, harmless=0, undetected=6, total=68)
    assert report.label == "virus.eicar/test"
    assert "eicar.com" in report.names
    assert report.last_analysis is not None
    assert report.last_analysis.tzinfo is timezone.utc
    assert report.fetched_at is not None
    assert abs((datetime.now(timezone.utc) - report.fetched_at).total_seconds()) < 60
    assert report.country is None
    assert report.registrar is None
    assert (report.raw, report.engines) == (None, {})


@pytest.mark.parametrize(
    ("method", "value", "kind"),
    [
        ("lookup_url", "hxxps://example[.]com/login?next=%2F", "url"),
        ("lookup_domain", "example[.]com", "domain"),
        ("lookup_ip", "8.8.8.8", "ip"),
        ("lookup", "8.8.8.8", "ip"),
        ("lookup", "https://example.com/login?next=%2F", "url"),
        ("lookup", "example.com", "domain"),
        ("lookup", EICAR, "hash"),
    ],
)
def test_each_kind_is_looked_up(vt: VirusTotal, method: str, value: str, kind: str) -> None:
    report = getattr(vt, method)(value)
    assert (report.status, report.type) == ("ok", kind)
    assert getattr(vt, method)(value).source == "cache"


def test_an_unknown_indicator_is_an_answer(vt: VirusTotal) -> None:
    report = vt.lookup_hash("0" * 32)
    assert (report.status, report.verdict, report.stats) == ("not_found", "unknown", None)


def test_a_private_address_is_skipped_and_the_reason_told(vt: VirusTotal, sandbox: SandboxServer) -> None:
    report = vt.lookup_ip("10.0.0.1")
    assert (report.status, report.reason, report.source) == ("skipped", "private_address", None)
    assert sandbox.requests == []


def test_the_whole_response_is_there_and_is_the_callers_own(vt: VirusTotal) -> None:
    report = vt.lookup_hash(EICAR, include=("raw",))
    response = report.to_dict()
    assert violation("response.json", json.loads(json.dumps(response))) is None
    assert Report.from_dict(response) == report
    response["data"]["raw"].clear()
    assert report.raw is not None
    assert report.raw["type"] == "file"
    report.raw.clear()
    again = vt.lookup_hash(EICAR, include=("raw",))
    assert again.source == "cache"
    assert again.raw, "what a caller does to its copy is not done to the cache"


def test_a_report_is_frozen_hashed_and_pickled(vt: VirusTotal) -> None:
    report = vt.lookup_hash(EICAR, include=("engines", "raw"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.verdict = "undetected"  # type: ignore[misc]
    assert {report: 1}[pickle.loads(pickle.dumps(report))] == 1


def test_engines_come_when_they_are_asked_for(vt: VirusTotal) -> None:
    report = vt.lookup_hash(EICAR, include=["engines"])
    assert report.stats is not None
    assert sum(engine.category == "malicious" for engine in report.engines.values()) == report.stats.malicious
    assert all(isinstance(engine, Engine) for engine in report.engines.values())


def test_options_go_through(vt: VirusTotal, sandbox: SandboxServer) -> None:
    assert vt.lookup_hash(EICAR, cache="only").reason == "not_cached"
    assert vt.lookup_hash(EICAR, thresholds={"malicious": 1000}).verdict == "suspicious"
    assert vt.lookup_hash(EICAR).source == "cache"
    assert vt.lookup_hash(EICAR, cache="refresh", max_age_s=5, max_wait_s=0).source == "api"
    assert len(sandbox.requests) == 2


def test_an_option_that_is_none_is_as_good_as_not_given(vt_of: VirusTotal, core: FakeCore) -> None:
    vt_of.lookup("example.com")
    vt_of.lookup("example.com", cache=None, max_age_s=None, max_wait_s=None, include=None, thresholds=None)
    assert core.requests[0].options == core.requests[1].options


@pytest.mark.parametrize(
    "options",
    [{"cache": "sometimes"}, {"max_wait_s": -1}, {"include": "raw"}, {"include": ["all"]}, {"thresholds": {"bad": 1}}],
)
def test_a_value_that_no_option_has_is_an_invalid_request(vt: VirusTotal, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        vt.lookup_hash(EICAR, **options)
    assert refused.value.details["path"].startswith("/options/")


def test_an_option_that_does_not_exist_is_a_type_error_that_names_those_that_do(vt: VirusTotal) -> None:
    with pytest.raises(TypeError, match=r"max_age.*cache, ignored_engines, include, max_age_s, max_wait_s, thresholds"):
        vt.lookup_hash(EICAR, max_age=5)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="include"):
        vt.quota(include=["raw"])  # type: ignore[call-arg]


def test_a_value_that_is_none_of_its_kind_is_an_invalid_indicator(vt: VirusTotal, sandbox: SandboxServer) -> None:
    for look_up in (vt.lookup, vt.lookup_hash, vt.lookup_ip, vt.lookup_url, vt.lookup_domain):
        with pytest.raises(InvalidIndicator):
            look_up("not an indicator")
    with pytest.raises(InvalidRequest):
        vt.lookup_hash(None)  # type: ignore[arg-type]
    assert sandbox.requests == []


@pytest.mark.parametrize("code", sorted(BY_CODE))
def test_every_error_of_the_contract_is_raised_as_its_class(vt_of: VirusTotal, core: FakeCore, code: str) -> None:
    def fail(_: object) -> Response:
        raise BY_CODE[code]("no", retry_after=1.5, details={"a": 1})

    core.respond = fail
    with pytest.raises(BY_CODE[code]) as caught:
        vt_of.lookup_hash(EICAR)
    error = caught.value
    assert isinstance(error, ConnectorError)
    assert (error.code, error.retry_after, error.details, str(error)) == (code, 1.5, {"a": 1}, "no")
    assert error.retryable is BY_CODE[code].retryable


def test_out_of_quota_says_when_to_come_back(at_sandbox: Connect) -> None:
    vt = at_sandbox(quota="1/minute")
    vt.lookup_ip("8.8.8.8")
    with pytest.raises(RateLimited) as caught:
        vt.lookup_ip("1.1.1.1", max_wait_s=0)
    assert caught.value.retryable
    assert 0 < (caught.value.retry_after or 0) < 61
    assert caught.value.details == {"source": "local", "window": "minute", "queued": True}


def test_a_url_that_is_sent_for_a_scan_is_pending(vt_of: VirusTotal, core: FakeCore) -> None:
    data = {"type": "url", "indicator": "http://a.example/", "analysis_id": "u-1", "analysis_status": "queued"}
    core.respond = lambda _: document("pending", data, poll_after_s=15.0)
    report = vt_of.lookup_url("a.example/", scan_if_missing=True)
    assert core.requests[0].params == {"url": "a.example/", "scan_if_missing": True}
    assert (report.status, report.verdict, report.analysis_id) == ("pending", "unknown", "u-1")
    assert (report.analysis_status, report.poll_after_s) == ("queued", 15.0)


def test_a_comment_is_posted_and_the_quota_shown(at_sandbox: Connect, sandbox: SandboxServer) -> None:
    vt = at_sandbox(quota="4/minute,500/day")
    posted = vt.add_comment(EICAR, "Seen in our mail #eicar", type="hash")
    assert (posted.status, posted.text, posted.type) == ("ok", "Seen in our mail #eicar", "hash")
    assert posted.comment_id
    unknown = vt.add_comment("0" * 32, "who is this")
    assert (unknown.status, unknown.comment_id, unknown.text) == ("not_found", None, None)
    quota = vt.quota(usage_days=1)
    assert (quota.windows["minute"].used, quota.windows["minute"].limit) == (2, 4)
    assert quota.windows["day"].resets_in_s > 0
    assert quota.account["api_requests_daily"].used == 2
    assert quota.blocked_for_s is None
    assert quota.requests == 0
    assert quota.usage is not None
    assert (quota.usage.requests, quota.usage.days[0].endpoints) == (2, quota.usage.endpoints)
    assert {use.endpoint: use.requests for use in quota.usage.endpoints if use.requests} == {
        "file_comments": 2,
    }
    assert vt.quota().usage is None


def test_a_pause_that_virustotal_asked_for_is_told(vt_of: VirusTotal, core: FakeCore) -> None:
    core.respond = lambda _: document(data={"windows": {"blocked": {"resets_in_s": 31.5}}, "account": {}})
    quota = vt_of.quota()
    assert (quota.blocked_for_s, quota.windows) == (31.5, {})


def test_what_was_removed_from_a_url_is_told(vt: VirusTotal) -> None:
    report = vt.lookup("https://bob:hunter2@malicious.example/payload.bin")
    assert (report.indicator, report.removed) == ("https://malicious.example/payload.bin", ("user", "password"))
    assert "hunter2" not in repr(report)
    assert vt.lookup("malicious.example").removed == ()
