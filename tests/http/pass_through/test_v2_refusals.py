"""Refusals by API v2: a status, and for quota and rights nothing else."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import requests

from tests.scripted_server import ScriptedServer, answer, json_answer, reset
from vt_connectors.adapters.http.callers import RIGHTS, Caller
from vt_connectors.adapters.http.messages import Refused
from vt_connectors.sandbox import Fault, SandboxConfig
from vt_connectors.sandbox.accounts import key_digest

from ..serving import EVERYTHING, KEY, READER, KnownTokens, serving
from .v2_calls import EICAR_MD5, document, get, get_with, post, upload, upstream

NOBODY = "vtc_nobody"
TOKENS = KnownTokens({NOBODY: Caller("nobody", frozenset()), READER: Caller("reader", longest_wait_s=0.0)})


def test_a_missing_or_wrong_token_is_an_empty_403(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for reply in (
            server.call("GET", "/vtapi/v2/file/report", None, params={"resource": EICAR_MD5}),
            get(server, "file/report", "wrong", resource=EICAR_MD5),
            get(server, "file/report", KEY, resource=EICAR_MD5),
            post(server, "file/report", "wrong", resource=EICAR_MD5),
            upload(server, b"content", "wrong"),
        ):
            assert (reply.status_code, reply.content) == (403, b"")
        assert upstream(server) == []


def test_a_token_in_a_header_will_do_too(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        reply = server.call("GET", "/vtapi/v2/file/report", READER, params={"resource": EICAR_MD5})
        assert document(reply)["response_code"] == 1


@pytest.mark.parametrize(
    ("method", "name", "values"),
    [
        ("GET", "file/report", {"resource": EICAR_MD5, "allinfo": "1"}),
        ("GET", "url/report", {"resource": "http://example.com/", "allinfo": "1"}),
        ("GET", "file/scan/upload_url", {}),
        ("GET", "file/behaviour", {"hash": EICAR_MD5}),
        ("GET", "file/download", {"hash": EICAR_MD5}),
        ("POST", "file/search", {"query": "type:peexe"}),
        ("GET", "users/get", {}),
        ("GET", "file%2Freport", {"resource": EICAR_MD5}),
        ("GET", "..%2f..%2fapi/v3/files", {}),
    ],
)
def test_what_needs_another_right_or_is_not_served_is_an_empty_403(
    tmp_path: Path, method: str, name: str, values: dict[str, str]
) -> None:
    with serving(tmp_path) as server:
        call = get if method == "GET" else post
        reply = call(server, name, READER, **values)
        assert reply.status_code in (403, 404)
        assert b"data" not in reply.content
        assert upstream(server) == []


def _reason(reply: requests.Response) -> tuple[int, bytes, str | None]:
    return reply.status_code, reply.content, reply.headers.get("X-Vtaction-Reason")


def test_each_empty_reply_has_its_reason_in_a_header(tmp_path: Path) -> None:
    tokens = KnownTokens(
        {
            READER: Caller("reader", longest_wait_s=0.0),
            EVERYTHING: Caller("everything", frozenset(RIGHTS), longest_wait_s=0.0),
        }
    )
    with serving(tmp_path, quota="3/hour", tokens=tokens) as server:
        # The sandbox's key is a public one, like most.
        assert _reason(post(server, "file/rescan", resource=EICAR_MD5)) == (403, b"", "forbidden")
        assert _reason(get(server, "comments/get", resource=EICAR_MD5)) == (403, b"", "forbidden")
        assert _reason(post(server, "file/rescan", READER, resource=EICAR_MD5)) == (403, b"", "right")
        assert _reason(get(server, "file/report", READER, resource=EICAR_MD5, allinfo="1")) == (403, b"", "right")
        assert _reason(get(server, "file/scan/upload_url", READER)) == (403, b"", "right")
        assert _reason(get(server, "file/behaviour", hash=EICAR_MD5)) == (403, b"", "not_served")
        assert _reason(get(server, "file/report", "wrong", resource=EICAR_MD5)) == (403, b"", "wrong_token")
        no_token = server.call("GET", "/vtapi/v2/file/report", None, params={"resource": EICAR_MD5})
        assert _reason(no_token) == (403, b"", "no_token")
        document(get(server, "domain/report", domain="example.com"))
        assert _reason(get(server, "domain/report", domain="example.org")) == (204, b"", "rate_limited")


def test_a_report_that_is_not_cached_has_that_reason(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        reply = get_with({"Cache-Control": "only-if-cached"}, server, "file/report", resource=EICAR_MD5)
        assert (reply.status_code, reply.headers["X-Vtaction-Reason"]) == (504, "not_cached")


def test_a_token_without_the_right_to_read_gets_an_empty_403(tmp_path: Path) -> None:
    with serving(tmp_path, tokens=TOKENS) as server:
        reply = get(server, "file/report", NOBODY, resource=EICAR_MD5)
        assert (reply.status_code, reply.content) == (403, b"")


def test_a_used_up_quota_is_an_empty_204_with_the_time_to_return_and_cached_reports_are_answered(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, quota="1/hour", tokens=TOKENS) as server:
        document(get(server, "file/report", READER, resource=EICAR_MD5))
        reply = get(server, "domain/report", READER, domain="example.com")
        assert (reply.status_code, reply.content) == (204, b"")
        assert 3500 <= int(reply.headers["Retry-After"]) <= 3600
        document(get(server, "file/report", READER, resource=EICAR_MD5))
        several = get(server, "file/report", READER, resource=f"{EICAR_MD5},{'1' * 32},{'2' * 32}")
        assert (several.status_code, several.content) == (204, b"")
        assert int(several.headers["Retry-After"]) > 0
        assert len(upstream(server)) == 1


def test_the_reports_of_a_list_that_came_before_the_quota_was_used_up_are_not_asked_for_again(tmp_path: Path) -> None:
    with serving(tmp_path, quota="2/hour", tokens=TOKENS) as server:
        assert get(server, "file/report", READER, resource=f"{EICAR_MD5},{'1' * 32},{'2' * 32}").status_code == 204
        spent = sum(request.cost for request in server.sandbox.requests)
        assert get(server, "file/report", READER, resource=f"{EICAR_MD5},{'1' * 32},{'2' * 32}").status_code == 204
        assert sum(request.cost for request in server.sandbox.requests) == spent == 2


def test_virustotals_own_204_is_one_for_the_client(tmp_path: Path) -> None:
    config = SandboxConfig(faults=(Fault("204", 1.0),))
    with serving(tmp_path, config=config, tokens=TOKENS) as server:
        reply = get(server, "file/report", READER, resource=EICAR_MD5)
        assert (reply.status_code, reply.content) == (204, b"")
        assert int(reply.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("fault", "status"),
    [("403", 503), ("500", 503), ("503", 503), ("html", 502), ("garbage", 502), ("reset", 503), ("302", 502)],
)
def test_faults_of_virustotal_have_the_status_that_tells_them_from_the_clients_own(
    tmp_path: Path, fault: str, status: int
) -> None:
    config = SandboxConfig(faults=(Fault(fault, 1.0),))
    with serving(tmp_path, config=config) as server:
        reply = get(server, "file/report", resource=EICAR_MD5)
        assert reply.status_code == status
        assert reply.json()["response_code"] == -1
        assert EVERYTHING not in reply.text
        assert KEY not in reply.text


def test_a_key_of_the_server_that_is_refused_is_not_told_as_a_wrong_token(tmp_path: Path) -> None:
    with serving(tmp_path, key="wrong-key-of-the-server") as server:
        reply = get(server, "file/report", resource=EICAR_MD5)
        assert reply.status_code == 503
        assert reply.json()["verbose_msg"] == "the server's VirusTotal key is not accepted"


def test_a_silent_virustotal_is_a_504(tmp_path: Path) -> None:
    config = SandboxConfig(faults=(Fault("slow", 1.0),), slow_s=30.0)
    with serving(tmp_path, config=config, VT_TIMEOUT="1") as server:
        assert get(server, "file/report", resource=EICAR_MD5).status_code == 504


def test_a_server_without_a_key_says_so_with_a_503(tmp_path: Path) -> None:
    with serving(tmp_path, key="") as server:
        reply = get(server, "file/report", resource=EICAR_MD5)
        assert reply.status_code == 503
        assert reply.json()["verbose_msg"] == "the server has no VirusTotal key, or a wrong setting"


def test_the_token_is_never_sent_to_virustotal(tmp_path: Path) -> None:
    report = {"response_code": 1, "verbose_msg": "Domain found in dataset", "categories": []}
    with ScriptedServer() as virustotal:
        virustotal.script(json_answer(200, report))
        with serving(tmp_path, VT_API_URL=virustotal.url) as server:
            get(server, "domain/report", domain="example.com")
            post(server, "domain/report", domain="example.org")
            get(server, "file/report", resource=EICAR_MD5, other=EVERYTHING.upper())
            upload(server, b"content")
            for name, values in (
                ("comments/put", {"resource": EICAR_MD5, "comment": f"my token is {EVERYTHING}"}),
                ("url/scan", {"url": f"http://example.com/?apikey={EVERYTHING}"}),
            ):
                assert post(server, name, **values).status_code == 400
        sent = [(each.target + repr(each.headers)).encode() + each.body for each in virustotal.received]
        assert len(sent) >= 4
        assert not any(EVERYTHING.encode() in each for each in sent)
        assert all(KEY.encode() in each for each in sent)


def test_virustotal_sees_the_key_of_the_server_only(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        get(server, "file/report", resource=EICAR_MD5)
        get(server, "url/report", resource="http://www.example.com/")
        assert {request.key for request in server.sandbox.requests} == {key_digest(KEY)}


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=x", "text/plain"])
def test_malformed_forms_are_refused(tmp_path: Path, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    with serving(tmp_path) as server:
        reply = server.call("POST", "/vtapi/v2/file/scan", None, headers, data=b"--x\r\nno form")
        assert reply.status_code in (400, 403)
        assert upstream(server) == []


def test_too_many_parameters_and_too_long_forms_are_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        many = "&".join(f"a{number}=1" for number in range(200))
        assert server.call("GET", f"/vtapi/v2/file/report?{many}", None).status_code == 400
        assert post(server, "comments/put", resource=EICAR_MD5, comment="x" * 300_000).status_code == 413
        assert post(server, "comments/put", resource=EICAR_MD5, comment="x" * 5_000).status_code == 400


def test_a_virustotal_that_breaks_connections_is_not_asked_again_for_a_write(tmp_path: Path) -> None:
    with ScriptedServer() as virustotal:
        virustotal.script(reset())
        with serving(tmp_path, VT_API_URL=virustotal.url) as server:
            assert post(server, "url/scan", url="http://example.com/").status_code == 504
        assert len(virustotal.received) == 1


def test_virustotals_413_is_one_for_the_client(tmp_path: Path) -> None:
    with ScriptedServer() as virustotal:
        virustotal.script(answer(413, b""))
        with serving(tmp_path, VT_API_URL=virustotal.url) as server:
            assert upload(server, b"content").status_code in (413, 504)


def test_a_list_that_is_cached_is_answered_while_all_places_are_taken_and_any_other_is_told_to_return(
    tmp_path: Path,
) -> None:
    cached, other = f"{EICAR_MD5},{'0' * 32}", f"{EICAR_MD5},{'1' * 32}"
    with serving(tmp_path) as server:
        document(get(server, "file/report", resource=cached))
        with contextlib.ExitStack() as places:
            with contextlib.suppress(Refused):
                while True:
                    places.enter_context(server.service.places.place())
            assert len(document(get(server, "file/report", resource=cached))) == 2
            busy = get(server, "file/report", resource=other)
            assert (busy.status_code, busy.content, busy.headers["Retry-After"]) == (204, b"", "1")


def test_two_different_tokens_in_one_call_are_refused(tmp_path: Path) -> None:
    """Which of them counts would depend on who reads it."""
    path = f"/vtapi/v2/file/report?resource={EICAR_MD5}"
    both = f"{path}&apikey={EVERYTHING}&apikey="
    fields = [("apikey", EVERYTHING), ("apikey", READER), ("resource", EICAR_MD5)]
    with serving(tmp_path) as server:
        assert server.call("GET", both + READER, None).status_code == 400
        assert server.call("POST", f"{path}&apikey={EVERYTHING}", None, data={"apikey": READER}).status_code == 400
        assert server.call("POST", "/vtapi/v2/file/report", None, data=fields).status_code == 400
        assert upstream(server) == []
        assert server.call("GET", both + EVERYTHING, None).status_code == 200
