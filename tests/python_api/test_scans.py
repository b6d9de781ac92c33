"""Scans, resolutions and comments: what is asked of the core, and what is read from its answer."""

from __future__ import annotations

import base64
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.python_api.fake_core import FakeCore, document
from tests.vtaction_process import EICAR
from vt_connectors import Comment, InvalidIndicator, Resolution, Stats, VirusTotal

STATS = {"malicious": 3, "suspicious": 0, "harmless": 0, "undetected": 60, "total": 63}
DONE = {
    "type": "hash",
    "indicator": "ab" * 32,
    "id": "ab" * 32,
    "analysis_id": "f-1",
    "verdict": "malicious",
    "analysis_status": "completed",
    "stats": STATS,
    "link": "https://www.virustotal.com/gui/file/x",
}
QUEUED = {"type": "url", "indicator": "http://a.example/", "analysis_id": "u-1", "analysis_status": "queued"}

CALLS: dict[str, tuple[Callable[[VirusTotal], object], str, dict[str, Any]]] = {
    "path": (lambda vt: vt.scan_file("a/b.exe"), "scan_file", {"path": "a/b.exe"}),
    "pathlib": (lambda vt: vt.scan_file(Path("a.exe"), wait_s=5), "scan_file", {"path": "a.exe", "wait_s": 5}),
    "bytes": (
        lambda vt: vt.scan_file(b"\x00MZ", "b.exe"),
        "scan_file",
        {"content_base64": base64.b64encode(b"\x00MZ").decode(), "filename": "b.exe"},
    ),
    "rescan": (lambda vt: vt.rescan_file("ab" * 32), "rescan_file", {"hash": "ab" * 32}),
    "url": (lambda vt: vt.scan_url("a.example", wait_s=60), "scan_url", {"url": "a.example", "wait_s": 60}),
    "analysis": (lambda vt: vt.get_analysis("u-1"), "get_analysis", {"analysis_id": "u-1"}),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_scan_is_asked_for_by_the_contracts_names(vt_of: VirusTotal, core: FakeCore, call: str) -> None:
    ask, action, params = CALLS[call]
    core.respond = lambda _: document(data=DONE)
    ask(vt_of)
    (request,) = core.requests
    assert (request.action, request.params) == (action, params)


def test_a_scan_that_is_done_has_its_verdict(vt_of: VirusTotal, core: FakeCore) -> None:
    core.respond = lambda _: document(data=DONE)
    analysis = vt_of.get_analysis("f-1", thresholds={"malicious": 2}, max_wait_s=1)
    assert (analysis.status, analysis.analysis_status, analysis.verdict) == ("ok", "completed", "malicious")
    assert analysis.stats == Stats(**STATS)
    assert (analysis.type, analysis.id, analysis.poll_after_s) == ("hash", "ab" * 32, None)
    assert (analysis.raw, analysis.engines, analysis.last_analysis) == (None, {}, None)
    assert core.requests[0].options.thresholds == {"malicious": 2}


def test_a_scan_that_goes_on_says_when_to_ask_again(vt_of: VirusTotal, core: FakeCore) -> None:
    core.respond = lambda _: document("pending", QUEUED, poll_after_s=15.0)
    analysis = vt_of.scan_url("a.example")
    assert (analysis.status, analysis.analysis_id, analysis.poll_after_s) == ("pending", "u-1", 15.0)
    assert (analysis.verdict, analysis.stats) == ("unknown", None)


def test_an_analysis_nobody_knows_is_an_answer(vt_of: VirusTotal, core: FakeCore) -> None:
    core.respond = lambda _: document("not_found")
    assert vt_of.get_analysis("u-2").status == "not_found"


def test_progress_is_handed_to_the_core_and_only_where_it_is_wanted(vt_of: VirusTotal, core: FakeCore) -> None:
    core.respond = lambda _: document(data=DONE)
    seen: list[tuple[int, int]] = []

    def progress(sent: int, total: int) -> None:
        seen.append((sent, total))

    vt_of.scan_file(b"x", progress=progress)
    assert core.observer is not None
    core.observer.bytes_sent(1, 2)
    assert seen == [(1, 2)]
    vt_of.scan_file(b"x")
    assert core.observer is None


@pytest.mark.parametrize(("value", "param"), [("a.example", "domain"), ("192.0.2.1", "ip"), ("2001:db8::1", "ip")])
def test_resolutions_are_asked_for_by_kind(vt_of: VirusTotal, core: FakeCore, value: str, param: str) -> None:
    date = "2026-01-02T03:04:05Z"
    row = {"host": "a.example", "ip": "192.0.2.1", "date": date, "resolver": "VirusTotal"}
    data = {"type": param, "indicator": value, "resolutions": [row, {"host": "b.example"}], "more": True}
    core.respond = lambda _: document(data=data)
    found = vt_of.passive_dns(value, limit=2)
    assert core.requests[0].params == {param: value, "limit": 2}
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    assert found.resolutions == (
        Resolution("a.example", "192.0.2.1", at, "VirusTotal"),
        Resolution("b.example", None, None, None),
    )
    assert found.more


def test_resolutions_of_what_is_nothing_are_not_asked_for(vt_of: VirusTotal, core: FakeCore) -> None:
    with pytest.raises(InvalidIndicator):
        vt_of.passive_dns("not an indicator")
    assert core.requests == []


def test_comments_come_as_they_are(vt_of: VirusTotal, core: FakeCore) -> None:
    comment = {"id": "f-1", "text": "bad #emotet", "date": "2026-01-02T03:04:05Z", "tags": ["emotet"]}
    core.respond = lambda _: document(
        data={"type": "hash", "indicator": "ab" * 32, "comments": [comment, {"text": "v2", "tags": []}]}
    )
    found = vt_of.get_comments("ab" * 32, limit=1, type="hash")
    assert core.requests[0].params == {"indicator": "ab" * 32, "limit": 1, "type": "hash"}
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    assert found.comments == (Comment("f-1", "bad #emotet", at, ("emotet",)), Comment(None, "v2", None, ()))
    assert not found.more


def test_what_was_skipped_has_no_rows(vt_of: VirusTotal, core: FakeCore) -> None:
    core.respond = lambda _: document("skipped", {"type": "ip", "indicator": "10.0.0.1", "reason": "private_address"})
    assert vt_of.passive_dns("10.0.0.1").resolutions == ()
    assert vt_of.get_comments("10.0.0.1").comments == ()


def test_the_real_core_answers_them_all(vt: VirusTotal, tmp_path: Path) -> None:
    sent: list[tuple[int, int]] = []
    file = tmp_path / "note.txt"
    file.write_bytes(b"a note")
    scan = vt.scan_file(file, progress=lambda done, total: sent.append((done, total)))
    assert (scan.status, scan.type, scan.analysis_status, scan.verdict) == ("pending", "hash", "queued", "unknown")
    assert scan.analysis_id
    assert scan.poll_after_s
    assert sent
    assert sent[-1][0] == sent[-1][1]
    assert vt.get_analysis(scan.analysis_id).analysis_id == scan.analysis_id
    assert vt.scan_file(b"a note", "note.txt").indicator == scan.indicator
    assert vt.scan_url("https://example.com/login?next=%2F").type == "url"
    assert vt.rescan_file(EICAR).status == "pending"
    assert vt.lookup_url("https://never-seen.example/", scan_if_missing=True).analysis_id
    assert vt.passive_dns("example.com", limit=1).resolutions[0].ip
    assert vt.get_comments(EICAR, limit=1).comments[0].text
