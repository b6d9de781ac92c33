"""Comments, scans and uploads by API v2: sent once each, with the rights that they need."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest
import requests

from vt_connectors.adapters.http.callers import RIGHTS, Caller
from vt_connectors.adapters.http.listening import Limits
from vt_connectors.sandbox import SandboxConfig

from ..serving import EVERYTHING, READER, KnownTokens, serving
from .v2_calls import EICAR_MD5, EICAR_SHA256, UNKNOWN_FILE, document, get, post, upload, upstream

PRIVATE = SandboxConfig(private_keys=True, completed_s=0.0, queued_s=0.0)
LARGE = Limits(body_bytes=64 * 1024 * 1024)
UNKNOWN_URL = "http://unknown1.example.com/"
IMPATIENT = "vtc_impatient"
TOKENS = KnownTokens({IMPATIENT: Caller("impatient", frozenset(RIGHTS), longest_wait_s=0.0)})
POSTED = {"response_code": 1, "verbose_msg": "Your comment was successfully posted"}


def test_a_comment_is_posted_once_and_read_again(tmp_path: Path) -> None:
    with serving(tmp_path, config=PRIVATE) as server:
        said = {"resource": EICAR_SHA256, "comment": "Seen in a phishing mail #eicar & more"}
        assert document(post(server, "comments/put", **said)) == POSTED
        found = document(get(server, "comments/get", resource=EICAR_SHA256))
        assert (found["response_code"], found["resource"]) == (1, EICAR_SHA256)
        assert found["comments"][0]["comment"] == said["comment"]
        assert len(found["comments"][0]["date"]) == 14
        duplicate = document(post(server, "comments/put", **said))
        assert duplicate == {"response_code": 0, "verbose_msg": "Duplicate comment"}
        assert upstream(server).count("/vtapi/v2/comments/put") == 2


def test_comments_before_a_date_are_the_older_ones(tmp_path: Path) -> None:
    with serving(tmp_path, config=PRIVATE) as server:
        found = document(get(server, "comments/get", resource=EICAR_SHA256))["comments"]
        dates = [each["date"] for each in found]
        older = document(get(server, "comments/get", resource=EICAR_SHA256, before=dates[0]))["comments"]
        assert older == [each for each in found if each["date"] < dates[0]]
        assert len(upstream(server)) == 1


def test_comments_on_what_is_unknown_or_invalid_are_told_as_virustotal_tells_them(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for resource, why in (("0" * 32, "Could not find resource"), ("nothing", "Invalid resource")):
            found = document(post(server, "comments/put", resource=resource, comment="words"))
            assert found == {"response_code": 0, "verbose_msg": why}


def test_comments_of_internal_values_stay_here(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        reply = post(server, "comments/put", resource="http://10.0.0.1/", comment="words")
        assert document(reply)["response_code"] == 0
        assert reply.headers["X-Vtaction-Reason"] == "private_address"
        assert upstream(server) == []


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("comments/put", {"resource": EICAR_MD5, "comment": "words"}),
        ("url/scan", {"url": "http://example.com/"}),
        ("file/rescan", {"resource": EICAR_MD5}),
        ("url/report", {"resource": UNKNOWN_URL, "scan": "1"}),
    ],
)
def test_a_token_without_the_right_changes_nothing(tmp_path: Path, name: str, values: dict[str, str]) -> None:
    reader = KnownTokens({READER: Caller("reader", frozenset())})
    with serving(tmp_path, config=PRIVATE, tokens=reader) as server:
        reply = post(server, name, READER, **values)
        assert (reply.status_code, reply.content) == (403, b"")
        assert upstream(server) == []


def test_writes_need_a_post(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for name in ("comments/put", "url/scan", "file/rescan", "file/scan"):
            assert get(server, name, resource=EICAR_MD5, url="http://example.com/", comment="x").status_code == 405
        assert upstream(server) == []


def test_a_url_is_submitted_once_and_its_scan_can_be_followed(tmp_path: Path) -> None:
    with serving(tmp_path, config=SandboxConfig(queued_s=3600, completed_s=7200)) as server:
        scan = document(post(server, "url/scan", url="http://WWW.example.com"))
        assert (scan["response_code"], scan["resource"]) == (1, "http://WWW.example.com")
        assert scan["url"] == "http://www.example.com/"
        assert scan["scan_id"].startswith(hashlib.sha256(b"http://www.example.com/").hexdigest())
        assert scan["scan_date"][4] == "-"
        queued = document(get(server, "url/report", resource=scan["scan_id"]))
        assert (queued["response_code"], queued["scan_id"]) == (-2, scan["scan_id"])
        assert upstream(server) == ["/vtapi/v2/url/scan", "/vtapi/v2/url/report"]


def test_a_finished_scan_is_reported_by_its_id(tmp_path: Path) -> None:
    with serving(tmp_path, config=PRIVATE) as server:
        scan = document(post(server, "url/scan", url="http://www.example.com/"))
        report = document(get(server, "url/report", resource=scan["scan_id"]))
        assert (report["response_code"], report["resource"]) == (1, scan["scan_id"])
        assert report["positives"] >= 0


def test_several_urls_are_submitted_together_and_an_invalid_one_does_not_hide_the_others(tmp_path: Path) -> None:
    urls = ["http://one.example.com/", "http://", "http://10.0.0.1/", "http://two.example.com/"]
    with serving(tmp_path) as server:
        found = document(post(server, "url/scan", url="\n".join(urls)))
        assert [each["response_code"] for each in found] == [1, -1, 0, 1]
        assert [each["resource"] for each in found] == urls
        assert len(upstream(server)) == 2


def test_of_several_writes_those_that_found_no_quota_are_told_so_that_nothing_is_sent_twice(tmp_path: Path) -> None:
    urls = "http://one.example.com/\nhttp://two.example.com/"
    with serving(tmp_path, quota="1/hour", tokens=TOKENS) as server:
        found = document(post(server, "url/scan", IMPATIENT, url=urls))
        assert sorted(each["response_code"] for each in found) == [-1, 1]
        again = post(server, "url/scan", IMPATIENT, url=urls)
        assert (again.status_code, again.content) == (204, b"")
        assert len(upstream(server)) == 1


def test_scan_1_submits_an_unknown_url_once_and_a_known_one_never(tmp_path: Path) -> None:
    with serving(tmp_path, config=SandboxConfig(queued_s=3600, completed_s=7200)) as server:
        known = document(get(server, "url/report", resource="http://www.example.com/", scan="1"))
        assert "positives" in known
        plain = document(get(server, "url/report", resource=UNKNOWN_URL, scan="0"))
        assert plain["response_code"] == 0
        for _ in range(2):
            queued = document(get(server, "url/report", resource=UNKNOWN_URL, scan="1"))
            assert (queued["response_code"], queued["resource"]) == (1, UNKNOWN_URL)
            assert queued["scan_id"]
            assert "positives" not in queued
        assert len(upstream(server)) == 3


def test_files_are_rescanned(tmp_path: Path) -> None:
    with serving(tmp_path, config=PRIVATE) as server:
        one = document(post(server, "file/rescan", resource=EICAR_MD5))
        assert (one["response_code"], one["resource"], one["sha256"]) == (1, EICAR_MD5, EICAR_SHA256)
        several = document(post(server, "file/rescan", resource=f"{EICAR_MD5},{'0' * 32},x"))
        assert [each["response_code"] for each in several] == [1, 0, -1]


def test_a_call_that_only_private_keys_may_make_is_an_empty_403(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        reply = post(server, "file/rescan", resource=EICAR_MD5)
        assert (reply.status_code, reply.content) == (403, b"")


@pytest.mark.parametrize("size", [1, 700_000, 5_000_000])
def test_a_file_is_uploaded_as_it_is_and_its_scan_can_be_followed(tmp_path: Path, size: int) -> None:
    content = (b"\r\n--x\r\n\0" * (size // 8 + 1))[:size]
    with serving(tmp_path, config=PRIVATE, limits=LARGE) as server:
        scan = document(upload(server, content))
        hashes = {name: hashlib.new(name, content).hexdigest() for name in ("md5", "sha1", "sha256")}
        assert {name: scan[name] for name in hashes} == hashes
        assert scan["resource"] == hashes["sha256"]
        assert scan["scan_id"].startswith(hashes["sha256"] + "-")
        assert document(get(server, "file/report", resource=scan["scan_id"]))["sha256"] == hashes["sha256"]
        assert document(get(server, "file/report", resource=hashes["md5"]))["response_code"] == 1


def test_a_report_is_asked_for_again_after_an_upload(tmp_path: Path) -> None:
    content = b"a file that nobody has seen"
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    with serving(tmp_path, config=PRIVATE) as server:
        before = document(get(server, "file/report", resource=md5))
        if before["response_code"] == 0:
            assert before["verbose_msg"] == UNKNOWN_FILE
        document(upload(server, content))
        assert document(get(server, "file/report", resource=md5))["md5"] == md5


def test_a_file_without_content_or_in_no_form_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert upload(server, b"").status_code == 400
        assert post(server, "file/scan", file="content").status_code == 400
        assert upstream(server) == []


def test_an_upload_needs_the_right_to_submit(tmp_path: Path) -> None:
    reader = KnownTokens({READER: Caller("reader", frozenset())})
    with serving(tmp_path, tokens=reader) as server:
        assert upload(server, b"content", READER).status_code == 403
        assert get(server, "file/scan/upload_url", READER).status_code == 403
        assert upstream(server) == []


def test_an_upload_address_is_the_servers_own_and_takes_one_file_without_a_token(tmp_path: Path) -> None:
    with serving(tmp_path, config=PRIVATE) as server:
        address = document(get(server, "file/scan/upload_url"))["upload_url"]
        assert address.startswith(f"{server.url}/vtapi/v2/file/scan/upload/")
        assert EVERYTHING not in address
        assert upstream(server) == []
        first = requests.post(address, files={"file": ("x", b"content")}, timeout=60)
        assert document(first)["sha256"] == hashlib.sha256(b"content").hexdigest()
        second = requests.post(address, files={"file": ("x", b"content")}, timeout=60)
        assert (second.status_code, second.content) == (403, b"")
        assert upstream(server) == ["/vtapi/v2/file/scan"]


def test_an_upload_address_takes_a_large_file(tmp_path: Path) -> None:
    content = b"\0" * 40_000_000
    with serving(tmp_path, config=PRIVATE, limits=LARGE) as server:
        address = document(get(server, "file/scan/upload_url"))["upload_url"]
        scan = document(requests.post(address, files={"file": ("x", content)}, timeout=120))
        assert scan["sha256"] == hashlib.sha256(content).hexdigest()


def test_one_address_takes_one_of_many_files_that_come_at_once(tmp_path: Path) -> None:
    statuses: list[int] = []
    with serving(tmp_path, config=PRIVATE) as server:
        address = document(get(server, "file/scan/upload_url"))["upload_url"]

        def send(number: int) -> None:
            statuses.append(requests.post(address, files={"file": ("x", b"%d" % number)}, timeout=60).status_code)

        threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [200] + [403] * 7
        assert len(upstream(server)) == 1


def test_a_file_above_32_mb_goes_to_an_address_of_virustotals(tmp_path: Path) -> None:
    content = b"\0" * 33_000_000
    with serving(tmp_path, config=PRIVATE, limits=LARGE) as server:
        scan = document(upload(server, content))
        assert scan["sha256"] == hashlib.sha256(content).hexdigest()
        assert upstream(server)[0] == "/vtapi/v2/file/scan/upload_url"
        assert upstream(server)[1].startswith("/vtapi/v2/file/scan/upload/")


def test_an_upload_in_chunks_is_taken(tmp_path: Path) -> None:
    body = requests.Request(
        "POST", "http://x/", data={"apikey": EVERYTHING}, files={"file": ("x", b"content")}
    ).prepare()
    assert isinstance(body.body, bytes)
    pieces = iter([body.body[:50], body.body[50:]])
    with serving(tmp_path, config=PRIVATE) as server:
        headers = {"Content-Type": str(body.headers["Content-Type"])}
        reply = server.call("POST", "/vtapi/v2/file/scan", None, headers, data=pieces)
        assert document(reply)["sha256"] == hashlib.sha256(b"content").hexdigest()
