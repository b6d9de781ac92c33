"""A token at a wrong place in a call is not sent to VirusTotal, whoever has it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from vt_connectors.adapters.http.token_text import holds_token

from .serving import EVERYTHING, serving

SHA256 = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
# Of another client: the server need not know it.
OTHER = "vtc_" + "b0-_" * 10 + "xyz"
COMMENTS = f"/api/v3/files/{SHA256}/comments"
WITH_OTHER = f"http://example.com/?k={OTHER}"
URL_ID = base64.urlsafe_b64encode(WITH_OTHER.encode()).decode().rstrip("=")


def escaped(document: Any) -> bytes:
    """The same JSON with an escape in the token."""
    return json.dumps(document).replace("vtc_", "\\u0076tc_").encode()


JSON, NDJSON = {"Content-Type": "application/json"}, {"Content-Type": "application/x-ndjson"}
# Of the server: in the form of VirusTotal's keys.
SERVER_KEY = "0123456789abcdef" * 4
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", f"/api/v3/users/{OTHER}/overall_quotas", {}),
    ("GET", f"/api/v3/users/{OTHER}", {}),
    ("DELETE", f"/api/v3/users/{OTHER}", {}),
    ("GET", f"/api/v3/files/{OTHER.replace('v', '%76', 1)}", {}),
    ("GET", f"/api/v3/comments/a-{OTHER}", {}),
    ("GET", f"/api/v3/urls/{URL_ID}", {}),
    ("GET", f"{COMMENTS}?cursor={OTHER}", {}),
    ("GET", f"{COMMENTS}?{OTHER}=1", {}),
    ("GET", f"/api/v3/search?query={WITH_OTHER}", {}),
    ("POST", COMMENTS, {"json": {"data": {"type": "comment", "attributes": {"text": f"see {OTHER}"}}}}),
    ("POST", COMMENTS, {"json": {"data": [{OTHER: 1}]}}),
    ("POST", COMMENTS, {"data": escaped({"data": OTHER}), "headers": JSON}),
    ("POST", COMMENTS, {"json": {"data": EVERYTHING}}),
    ("POST", "/api/v3/urls", {"data": {"url": WITH_OTHER}}),
    ("POST", "/api/v3/urls", {"files": {"url": (None, WITH_OTHER)}}),
    ("POST", "/api/v3/files", {"files": {"file": (OTHER, b"abc")}}),
    ("POST", "/api/v3/files", {"files": {"file": ("a", b"abc")}, "data": {"password": OTHER}}),
    ("GET", "/vtapi/v2/file/report", {"params": {"resource": OTHER}}),
    ("GET", "/vtapi/v2/file/report", {"params": {"resource": SHA256, "more": OTHER}}),
    ("POST", "/vtapi/v2/url/scan", {"data": {"url": WITH_OTHER}}),
    ("POST", "/vtapi/v2/comments/put", {"data": {"resource": SHA256, "comment": f"my token is {OTHER}"}}),
    ("POST", "/vtapi/v2/file/scan", {"files": {"file": (OTHER, b"abc")}}),
    ("POST", "/v1/run", {"json": {"action": "lookup", "params": {"value": OTHER}}}),
    ("POST", "/v1/run", {"json": {"action": "lookup_url", "params": {"url": WITH_OTHER}}}),
    ("POST", "/v1/run", {"json": {"action": "vt_get", "params": {"path": f"users/{OTHER}"}}}),
    ("POST", "/v1/run", {"json": {"action": "vt_get", "params": {"path": "search", "query": {"query": OTHER}}}}),
    ("POST", "/v1/run", {"data": escaped({"action": "lookup", "params": {"value": OTHER}}), "headers": JSON}),
    ("POST", "/v1/run", {"json": {"action": "quota", "params": {}, "auth": {"api_key": OTHER}}}),
    ("POST", "/v1/actions/add_comment", {"json": {"params": {"indicator": SHA256, "comment": f"see {OTHER}"}}}),
    ("GET", f"/v1/lookup?value={OTHER}", {}),
    ("GET", f"/v1/lookup?value=8.8.8.8&{OTHER}=1", {}),
    ("GET", f"/v1/lookup?value=8.8.8.8&http_status=1&{OTHER.replace('v', '%76', 1)}=1", {}),
    ("GET", f"/v1/lookup?value=8.8.8.8&max_age={OTHER}", {}),
    ("GET", f"/v1/quota?{OTHER}=1", {}),
    ("GET", f"/v1/quota?account={OTHER}", {}),
    ("GET", f"/v1/actions?{OTHER}", {}),
    ("GET", f"/v1/actions/{OTHER}", {}),
    ("GET", f"/v1/{OTHER}", {}),
    ("GET", f"/{OTHER.replace('v', '%76', 1)}", {}),
    ("PUT", f"/v1/run?{OTHER}", {}),
    ("GET", f"/openapi.json?{OTHER}=1", {}),
    ("POST", "/v1/run", {"json": {OTHER: 1}}),
    ("POST", "/v1/run", {"json": {"action": OTHER}}),
    ("POST", "/v1/run", {"json": {"id": OTHER, "action": "quota", "params": {}}}),
    ("POST", "/v1/run", {"data": f'{{"{OTHER}": 1, "{OTHER}": 2}}', "headers": JSON}),
    ("POST", "/v1/actions/quota", {"json": {"params": {OTHER: 1}}}),
    ("GET", f"/api/v3/{OTHER}", {}),
    ("GET", f"/api/v3/{OTHER.replace('v', '%76', 1)}/{SHA256}", {}),
    ("GET", f"/api/v3/files/{SHA256}/{OTHER}", {}),
    ("PUT", f"/api/v3/{OTHER}", {}),
    ("GET", f"/vtapi/v2/file/report?resource={SHA256}&{OTHER}=1", {}),
]

# What is not read further than its path, or whose name is not read at all.
ELSEWHERE: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/readyz/{}", {}),
    ("GET", "/metrics{}", {}),
    ("GET", "/vtapi/v2/{}", {}),
    ("POST", "/vtapi/v2/file/scan/upload/{}", {}),
    ("POST", "/_vtaction/upload/{}", {}),
    ("{}", "/v1/run", {}),
    ("POST", "/v1/run", {"headers": {"Content-Type": "{}"}}),
    ("POST", "/v1/run", {"headers": {"{}": "1", "Content-Type": "{}"}}),
    ("GET", "/v1/quota", {"headers": {"Host": "{}"}}),
    ("GET", "/api/v3/{}", {}),
    ("GET", "/api/v3/files/{}", {}),
    ("GET", f"/api/v3/urls/{'a' * 60}{{}}", {}),
    ("GET", "/api/v3/comments/{}", {}),
    ("GET", "/vtapi/v2/file/report?resource={}", {}),
    ("GET", "/vtapi/v2/url/report?resource={}", {}),
    ("GET", "/v1/lookup?value=8.8.8.8&{}=1", {}),
    ("GET", f"/v1/lookup?value=8.8.8.8&{'a' * 30}{{}}=1", {}),
    ("GET", f"/v1/quota?{'a' * 30}{{}}=1", {}),
    ("GET", "/v1/lookup?value={}", {}),
    ("GET", "/v1/actions/{}", {}),
    ("POST", "/v1/run", {"data": '{{"{0}": 1, "{0}": 2}}', "headers": JSON}),
    ("POST", "/v1/run", {"data": '{{"{0}": {{"api_key": 1}}}}', "headers": JSON}),
    ("POST", "/v1/run", {"data": '{{"{0}": {{"private": true}}}}', "headers": JSON}),
    ("POST", "/v1/run", {"data": '{{"action": "{0}", "id": "{0}", "params": {{}}}}', "headers": JSON}),
    ("POST", "/v1/run", {"data": '{{"action": "quota", "params": {{"{0}": 1}}}}', "headers": JSON}),
    ("POST", "/v1/batch", {"data": '{{"{0}": 1, "{0}": 2}}', "headers": NDJSON}),
    ("POST", "/v1/batch", {"data": '{{"action": "{0}", "id": "{0}", "params": {{}}}}', "headers": NDJSON}),
    ("POST", "/v1/batch", {"data": "{}", "headers": NDJSON}),
]


def _with(part: Any, secret: str) -> Any:
    """The part of a call with the secret in its places."""
    if isinstance(part, dict):
        return {_with(name, secret): _with(value, secret) for name, value in part.items()}
    return part.format(secret) if isinstance(part, str) and "{" in part else part


@pytest.mark.parametrize(("method", "path", "rest"), CALLS)
def test_another_clients_token_in_a_call_is_refused(
    tmp_path: Path, method: str, path: str, rest: dict[str, Any]
) -> None:
    with serving(tmp_path) as server:
        reply = server.call(method, path, **rest)
        assert reply.status_code == 400
        assert OTHER not in reply.text
        assert server.sandbox.all_requests == []


@pytest.mark.parametrize(("method", "path", "rest"), ELSEWHERE)
@pytest.mark.parametrize("secret", [OTHER, SERVER_KEY])
def test_no_reply_repeats_a_token_or_the_servers_key(
    tmp_path: Path, method: str, path: str, rest: dict[str, Any], secret: str
) -> None:
    """Also the first call, before anything needs the key."""
    with serving(tmp_path, key=SERVER_KEY) as server:
        reply = server.call(_with(method, secret), _with(path, secret), **_with(rest, secret))
        told = reply.text + str(reply.headers)
        assert secret[:20] not in told
        assert server.sandbox.all_requests == []


def test_a_token_in_a_query_is_refused_as_the_page_says(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for path in (f"/v1/lookup?value=8.8.8.8&{OTHER}=1", f"/v1/{OTHER}", f"/v1/quota?{OTHER}=1"):
            reply = server.call("GET", path)
            assert (reply.status_code, reply.json()["error"]["code"]) == (400, "token_in_call")


def test_a_token_in_one_request_of_a_batch_is_the_error_of_that_request(tmp_path: Path) -> None:
    values = (SHA256, OTHER)
    lines = [json.dumps({"action": "lookup", "params": {"value": value}}) for value in values]
    with serving(tmp_path) as server:
        headers = {"Content-Type": "application/x-ndjson"}
        reply = server.call("POST", "/v1/batch", headers=headers, data="\n".join(lines))
        found, refused = (json.loads(line) for line in reply.text.splitlines())
        assert len(server.sandbox.all_requests) == 1
    assert found["status"] == "ok"
    assert refused["error"]["code"] == "invalid_request"
    assert OTHER not in reply.text


@pytest.mark.parametrize(
    ("value", "has_token"),
    [
        (f" {OTHER}", True),
        ({"a": [{"b": OTHER}]}, True),
        ({OTHER: 1}, True),
        (f"{OTHER}a", True),
        ("vtc_report.pdf", False),
        (OTHER[:-1], False),
        (f"{OTHER[:20]}.{OTHER[20:]}", False),
        (f"text {OTHER} text", True),
        ("text vtc_short text", False),
        ("VTC_a", False),
        (["a", 1, None, True, {"b": "avtc_"}], False),
    ],
)
def test_what_has_the_form_of_a_token_is_found(value: Any, has_token: bool) -> None:
    assert holds_token(value) is has_token


def test_the_callers_own_token_is_found_whatever_its_form() -> None:
    assert holds_token({"a": "so 0123456789abcdef is it"}, "0123456789abcdef")
    assert not holds_token("an apple", "ap")


def test_a_value_that_is_nested_as_deep_as_python_can_read_is_searched() -> None:
    value: Any = OTHER
    for _ in range(50_000):
        value = [value]
    assert holds_token(value)


def test_a_file_whose_name_only_begins_like_a_token_is_passed_on(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for path in ("/api/v3/files", "/vtapi/v2/file/scan"):
            assert server.call("POST", path, files={"file": ("vtc_report.pdf", b"abc")}).status_code == 200
