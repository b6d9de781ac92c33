"""What `/api/v3/` refuses, and how failures of VirusTotal reach its clients."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from vt_connectors.adapters.http.callers import RIGHTS, Caller, Right
from vt_connectors.adapters.http.rights import ServerSettings
from vt_connectors.api_key import ApiKey
from vt_connectors.sandbox import Quota

from ...scripted_server import ScriptedServer, answer, hang_up, json_answer, own_error, reset
from ..serving import EVERYTHING, KEY, READER, KnownTokens, Serving, serving
from .clients import digest, key_digests

SHA256 = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
FILE = f"/api/v3/files/{SHA256}"
COMMENTS = f"{FILE}/comments"


def error(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


def raw_status(server: Serving, target: str, token: str = EVERYTHING) -> int:
    """The status for a target that is sent as it is."""
    host, _, port = server.url.rpartition("/")[2].partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        lines = (f"GET {target} HTTP/1.1", f"Host: {host}:{port}", f"x-apikey: {token}", "Connection: close")
        connection.sendall("\r\n".join((*lines, "", "")).encode())
        with connection.makefile("rb") as stream:
            return int(stream.readline().split()[1])


def test_a_wrong_token_is_virustotals_401_and_is_not_repeated(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        wrong, missing = server.call("GET", FILE, "vtc_wrong"), server.call("GET", FILE, None)
        assert server.sandbox.all_requests == []
    assert error(wrong) == error(missing) == (401, "WrongCredentialsError")
    assert "vtc_wrong" not in wrong.text


NEEDS: list[tuple[str, str, Right]] = [
    ("GET", "files/" + SHA256, "read"),
    ("GET", f"files/{SHA256}/comments", "read"),
    ("GET", f"files/{SHA256}/contacted_domains?limit=2", "read"),
    ("GET", "search?query=malicious.example", "read"),
    ("GET", "analyses/abc", "read"),
    ("GET", f"users/{EVERYTHING}/overall_quotas", "read"),
    ("GET", "users/somebody/overall_quotas", "raw"),
    ("GET", "users/somebody", "raw"),
    ("GET", "intelligence/search?query=p:5%2B", "raw"),
    ("GET", "collections/abc", "raw"),
    ("GET", "metadata", "raw"),
    ("GET", "ioc_stream", "raw"),
    ("GET", "private/analyses/abc", "raw"),
    ("POST", "private/urls", "submit"),
    ("GET", f"files/{SHA256}/download", "raw"),
    ("GET", "files/upload_url", "submit"),
    ("POST", "urls", "submit"),
    ("POST", f"files/{SHA256}/analyse", "submit"),
    ("POST", f"files/{SHA256}/comments", "comment"),
    ("POST", f"files/{SHA256}/votes", "comment"),
    ("DELETE", "comments/abc", "comment"),
    ("POST", "collections", "raw"),
    ("PATCH", "collections/abc", "raw"),
    ("DELETE", "collections/abc", "raw"),
]


@pytest.mark.parametrize(("method", "path", "right"), NEEDS)
def test_each_call_needs_its_right(tmp_path: Path, method: str, path: str, right: Right) -> None:
    others = set(RIGHTS) - {right}
    tokens = KnownTokens({EVERYTHING: Caller("lacking", frozenset(others))})
    with serving(tmp_path, tokens=tokens) as server:
        reply = server.call(method, f"/api/v3/{path}")
        assert error(reply) == (403, "ForbiddenError")
        assert right in reply.json()["error"]["message"]
        assert server.sandbox.all_requests == []


@pytest.mark.parametrize(
    "target",
    [
        "/api/v3/files/../urls",
        "/api/v3/files/%2e%2e/urls",
        "/api/v3/files/..%2furls",
        "/api/v3/files//comments",
        "/api/v3/files/a%0d%0ab",
        "/api/v3/files/a%00",
        "/api/v3/files/a%5cb",
        "/api/v3/files/%ff",
        "/api/v3/unknown/a",
        "/api/v3/",
        f"/api/v3/files/{EVERYTHING}",
        f"/api/v3/comments/a-{EVERYTHING}-b",
        f"{COMMENTS}?cursor={EVERYTHING}",
        f"{COMMENTS}?limit=1&limit=2",
        "/api/v3/files/" + "/".join("a" * 20),
    ],
)
def test_a_path_or_query_that_could_lead_elsewhere_is_not_passed_on(tmp_path: Path, target: str) -> None:
    with serving(tmp_path) as server:
        assert raw_status(server, target) in (400, 404)
        assert server.sandbox.all_requests == []


@pytest.mark.parametrize(
    "body",
    [
        {"data": json.dumps({"data": {"type": "comment", "attributes": {"text": f"see {EVERYTHING}"}}})},
        {"data": json.dumps({"a": EVERYTHING}).replace("vtc", "\\u0076tc")},
        {"data": "not json"},
        {"data": "[" * 100_000},
        {"data": "<a/>", "headers": {"Content-Type": "application/xml"}},
    ],
)
def test_a_body_with_the_token_or_in_another_form_is_not_passed_on(tmp_path: Path, body: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/json", **body.get("headers", {})}
    with serving(tmp_path) as server:
        reply = server.call("POST", COMMENTS, data=body["data"], headers=headers)
        assert reply.status_code in (400, 415)
        assert reply.json()["error"]["code"] == "BadRequestError"
        assert server.sandbox.all_requests == []


def test_internal_urls_are_not_submitted(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for path, data in (("urls", {"url": "http://10.0.0.1/a"}), ("ip_addresses/10.0.0.1/comments", {})):
            reply = server.call("POST", f"/api/v3/{path}", data=data)
            assert error(reply) == (404, "NotFoundError")
            assert reply.headers["X-Vtaction-Reason"] == "private_address"
        assert server.sandbox.all_requests == []


def test_downloads_are_not_passed_on(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for path in (f"files/{SHA256}/download", f"files/{SHA256}/download_url", "feeds/files/202601010000"):
            assert error(server.call("GET", f"/api/v3/{path}")) == (403, "ForbiddenError")
        assert server.sandbox.all_requests == []


# What VirusTotal does, and what a client of the server gets for a reading call.
READ_FAULTS = [
    (own_error(400), 400, "InvalidArgumentError"),
    (own_error(401), 503, "TransientError"),
    (own_error(403), 403, "ForbiddenError"),
    (own_error(404), 404, "NotFoundError"),
    (own_error(424), 424, "FailedDependencyError"),
    (own_error(429, {"Retry-After": "7"}), 429, "QuotaExceededError"),
    (own_error(503), 503, "TransientError"),
    (answer(502, b"<html>"), 503, "TransientError"),
    (answer(200, b"<html>"), 502, "TransientError"),
    (answer(404, b"<html>"), 502, "TransientError"),
    (json_answer(200, {"data": {"type": "file", "id": "0" * 64, "attributes": {}}}), 502, "TransientError"),
    (reset(), 503, "TransientError"),
    (hang_up(), 503, "TransientError"),
]


@pytest.mark.parametrize(("step", "status", "code"), READ_FAULTS)
def test_a_fault_of_virustotal_is_the_clients_error(tmp_path: Path, step: Any, status: int, code: str) -> None:
    with ScriptedServer() as upstream, serving(tmp_path, VT_API_URL=upstream.url) as server:
        upstream.script(step)
        reply = server.call("GET", FILE)
        again = server.call("GET", FILE)
    assert error(reply) == (status, code)
    assert KEY not in reply.text
    if status == 429:
        assert 6 <= int(reply.headers["Retry-After"]) <= 7
        assert (again.status_code, int(again.headers["Retry-After"]) <= 7) == (429, True)


def test_no_answer_in_time_is_504(tmp_path: Path) -> None:
    from ...scripted_server import stall

    with ScriptedServer() as upstream, serving(tmp_path, VT_API_URL=upstream.url, VT_TIMEOUT="0.2") as server:
        upstream.script(stall())
        assert error(server.call("GET", FILE)) == (504, "DeadlineExceededError")


@pytest.mark.parametrize(
    ("step", "status", "code"),
    [
        (reset(), 504, "DeadlineExceededError"),
        (answer(502, b"<html>"), 504, "DeadlineExceededError"),
        (answer(200, b"<html>"), 504, "DeadlineExceededError"),
        (answer(413, b"<html>"), 413, "BadRequestError"),
        (own_error(409), 409, "AlreadyExistsError"),
        (own_error(404), 404, "NotFoundError"),
        (own_error(401), 503, "TransientError"),
        (own_error(503), 503, "TransientError"),
    ],
)
def test_a_write_is_sent_once_whatever_happens(tmp_path: Path, step: Any, status: int, code: str) -> None:
    with ScriptedServer() as upstream, serving(tmp_path, VT_API_URL=upstream.url) as server:
        upstream.script(step)
        reply = server.call("POST", COMMENTS, json={"data": {"type": "comment", "attributes": {"text": "a"}}})
        assert len(upstream.received) == 1
    assert error(reply) == (status, code)


def test_an_echo_of_the_servers_key_reaches_no_client(tmp_path: Path) -> None:
    echo = {"error": {"code": "ForbiddenError", "message": f"the key {KEY} may not"}}
    with ScriptedServer() as upstream, serving(tmp_path, VT_API_URL=upstream.url) as server:
        upstream.script(json_answer(403, echo), json_answer(200, {"data": [{"type": "x", "id": KEY}]}))
        refused, found = server.call("GET", FILE), server.call("GET", COMMENTS)
    assert refused.status_code == 403
    assert KEY not in refused.text + found.text


def test_without_quota_a_client_waits_as_long_as_it_says_and_gets_429_with_the_time_when_to_return(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, quota="1/minute") as server:
        assert server.call("GET", FILE).status_code == 200
        reply = server.call("GET", "/api/v3/domains/malicious.example", READER, {"Prefer": "wait=0"})
        assert error(reply) == (429, "QuotaExceededError")
        assert 0 < int(reply.headers["Retry-After"]) <= 61
        assert server.call("GET", FILE).headers["X-Vtaction-Source"] == "cache"


def test_without_quota_the_advice_is_in_the_words_of_the_api(tmp_path: Path) -> None:
    with serving(tmp_path, quota="1/minute") as server:
        server.call("GET", "/api/v3/domains/example.com")
        reply = server.call("GET", "/api/v3/domains/example.org", headers={"Prefer": "wait=0"})
    assert error(reply) == (429, "QuotaExceededError")
    assert reply.json()["error"]["message"].endswith("let it wait for longer with Prefer: wait=SECONDS")


def test_virustotals_own_quota_is_429_too(tmp_path: Path) -> None:
    with serving(tmp_path, sandbox_quota=Quota(windows=((1, 60.0),), per_day=None, per_month=None)) as server:
        assert server.call("GET", FILE).status_code == 200
        reply = server.call("GET", "/api/v3/domains/malicious.example", READER, {"Prefer": "wait=0"})
    assert error(reply) == (429, "QuotaExceededError")
    assert int(reply.headers["Retry-After"]) > 0


def test_a_caller_with_its_own_key_is_served_with_it_alone(tmp_path: Path) -> None:
    rights = frozenset(RIGHTS)
    wrong, good = (Caller(name, rights, api_key=ApiKey(f"{name}-key-of-a-client")) for name in ("wrong", "good"))
    tokens = KnownTokens({"wrong": wrong, "good": good})
    with serving(tmp_path, tokens=tokens, server_settings=ServerSettings(accepts_keys=True)) as server:
        for path in (FILE, COMMENTS, "/api/v3/files/upload_url"):
            assert error(server.call("GET", path, "wrong")) == (401, "WrongCredentialsError")
            assert server.call("GET", path, "good").status_code == 200
        assert error(server.call("POST", COMMENTS, "wrong", json={"data": {}})) == (401, "WrongCredentialsError")
        assert server.call("GET", COMMENTS, "good").headers["X-Vtaction-Source"] == "cache"
        assert digest(KEY) not in key_digests(server)


def test_a_path_that_is_not_passed_on_names_the_action_that_reads_it(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        reply = server.call("GET", "/api/v3/unknown/a")
        assert error(reply) == (404, "NotFoundError")
        assert "vt_get" in reply.json()["error"]["message"]
        assert server.sandbox.all_requests == []


@pytest.mark.parametrize(
    "path",
    ["threat_lists", "threat_lists/ransomware/latest", "ioc_stream_notifications/1", "hunting_notifications", "me"],
)
def test_further_documented_paths_are_passed_on_with_the_right_raw(tmp_path: Path, path: str) -> None:
    with serving(tmp_path) as server:
        assert server.call("GET", f"/api/v3/{path}", READER).status_code == 403
        assert server.sandbox.all_requests == []
        server.call("GET", f"/api/v3/{path}", EVERYTHING)
        assert [request.path for request in server.sandbox.all_requests] == [f"/api/v3/{path}"]


def test_the_account_is_not_changed_under_its_other_name(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert server.call("PATCH", "/api/v3/me", json={"data": {}}).status_code == 403
        assert server.sandbox.all_requests == []
