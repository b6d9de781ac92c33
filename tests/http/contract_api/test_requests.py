"""Single requests: their bodies, their HTTP statuses, and what the server refuses by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.http.serving import EVERYTHING, KnownTokens, Serving, serving
from vt_connectors.actions import ACTIONS
from vt_connectors.adapters.http.callers import RIGHTS, Caller
from vt_connectors.adapters.http.contract_api.outcome_status import OF_ERROR, OF_STATUS, retry_after, status_of
from vt_connectors.contract.documents import Outcome, error_response, response
from vt_connectors.errors import BY_CODE, RateLimited

EICAR = "44d88612fea8a8f36de82e1278abb02f"
LOOKUP = {"action": "lookup_hash", "params": {"hash": EICAR}}
JSON = {"Content-Type": "application/json"}
NOBODY = "vtc_nobody"
TOKENS = KnownTokens({EVERYTHING: Caller("everything", frozenset(RIGHTS)), NOBODY: Caller("nobody", frozenset())})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("state"), tokens=TOKENS) as running:
        yield running


def _post(server: Serving, path: str, body: Any, **headers: str) -> Any:
    return server.call("POST", path, headers={**JSON, **headers}, data=json.dumps(body))


def test_every_status_and_every_error_code_has_its_http_status() -> None:
    assert set(OF_ERROR) == set(BY_CODE)
    assert set(OF_STATUS) == {"ok", "not_found", "skipped", "pending"}
    contract = {
        200: {"ok", "not_found", "skipped"},
        202: {"pending"},
        400: {"invalid_request", "invalid_indicator", "unknown_action", "unsupported_version"},
        409: {"conflict"},
        413: {"too_large"},
        429: {"rate_limited"},
        500: {"internal"},
        502: {"access_denied", "forbidden", "invalid_response", "outcome_unknown"},
        503: {"unavailable", "cancelled", "config_error"},
        504: {"timeout"},
    }
    for status, names in contract.items():
        assert {name for name, found in {**OF_STATUS, **OF_ERROR}.items() if found == status} == names


def test_retry_after_is_in_whole_seconds_and_never_too_early() -> None:
    refused = error_response("lookup", None, RateLimited("wait", retry_after=41.2))
    assert (status_of(refused), retry_after(refused)) == (429, (("Retry-After", "42"),))
    queued = response("scan_url", None, Outcome("pending", "queued", {}, poll_after_s=5.0), _nothing(), 0.0)
    assert (status_of(queued), retry_after(queued)) == (202, (("Retry-After", "5"),))
    assert retry_after(error_response("lookup", None, RateLimited("wait"))) == ()


def _nothing() -> Any:
    from vt_connectors.contract.documents import Cost

    return Cost()


def test_an_error_of_an_action_is_a_200_unless_the_status_is_asked_for(server: Serving) -> None:
    wrong = {"action": "lookup_hash", "params": {"hash": "zz"}}
    plain = _post(server, "/v1/run", wrong)
    assert (plain.status_code, plain.json()["error"]["code"]) == (200, "invalid_indicator")
    for asked in (_post(server, "/v1/run?http_status=1", wrong), _post(server, "/v1/run", wrong, Prefer="status")):
        assert (asked.status_code, asked.json()["error"]["code"]) == (400, "invalid_indicator")
        assert asked.headers["Preference-Applied"] == "status"


def test_a_refusal_for_lack_of_quota_says_when_to_return_with_either_status(tmp_path: Path) -> None:
    with serving(tmp_path, quota="1/day") as server:
        server.run(LOOKUP)
        other = {"action": "lookup", "params": {"value": "8.8.8.8"}}
        plain, asked = _post(server, "/v1/run", other), _post(server, "/v1/run?http_status=1", other)
    assert [plain.status_code, asked.status_code] == [200, 429]
    for reply in (plain, asked):
        assert float(reply.headers["Retry-After"]) >= reply.json()["error"]["retry_after_s"] > 0


def test_an_action_has_a_path_of_its_own_and_its_response_has_the_id(server: Serving) -> None:
    reply = _post(server, "/v1/actions/lookup_hash", {"params": {"hash": EICAR}, "id": 7})
    assert (reply.json()["status"], reply.json()["id"], reply.json()["action"]) == ("ok", 7, "lookup_hash")
    assert _post(server, "/v1/actions/quota", {}).json()["status"] == "ok"


def test_an_unknown_action_is_a_404_in_the_path_and_an_error_in_a_document(server: Serving) -> None:
    assert _post(server, "/v1/actions/look_up_hash", {"params": {}}).status_code == 404
    reply = _post(server, "/v1/run", {"action": "look_up_hash", "params": {}})
    assert (reply.status_code, reply.json()["error"]["code"]) == (200, "unknown_action")


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/v1/actions/lookup_ip", {"ip": "8.8.8.8"}, "/params/ip is missing; the request has ip beside params: write"),
        ("/v1/run", {"action": "lookup_ip", "params": {}, "ip": "8.8.8.8"}, '"params": {"ip": ...}'),
        ("/v1/run", {"action": "lookup_ip", "ip": "8.8.8.8"}, "the parameters of the action belong into params"),
    ],
)
def test_parameters_at_a_wrong_place_are_told_where_they_belong(
    server: Serving, path: str, body: Any, said: str
) -> None:
    error = server.call("POST", path, json=body).json()["error"]
    assert error["code"] == "invalid_request"
    assert said in error["message"]
    assert error["details"]["violations"]


def test_a_name_beside_params_is_ignored_if_the_parameters_are_complete(server: Serving) -> None:
    body = {"action": "lookup_ip", "params": {"ip": "8.8.8.8"}, "ip": "8.8.4.4"}
    assert server.run(body)["data"]["indicator"] == "8.8.8.8"


def test_a_body_that_names_another_action_than_its_path_is_refused(server: Serving) -> None:
    reply = _post(server, "/v1/actions/lookup_hash", {"action": "add_comment", "params": {"hash": EICAR}})
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "action")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "not_json"),
        (b"{", 400, "not_json"),
        (b'{"action": NaN, "params": {}}', 400, "not_json"),
        (b'{"action": "lookup", "action": "quota", "params": {}}', 400, "not_json"),
        (b"\xff", 400, "not_json"),
        (b"[" * 100_000, 400, "not_json"),
        (b"[" * 70 + b"]" * 70, 400, "not_json"),
        (b'{"a":' * 70 + b"1" + b"}" * 70, 400, "not_json"),
    ],
)
def test_a_body_that_is_not_plain_json_is_refused(server: Serving, body: bytes, status: int, code: str) -> None:
    reply = server.call("POST", "/v1/run", headers=JSON, data=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)


def test_a_number_of_too_many_digits_is_refused_in_plain_words(server: Serving) -> None:
    body = b'{"action": "lookup", "params": {"value": %s}}' % (b"1" * 5000)
    error = server.call("POST", "/v1/run", headers=JSON, data=body).json()["error"]
    # Older releases of Python read such a number.
    assert error["code"] in ("not_json", "invalid_request")
    assert "int_max_str_digits" not in error["message"]


@pytest.mark.parametrize("body", ["[]", "7", "null", '"lookup"', "{}"])
def test_json_that_is_no_request_is_answered_by_the_contract(server: Serving, body: str) -> None:
    reply = server.call("POST", "/v1/run", headers=JSON, data=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (200, "invalid_request")


@pytest.mark.parametrize("options", [[], [None], "cache", 1, {"max_wait_s": 86401}, {"max_wait_s": -1}])
def test_invalid_options_are_refused_although_the_answer_is_cached(server: Serving, options: Any) -> None:
    assert server.run(LOOKUP)["status"] == "ok"
    assert server.run({**LOOKUP, "options": options})["error"]["code"] == "invalid_request"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_only_json_is_accepted_because_pages_can_send_the_rest(server: Serving, kind: str) -> None:
    reply = server.call("POST", "/v1/run", headers={"Content-Type": kind}, data=json.dumps(LOOKUP))
    assert reply.status_code == 415


def test_json_may_name_its_encoding_and_must_not_be_compressed(server: Serving) -> None:
    body = json.dumps(LOOKUP)
    named = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert server.call("POST", "/v1/run", headers=named, data=body).status_code == 200
    assert server.call("POST", "/v1/run", headers={**JSON, "Content-Encoding": "gzip"}, data=body).status_code == 415


def test_a_body_of_more_than_a_mebibyte_is_refused(server: Serving) -> None:
    assert server.call("POST", "/v1/run", headers=JSON, data=b" " * (1024 * 1024 + 1)).status_code == 413


@pytest.mark.parametrize("path", ["/v1/run", "/v1/batch", "/v1/actions/lookup", "/v1/lookup", "/v1/quota"])
@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "DELETE", "PUT"])
def test_a_wrong_method_is_told_the_right_ones(server: Serving, path: str, method: str) -> None:
    reply = server.call(method, path)
    assert reply.status_code == 405
    allowed = set(reply.headers["Allow"].split(", "))
    right = {"/v1/actions/lookup": {"GET", "HEAD", "POST"}, "/v1/run": {"POST"}, "/v1/batch": {"POST"}}
    assert allowed == right.get(path, {"GET", "HEAD"})


@pytest.mark.parametrize("path", ["/v1/", "/v1/nothing", "/v1/run/", "/v1/actions/", "/v1/actions/{name}", "/v2"])
def test_an_unknown_path_is_a_404_in_json(server: Serving, path: str) -> None:
    reply = server.call("GET", path)
    assert (reply.status_code, set(reply.json()["error"])) == (404, {"code", "message"})


@pytest.mark.parametrize("query", ["http_statu=1", "http_status=2", "http_status=", "http_status=1&http_status=0"])
def test_a_misspelt_query_is_refused(server: Serving, query: str) -> None:
    assert _post(server, f"/v1/run?{query}", LOOKUP).status_code == 400
    assert _post(server, f"/v1/run?{query}", LOOKUP, Prefer="status").status_code == 400


@pytest.mark.parametrize("path", ["/v1/run", "/v1/run?http_status=1"])
def test_a_token_without_the_right_gets_a_403_and_the_response_of_the_contract(server: Serving, path: str) -> None:
    reply = server.call("POST", path, NOBODY, JSON, data=json.dumps(LOOKUP))
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "forbidden")
    assert server.call("GET", "/v1/lookup?value=8.8.8.8", NOBODY).status_code == 403


def test_the_list_of_actions_says_which_rights_they_need(server: Serving) -> None:
    listed = server.call("GET", "/v1/actions").json()["actions"]
    assert {entry["name"] for entry in listed} <= set(ACTIONS)
    assert all(set(entry["rights"]) <= set(RIGHTS) and entry["rights"] for entry in listed)
    one = server.call("GET", "/v1/actions/lookup_hash").json()
    assert (one["name"], one["rights"]) == ("lookup_hash", ["read"])
    assert server.call("GET", "/v1/actions/look_up").status_code == 404


def test_the_quota_is_our_own_record_unless_the_account_is_asked_for(tmp_path: Path) -> None:
    with serving(tmp_path, quota="4/minute,500/day") as server:
        server.run(LOOKUP)
        own = server.call("GET", "/v1/quota").json()
        sent = len(server.sandbox.all_requests)
        both = server.call("GET", "/v1/quota?account=1").json()
    assert (own["data"]["windows"]["day"]["used"], "account" in own["data"], sent) == (1, False, 1)
    assert "api_requests_daily" in both["data"]["account"]
