"""The endpoint speaks the action contract with the server's key, and takes no more than it should."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from vt_connectors.contract.validation import violation
from vt_connectors.sandbox import SandboxServer
from vt_connectors.sandbox.accounts import key_digest

from .endpoint_harness import ANALYST, ENDPOINT, KEY, PASSWORD, batch, call, codes, lookup_of
from .fake_splunkd import SESSION, FakeSplunkd
from .searching import EICAR_MD5, md5

COMMENT = {"action": "add_comment", "params": {"indicator": EICAR_MD5, "comment": "seen here"}}
SCAN = {"action": "scan_url", "params": {"url": "http://new.example/"}}
SCAN_IF_MISSING = {"action": "lookup_url", "params": {"url": "http://new.example/", "scan_if_missing": True}}
SEND = {"action": "scan_file", "params": {"content_base64": base64.b64encode(b"x").decode(), "filename": "x"}}
RESCAN = {"action": "rescan_file", "params": {"hash": EICAR_MD5}}
QUOTA = {"action": "quota", "params": {}}


def nested(levels: int) -> Any:
    document: Any = 0
    for _ in range(levels):
        document = [document]
    return document


def test_each_request_of_a_batch_has_its_response_in_order(splunkd: FakeSplunkd, sandbox: SandboxServer) -> None:
    documents = [lookup_of(EICAR_MD5, id="a"), 7, lookup_of("0" * 32, id=2), lookup_of("no hash"), {"action": "x"}]
    status, answer = call(splunkd, batch(documents))
    assert status == 200
    assert codes(answer) == ["ok", "invalid_request", "not_found", "invalid_indicator", "invalid_request"]
    assert [response["id"] for response in answer["responses"]] == ["a", None, 2, None, None]
    assert [violation("response.json", response) for response in answer["responses"]] == [None] * 5
    assert {request.key for request in sandbox.requests} == {key_digest(KEY)}


def test_one_request_may_come_by_itself(splunkd: FakeSplunkd) -> None:
    assert codes(call(splunkd, lookup_of(EICAR_MD5))[1]) == ["ok"]
    assert codes(call(splunkd, QUOTA)[1]) == ["ok"]


def test_many_calls_share_a_core_and_look_for_the_key_once(splunkd: FakeSplunkd, sandbox: SandboxServer) -> None:
    for _ in range(3):
        assert codes(call(splunkd, batch([lookup_of(EICAR_MD5)]))[1]) == ["ok"]
    assert splunkd.asked.count(PASSWORD) == 1
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("", 400, "invalid_request"),
        ("{", 400, "invalid_request"),
        ("[]", 400, "invalid_request"),
        ('{"action": "lookup_hash", "params": {"hash": NaN}}', 400, "invalid_request"),
        ("[" * 100_000, 400, "invalid_request"),
        (batch([]), 400, "invalid_request"),
        ({"requests": {}}, 400, "invalid_request"),
        ({"requests": [lookup_of(EICAR_MD5)], "auth": {}}, 400, "invalid_request"),
        (batch([nested(40)]), 400, "invalid_request"),
        (batch(lookup_of(md5(number)) for number in range(101)), 413, "too_large"),
        (lookup_of("x" * 1_100_000), 413, "too_large"),
        (lookup_of("ä" * 200_000), 413, "too_large"),
    ],
)
def test_what_is_no_batch_or_too_much_is_refused_as_a_whole(
    splunkd: FakeSplunkd, sandbox: SandboxServer, body: Any, status: int, code: str
) -> None:
    got, answer = call(splunkd, body)
    assert (got, codes(answer)) == (status, [code])
    assert sandbox.all_requests == []


def test_a_request_brings_no_key_of_its_own(splunkd: FakeSplunkd, sandbox: SandboxServer) -> None:
    documents = [lookup_of(EICAR_MD5, auth=auth) for auth in ({"api_key": "somebody-elses"}, {}, None)]
    answer = call(splunkd, batch(documents))[1]
    assert codes(answer) == ["invalid_request"] * 3
    assert "somebody-elses" not in repr(answer)
    assert sandbox.all_requests == []


@pytest.mark.parametrize("document", [COMMENT, SCAN, SCAN_IF_MISSING, SEND, RESCAN])
def test_what_others_see_needs_a_capability_of_its_own(
    splunkd: FakeSplunkd, sandbox: SandboxServer, document: dict[str, Any]
) -> None:
    splunkd.settings = {**splunkd.settings, "comments_allowed": "true"}
    answer = call(splunkd, batch([document, lookup_of(EICAR_MD5)]))[1]
    assert codes(answer) == ["forbidden", "ok"]
    assert "run_vtlookup_write" in answer["responses"][0]["error"]["message"]
    assert len(sandbox.requests) == 1
    splunkd.users[SESSION] = ANALYST | {"run_vtlookup_write"}
    assert set(codes(call(splunkd, document)[1])) <= {"ok", "pending"}


def test_no_file_of_the_server_is_sent_whatever_one_may_do(splunkd: FakeSplunkd, sandbox: SandboxServer) -> None:
    splunkd.users[SESSION] = ANALYST | {"run_vtlookup_write"}
    answer = call(splunkd, {"action": "scan_file", "params": {"path": "/etc/hostname"}})[1]
    assert codes(answer) == ["forbidden"]
    assert sandbox.all_requests == []


def test_a_caller_whose_rights_cannot_be_read_writes_nothing(splunkd: FakeSplunkd, sandbox: SandboxServer) -> None:
    splunkd.failing = {"current-context": 503}
    assert codes(call(splunkd, batch([SCAN, lookup_of(EICAR_MD5)]))[1]) == ["unavailable", "ok"]
    assert len(sandbox.requests) == 1


def test_without_the_capability_nothing_is_answered(splunkd: FakeSplunkd, sandbox: SandboxServer) -> None:
    splunkd.users[SESSION] = frozenset(("list_storage_passwords",))
    assert call(splunkd, lookup_of(EICAR_MD5))[0] == 403
    assert call(splunkd, lookup_of(EICAR_MD5), session="nobody's")[0] == 401
    assert sandbox.all_requests == []


def test_it_is_posted_to(splunkd: FakeSplunkd) -> None:
    assert call(splunkd, "", method="GET")[0] == 405


def test_a_refused_key_costs_one_request_and_is_not_shown(splunkd: FakeSplunkd, sandbox: SandboxServer) -> None:
    splunkd.password = "wrong-key-in-splunk"
    answer = call(splunkd, batch(lookup_of(md5(number)) for number in range(30)))[1]
    assert codes(answer) == ["access_denied"] * 30
    assert "wrong-key-in-splunk" not in repr(answer)
    assert len(sandbox.all_requests) == 1


@pytest.mark.parametrize(("password", "reported"), [(None, "no API key is stored"), (" ", "the API key is empty")])
def test_a_missing_key_is_reported_and_found_as_soon_as_it_is_there(
    splunkd: FakeSplunkd, password: str | None, reported: str
) -> None:
    splunkd.password = password
    answer = call(splunkd, lookup_of(EICAR_MD5))[1]
    assert codes(answer) == ["config_error"]
    assert reported in answer["responses"][0]["error"]["message"]
    splunkd.password = KEY
    assert codes(call(splunkd, lookup_of(EICAR_MD5))[1]) == ["ok"]


def test_wrong_settings_are_every_requests_answer(splunkd: FakeSplunkd) -> None:
    splunkd.settings = {"quota": "many"}
    status, answer = call(splunkd, batch([lookup_of(EICAR_MD5)] * 2))
    assert (status, codes(answer)) == (200, ["config_error"] * 2)


def test_nothing_is_written_to_splunkds_log(splunkd: FakeSplunkd) -> None:
    call(splunkd, batch([lookup_of(EICAR_MD5), COMMENT, 1]))
    assert splunkd.endpoints is not None
    splunkd.endpoints.end()
    assert splunkd.endpoints.stderr == ""
    assert splunkd.asked.count(ENDPOINT) == 1
