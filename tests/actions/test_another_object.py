"""An answer about another object is rejected and not cached: on both versions, for every kind."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.responses import error_of
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse

from .several import Played, Several, file_object, said, several_of

CONTENT = b"hello world\n"
HASHES = {name: hashlib.new(name, CONTENT).hexdigest() for name in ("md5", "sha1", "sha256")}
OTHERS = {name: hashlib.new(name, b"another").hexdigest() for name in ("md5", "sha1", "sha256")}
URL, OTHER_URL = "http://a.example/x", "http://b.example/x"
DATE, EPOCH = "2026-01-02 03:04:05", 1_767_323_045


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def vt_object(kind: str, found: str, **attributes: Any) -> dict[str, Any]:
    stats = {"malicious": 60, "undetected": 3}
    return {"data": {"type": kind, "id": found, "attributes": {"last_analysis_stats": stats, **attributes}}}


def file_report(hashes: dict[str, str], resource: str) -> dict[str, Any]:
    counts = {"positives": 60, "total": 63, "scan_date": DATE, "scan_id": f"{hashes['sha256']}-{EPOCH}"}
    return {"response_code": 1, "resource": resource, **hashes, **counts}


def url_report(url: str, resource: str) -> dict[str, Any]:
    counts = {"positives": 60, "total": 63, "scan_date": DATE, "scan_id": f"{sha(url)}-{EPOCH}"}
    return {"response_code": 1, "resource": resource, "url": url, **counts}


def analysis(analysis_id: str, **meta: Any) -> dict[str, Any]:
    attributes = {"status": "completed", "date": EPOCH, "stats": {"malicious": 60, "undetected": 3}}
    return {"data": {"type": "analysis", "id": analysis_id, "attributes": attributes}, "meta": meta}


def analysis_id(md5: str) -> str:
    return base64.b64encode(f"{md5}:{EPOCH}".encode()).decode()


def rows(kind: str, found: str, **attributes: Any) -> dict[str, Any]:
    return {"data": [{"type": kind, "id": found, "attributes": attributes}]}


MD5, SHA1, SHA256 = HASHES["md5"], HASHES["sha1"], HASHES["sha256"]
URL_ANALYSIS = f"u-{sha(URL)}-{EPOCH}"
COMMENT_ID, OTHER_COMMENT_ID = f"f-{SHA256}-0123abcd", f"f-{OTHERS['sha256']}-0123abcd"
# Version, action, parameters, the answer about it, and answers about something else.
Case = tuple[str, str, dict[str, Any], Any, list[Any]]
READS: list[Case] = [
    *(
        (
            "3",
            "lookup_hash",
            {"hash": value},
            vt_object("file", SHA256, **HASHES),
            [vt_object("file", OTHERS["sha256"], **OTHERS), vt_object("url", SHA256), vt_object("domain", value)],
        )
        for value in HASHES.values()
    ),
    (
        "3",
        "lookup_url",
        {"url": URL},
        vt_object("url", sha(URL), url=URL),
        [
            vt_object("url", sha(OTHER_URL), url=OTHER_URL),
            vt_object("url", sha(OTHER_URL)),
            vt_object("file", sha(URL)),
        ],
    ),
    (
        "3",
        "lookup_domain",
        {"domain": "a.example"},
        vt_object("domain", "A.example."),
        [vt_object("domain", "b.example"), vt_object("domain", "www.a.example"), vt_object("ip_address", "a.example")],
    ),
    (
        "3",
        "lookup_ip",
        {"ip": "2606:4700::1111"},
        vt_object("ip_address", "2606:4700:0:0:0:0:0:1111"),
        [
            vt_object("ip_address", "2606:4700::1001"),
            vt_object("ip_address", "8.8.8.8"),
            vt_object("domain", "2606:4700::1111"),
        ],
    ),
    (
        "3",
        "get_analysis",
        {"analysis_id": URL_ANALYSIS},
        analysis(URL_ANALYSIS, url_info={"id": sha(URL), "url": URL}),
        [
            analysis(f"u-{sha(OTHER_URL)}-{EPOCH}", url_info={"id": sha(OTHER_URL), "url": OTHER_URL}),
            analysis(URL_ANALYSIS, url_info={"id": sha(OTHER_URL), "url": OTHER_URL}),
        ],
    ),
    (
        "3",
        "get_analysis",
        {"analysis_id": analysis_id(MD5)},
        analysis(analysis_id(MD5), file_info=HASHES),
        [analysis(analysis_id(OTHERS["md5"]), file_info=OTHERS), analysis(analysis_id(MD5), file_info=OTHERS)],
    ),
    (
        "3",
        "get_comments",
        {"indicator": SHA256},
        rows("comment", COMMENT_ID, text="seen"),
        [rows("comment", OTHER_COMMENT_ID, text="seen"), rows("vote", COMMENT_ID)],
    ),
    (
        "3",
        "passive_dns",
        {"domain": "a.example"},
        rows("resolution", "1.1.1.1www.a.example", host_name="www.a.example", ip_address="1.1.1.1"),
        [
            rows("resolution", "1.1.1.1b.example", host_name="b.example", ip_address="1.1.1.1"),
            rows("domain", "a.example"),
        ],
    ),
    (
        "3",
        "passive_dns",
        {"ip": "1.1.1.1"},
        rows("resolution", "1.1.1.1a.example", host_name="a.example", ip_address="1.1.1.1"),
        [rows("resolution", "1.1.1.2a.example", host_name="a.example", ip_address="1.1.1.2")],
    ),
    *(
        (
            "2",
            "lookup_hash",
            {"hash": value},
            file_report(HASHES, value),
            [
                file_report(OTHERS, OTHERS["md5"]),
                file_report(OTHERS, value),
                {"response_code": 0, "resource": OTHERS[name]},
            ],
        )
        for name, value in HASHES.items()
    ),
    (
        "2",
        "lookup_url",
        {"url": URL},
        url_report(URL, URL),
        [url_report(OTHER_URL, OTHER_URL), url_report(OTHER_URL, URL), {"response_code": 0, "resource": OTHER_URL}],
    ),
    (
        "2",
        "get_analysis",
        {"analysis_id": f"f-{SHA256}-{EPOCH}"},
        file_report(HASHES, f"{SHA256}-{EPOCH}"),
        [file_report(OTHERS, f"{SHA256}-{EPOCH}")],
    ),
    (
        "2",
        "get_comments",
        {"indicator": SHA256},
        {"response_code": 1, "resource": SHA256, "comments": []},
        [{"response_code": 1, "resource": OTHERS["sha256"], "comments": []}],
    ),
]
ENCODED = base64.b64encode(CONTENT).decode()
WRITES: list[Case] = [
    (
        "3",
        "scan_url",
        {"url": URL},
        {"data": {"type": "analysis", "id": URL_ANALYSIS}},
        [{"data": {"type": "analysis", "id": f"u-{sha(OTHER_URL)}-{EPOCH}"}}],
    ),
    (
        "3",
        "scan_file",
        {"content_base64": ENCODED},
        {"data": {"type": "analysis", "id": analysis_id(MD5)}},
        [{"data": {"type": "analysis", "id": analysis_id(OTHERS["md5"])}}],
    ),
    (
        "3",
        "rescan_file",
        {"hash": MD5},
        {"data": {"type": "analysis", "id": analysis_id(MD5)}},
        [{"data": {"type": "analysis", "id": analysis_id(OTHERS["md5"])}}],
    ),
    (
        "3",
        "add_comment",
        {"indicator": SHA256, "comment": "seen"},
        {"data": {"type": "comment", "id": COMMENT_ID, "attributes": {"text": "seen"}}},
        [{"data": {"type": "comment", "id": OTHER_COMMENT_ID, "attributes": {"text": "seen"}}}],
    ),
    ("2", "scan_url", {"url": URL}, url_report(URL, URL), [url_report(OTHER_URL, URL)]),
    ("2", "scan_file", {"content_base64": ENCODED}, file_report(HASHES, SHA256), [file_report(OTHERS, SHA256)]),
    ("2", "rescan_file", {"hash": MD5}, file_report(HASHES, MD5), [file_report(OTHERS, MD5)]),
]


def name_of(case: Case) -> str:
    return f"v{case[0]}-{case[1]}-{'-'.join(case[2])}"


class Corrected(Played):
    """Says one thing after the other; the last one goes on."""

    def __init__(self, *documents: Any) -> None:
        self._left = list(documents)
        super().__init__(self._next)

    def _next(self, _: HttpRequest) -> HttpResponse:
        return said(self._left.pop(0) if len(self._left) > 1 else self._left[0])


@pytest.fixture
def memory() -> Several:
    return Several("memory")


@pytest.mark.parametrize("case", READS, ids=name_of)
def test_an_answer_about_something_else_is_refused_and_not_kept(memory: Several, case: Case) -> None:
    version, action, params, right, wrongs = case
    for wrong in wrongs:
        core = memory.core(Corrected(wrong, right), VT_API_VERSION=version)
        request = {"action": action, "params": params, "options": {"include": ["raw"]}}
        refused = core.answer(request)
        assert refused["error"] is not None, (wrong, refused["summary"])
        assert (refused["error"]["code"], refused["error"]["retryable"]) == ("invalid_response", True)
        assert core.context.cache.stats()["entries"] == 0
        answer = core.answer(request)
        assert (answer["status"], answer["meta"]["source"]) == ("ok", "api"), answer["summary"]


@pytest.mark.parametrize("case", WRITES, ids=name_of)
def test_an_answer_to_a_write_about_something_else_leaves_its_outcome_unknown(memory: Several, case: Case) -> None:
    version, action, params, right, wrongs = case
    for wrong in wrongs:
        virustotal = Corrected(wrong, right)
        core = memory.core(virustotal, VT_API_VERSION=version)
        request = {"action": action, "params": params}
        refused = core.answer(request)
        assert refused["error"] is not None, refused["summary"]
        assert refused["error"]["code"] == "outcome_unknown"
        assert len(virustotal.asked) == 1, "it is not repeated"
        assert core.answer(request)["status"] in ("ok", "pending")


@pytest.mark.parametrize("kind", ["file", "redis", "kvstore"])
def test_no_other_process_has_it_either(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    several = several_of(kind, tmp_path, request.getfixturevalue)
    lookup = {"action": "lookup_hash", "params": {"hash": SHA256}}
    wrong = several.core(Corrected({"data": file_object(OTHERS["sha256"])}))
    assert error_of(wrong.answer(lookup))["code"] == "invalid_response"
    assert several.core(Corrected({"data": file_object(SHA256)})).answer(lookup)["meta"]["source"] == "api"


def test_a_scan_that_is_followed_takes_no_other_files_verdict(memory: Several) -> None:
    def say(request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            return said({"data": {"type": "analysis", "id": "1571524923"}})
        return said(analysis("1571524923", file_info=OTHERS))

    core = memory.core(Played(say))
    scan = {"action": "scan_file", "params": {"content_base64": ENCODED, "wait_s": 0.2}}
    assert core.answer(scan)["status"] == "pending"


def test_one_bad_value_of_a_v2_request_spoils_no_other(memory: Several) -> None:
    def say(request: HttpRequest) -> HttpResponse:
        body = (request.body or b"").decode()
        if "%2C" in body or OTHERS["sha256"] in body:
            return HttpResponse(400, {}, b"")
        return said(file_report(HASHES, SHA256))

    from concurrent.futures import ThreadPoolExecutor

    core = memory.core(Played(say), VT_API_VERSION="2")
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(
            lambda value: core.answer({"action": "lookup_hash", "params": {"hash": value}}),
            (OTHERS["sha256"], SHA256),
        )
        assert [answer["error"] and answer["error"]["code"] for answer in found] == ["invalid_indicator", None]
