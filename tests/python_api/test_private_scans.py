"""Private scans and the reports on them: what the sandbox answers to the key that made them, and to others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.fake_clock import FakeClock
from tests.python_api.conftest import Connect
from tests.python_api.fake_core import FakeCore, document
from vt_connectors import Analysis, Forbidden, InvalidIndicator, InvalidRequest, PrivateReport, VirusTotal
from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer

CONTENT = b"invoice_2291.pdf.exe"
SHA256 = sha256(CONTENT).hexdigest()
URL = "http://malicious.example/payload.bin"
OTHER_KEY = "private-another-key"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime.now(timezone.utc).timestamp())


@pytest.fixture
def server(clock: FakeClock) -> Iterator[SandboxServer]:
    """A sandbox whose scans end when `clock` is advanced."""
    with SandboxServer(Quota.unlimited(), clock.now, config=SandboxConfig()) as server:
        yield server


@pytest.fixture
def private(at_sandbox: Connect, server: SandboxServer) -> VirusTotal:
    return at_sandbox(api_key="private-key", api_url=server.url)


def sent_in_public(server: SandboxServer) -> list[str]:
    return [call.path for call in server.all_requests if not call.path.startswith("/api/v3/private/")]


def test_a_pending_answer_says_that_it_is_private_and_how_to_go_on(
    private: VirusTotal, server: SandboxServer, clock: FakeClock
) -> None:
    scan = private.scan_file(CONTENT, "invoice.exe", private=True, retention_days=2, region="EU", command_line="/q")
    assert (scan.status, scan.private, scan.indicator, scan.expires) == ("pending", True, SHA256, None)
    assert scan.analysis_id is not None
    assert "private: true" in scan.summary
    clock.advance(30)
    done = private.get_analysis(scan.analysis_id, private=scan.private, cache="refresh")
    assert (done.status, done.private, done.analysis_status) == ("ok", True, "completed")
    assert (done.verdict, done.threat_severity, done.link) == ("malicious", "low", None)
    assert done.expires is not None
    assert timedelta(days=1) < done.expires - datetime.now(timezone.utc) < timedelta(days=3)
    assert sent_in_public(server) == []
    assert private.get_analysis(scan.analysis_id).status == "not_found", "it is no public scan"


def test_the_report_is_read_by_the_key_that_made_the_scan_only(
    private: VirusTotal, at_sandbox: Connect, server: SandboxServer, clock: FakeClock
) -> None:
    private.scan_file(CONTENT, "invoice.exe", private=True, retention_days=2)
    clock.advance(30)
    report = private.lookup_private_file(SHA256)
    assert (report.status, report.type, report.indicator, report.sha256) == ("ok", "hash", SHA256, SHA256)
    assert (report.verdict, report.threat_severity, report.size) == ("malicious", "low", len(CONTENT))
    assert report.expires is not None
    assert report.expires.tzinfo is timezone.utc
    assert private.lookup_private_file(SHA256).source == "cache"
    other = at_sandbox(api_key=OTHER_KEY, api_url=server.url)
    hidden = other.lookup_private_file(SHA256)
    assert (hidden.status, hidden.reason, hidden.verdict) == ("not_found", "no_private_report", "unknown")
    assert (hidden.expires, hidden.size, hidden.names) == (None, None, ())
    assert sent_in_public(server) == []


def test_a_private_url_has_its_own_report(private: VirusTotal, server: SandboxServer, clock: FakeClock) -> None:
    scan = private.scan_url(URL, private=True, retention_days=1)
    assert (scan.status, scan.private, scan.type, scan.indicator) == ("pending", True, "url", URL)
    clock.advance(30)
    report = private.lookup_private_url(URL, include=("raw",))
    assert (report.status, report.type, report.url) == ("ok", "url", URL)
    assert report.raw is not None
    internal = private.lookup_private_url("http://10.0.0.1/")
    assert (internal.status, internal.reason) == ("skipped", "private_address")
    assert sent_in_public(server) == []


def test_private_without_a_value_is_refused_for_any_action(private: VirusTotal, server: SandboxServer) -> None:
    with pytest.raises(TypeError, match="private is True or False"):
        private.run("scan_url", url="http://secret.example/", private=None)
    assert server.requests == []


def test_a_public_scan_says_that_it_is_public(private: VirusTotal) -> None:
    scan = private.scan_file(CONTENT)
    assert (scan.private, scan.threat_severity, scan.expires) == (False, None, None)
    assert "private" not in scan.summary


@pytest.mark.parametrize(
    "call",
    [
        lambda vt: vt.scan_file(CONTENT, private=True),
        lambda vt: vt.scan_url(URL, private=True),
        lambda vt: vt.get_analysis("an-id", private=True),
        lambda vt: vt.lookup_private_file(SHA256),
        lambda vt: vt.lookup_private_url(URL),
    ],
)
def test_without_the_licence_it_is_forbidden_and_nothing_is_sent_in_public(
    at_sandbox: Connect, server: SandboxServer, call: Callable[[VirusTotal], object]
) -> None:
    with pytest.raises(Forbidden, match="Private Scanning") as refused:
        call(at_sandbox(api_url=server.url))
    assert refused.value.details["licence"] == "private"
    assert sent_in_public(server) == []


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda vt: vt.scan_file(CONTENT, retention_days=2), InvalidRequest, "private: true"),
        (lambda vt: vt.scan_url(URL, region="EU"), InvalidRequest, "private: true"),
        (lambda vt: vt.scan_file(CONTENT, private=None), TypeError, "True or False"),
        (lambda vt: vt.get_analysis("an-id", private="no"), TypeError, "True or False"),
        (lambda vt: vt.scan_url(URL, private=True, locale="x"), TypeError, "unknown option 'locale'"),
        (lambda vt: vt.scan_file(CONTENT, privat=True), TypeError, "unknown option 'privat'"),
        (lambda vt: vt.scan_file(CONTENT, private=True, retention_days=29), InvalidRequest, "retention_days"),
        (lambda vt: vt.lookup_private_file("ab" * 16), InvalidIndicator, "SHA-256"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_sent(
    private: VirusTotal,
    server: SandboxServer,
    call: Callable[[VirusTotal], object],
    error: type[Exception],
    said: str,
) -> None:
    with pytest.raises(error, match=said):
        call(private)
    assert server.all_requests == []


def test_every_option_has_the_contracts_name(vt_of: VirusTotal, core: FakeCore, tmp_path: Path) -> None:
    core.respond = lambda _: document("pending", {"type": "hash", "indicator": SHA256, "private": True})
    options: Any = {
        "password": "p",
        "command_line": "/q",
        "disable_sandbox": False,
        "enable_internet": True,
        "intercept_tls": True,
        "interaction_sandbox": "s",
        "interaction_timeout_s": 60,
        "retention_days": 3,
        "region": "US",
        "locale": "l",
    }
    vt_of.scan_file(tmp_path, private=True, max_wait_s=7, **options)
    [request] = core.requests
    assert request.params == {"path": str(tmp_path), "private": True, **options}
    assert request.options.max_wait_s == 7


def test_a_scan_that_failed_has_its_reason() -> None:
    data = {"private": True, "analysis_id": "i", "analysis_status": "corrupted file", "verdict": "unknown"}
    analysis = Analysis.from_dict(document(data={**data, "reason": "corrupted_file"}))
    assert (analysis.analysis_status, analysis.reason, analysis.private) == ("corrupted file", "corrupted_file", True)


def test_every_field_of_a_private_report_is_read() -> None:
    texts = {name: name for name in ("label", "file_type", "url", "final_url", "title")}
    data = {
        **texts,
        "type": "hash",
        "indicator": SHA256,
        "private": True,
        "verdict": "malicious",
        "threat_severity": "high",
        "names": ["a"],
        "tags": ["b"],
        "categories": ["c"],
        "size": 3,
        "expires": "2026-01-04T03:04:05Z",
        "hashes": {"md5": "1" * 32, "sha1": "2" * 40, "sha256": SHA256},
        "gti": {"verdict": "malicious", "severity": "high", "score": 90},
        "context": {"extension": "exe"},
    }
    report = PrivateReport.from_dict(document(data=data))
    assert {name: getattr(report, name) for name in texts} == texts
    assert (report.names, report.tags, report.categories) == (("a",), ("b",), ("c",))
    assert (report.md5, report.sha1, report.sha256, report.size) == ("1" * 32, "2" * 40, SHA256, 3)
    assert report.expires == datetime(2026, 1, 4, 3, 4, 5, tzinfo=timezone.utc)
    assert report.gti is not None
    assert (report.gti.score, report.context) == (90, {"extension": "exe"})
    assert hash(report) == hash(PrivateReport.from_dict(document(data=data)))
