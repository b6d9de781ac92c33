"""What a token may do, per action and parameter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vt_connectors.actions import ACTIONS
from vt_connectors.adapters.http.callers import RIGHTS, Caller, Right
from vt_connectors.adapters.http.rights import ServerSettings, refusal
from vt_connectors.adapters.server.rights import needs_of
from vt_connectors.api_key import ApiKey
from vt_connectors.errors import Forbidden
from vt_connectors.sandbox.accounts import key_digest

from .serving import EVERYTHING, READER, KnownTokens, serving

ALL = frozenset(RIGHTS)
EICAR = "44d88612fea8a8f36de82e1278abb02f"
OTHER_KEY = "abcdef0123456789" * 4


def _request(name: str, **params: Any) -> dict[str, Any]:
    return {"action": name, "params": {**ACTIONS[name].example, **params}}


def _lacked(document: Any, *rights: Right) -> str | None:
    error = refusal(document, Caller("soar", frozenset(rights)))
    assert error is None or isinstance(error, Forbidden), error
    return error.details["right"] if error is not None else None


def test_the_right_of_a_new_action_follows_from_whether_it_writes_and_needs_a_licence() -> None:
    reads, writes = ACTIONS["get_votes"]._replace(name="new"), ACTIONS["add_vote"]._replace(name="new")
    assert needs_of(reads) == ("read", ())
    assert needs_of(reads._replace(write_params=("notify",))) == ("read", (("notify", "submit"),))
    assert needs_of(reads._replace(licence="premium")).right == "raw"
    assert needs_of(writes).right == "comment"


def test_what_reveals_what_the_account_does_is_not_read_with_read_alone() -> None:
    raw = {name for name, action in ACTIONS.items() if needs_of(action).right == "raw"}
    assert raw >= {
        "intelligence_search",
        "ioc_stream",
        "vt_get",
        "lookup_private_file",
        "lookup_private_url",
        "download_file",
    }


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_an_action_needs_the_right_of_its_kind_and_no_other(name: str) -> None:
    needs = needs_of(ACTIONS[name])
    if name == "download_file":
        assert refusal(_request(name), Caller("all", ALL)) is not None
        return
    # Nobody may have a file of the server sent.
    params = {param: value for param, value in ACTIONS[name].example.items() if (name, param) != ("scan_file", "path")}
    request = {"action": name, "params": params}
    assert _lacked(request, needs.right) is None
    assert _lacked(request, *(right for right in RIGHTS if right != needs.right)) == needs.right


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_reading_is_never_enough_for_an_action_that_writes(name: str) -> None:
    action = ACTIONS[name]
    if action.writes:
        assert needs_of(ACTIONS[name]).right in ("submit", "comment")
    for param in action.write_params:
        assert _lacked(_request(name, **{param: True}), "read") == "submit"
        assert _lacked(_request(name, **{param: "yes"}), "read") == "submit"
        assert _lacked(_request(name, **{param: False}), "read") is None
        assert _lacked(_request(name, **{param: None}), "read") is None


def test_the_result_of_a_private_scan_needs_raw_and_a_private_scan_needs_submit() -> None:
    assert _lacked(_request("get_analysis", private=True), "read") == "raw"
    assert _lacked(_request("get_analysis", private=False), "read") is None
    assert _lacked(_request("scan_url", private=True), "submit") is None


def test_no_token_has_a_file_of_the_server_sent_or_written() -> None:
    everything = Caller("all", ALL)
    sent = refusal({"action": "scan_file", "params": {"path": "/etc/hostname"}}, everything)
    written = refusal(_request("download_file"), everything)
    assert sent is not None
    assert sent.details == {"path": "/params/path"}
    assert written is not None
    assert refusal({"action": "scan_file", "params": {"path": None, "content_base64": "AA=="}}, everything) is None


@pytest.mark.parametrize("document", [None, [], "x", 1, {}, {"action": []}, {"action": "nothing", "params": {}}])
def test_what_is_no_request_is_left_to_the_core(document: Any) -> None:
    assert refusal(document, Caller("nobody", frozenset())) is None


@pytest.mark.parametrize("params", [None, [], "x"])
def test_wrong_parameters_give_no_right(params: Any) -> None:
    assert _lacked({"action": "scan_url", "params": params}, "read") == "submit"


def test_a_key_in_a_request_is_refused_unless_the_server_accepts_keys() -> None:
    document = {"action": "lookup_ip", "params": {"ip": "8.8.8.8"}, "auth": {"api_key": OTHER_KEY}}
    refused = refusal(document, Caller("reader"))
    assert refused is not None
    assert OTHER_KEY not in refused.message
    assert refusal(document, Caller("reader"), ServerSettings(accepts_keys=True)) is None


def test_over_http_the_reader_may_look_up_and_not_scan_and_nothing_is_sent(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        scan = server.run({"action": "scan_url", "params": {"url": "https://example.com/"}}, READER)
        file = server.run({"action": "scan_file", "params": {"path": "/etc/hostname"}}, EVERYTHING)
        own = server.run({"action": "lookup_hash", "params": {"hash": EICAR}, "auth": {"api_key": OTHER_KEY}}, READER)
        sent = list(server.sandbox.requests)
    assert (scan["error"]["code"], scan["error"]["details"]) == ("forbidden", {"right": "submit"})
    assert file["error"]["code"] == "forbidden"
    assert own["error"]["code"] == "invalid_request"
    assert sent == []


def test_a_caller_with_its_own_key_uses_that_key_and_the_shared_cache(tmp_path: Path) -> None:
    request = {"action": "lookup_hash", "params": {"hash": EICAR}}
    with serving(tmp_path, server_settings=ServerSettings(accepts_keys=True)) as server:
        first, second = server.run(request, OTHER_KEY), server.run(request, READER)
        quota = server.run({"action": "quota", "params": {}, "options": {"cache": "only"}}, READER)
        sent = list(server.sandbox.requests)
    assert (first["status"], second["meta"]["source"]) == ("ok", "cache")
    assert [each.key for each in sent] == [key_digest(OTHER_KEY)]
    assert OTHER_KEY not in str((first, second, quota))


def test_made_up_keys_get_no_addresses_for_uploads(tmp_path: Path) -> None:
    with serving(tmp_path, server_settings=ServerSettings(accepts_keys=True)) as server:
        replies = [
            server.call("GET", f"/vtapi/v2/file/scan/upload_url?apikey={number:064x}", None) for number in range(1, 4)
        ]
        with_token = server.call("GET", f"/vtapi/v2/file/scan/upload_url?apikey={EVERYTHING}", None)
    assert [reply.status_code for reply in replies] == [403] * 3
    assert with_token.status_code == 200


def test_a_key_that_virustotal_refuses_opens_not_even_the_cache(tmp_path: Path) -> None:
    request = {"action": "lookup_hash", "params": {"hash": EICAR}}
    refused, accepted = (Caller(name, ALL, api_key=ApiKey(f"{name}-key-of-a-client")) for name in ("wrong", "good"))
    tokens = KnownTokens({READER: Caller("reader"), "wrong": refused, "good": accepted})
    with serving(tmp_path, tokens=tokens, server_settings=ServerSettings(accepts_keys=True)) as server:
        server.run(request, READER)
        statuses = [server.run(request, token)["error"] for token in ("wrong", "good", "good")]
        ready = server.call("GET", "/readyz").status_code
        proofs = [each for each in server.sandbox.all_requests if each.key == key_digest("good-key-of-a-client")]
    assert [error and error["code"] for error in statuses] == ["access_denied", None, None]
    assert len(proofs) == 1
    assert ready == 200, "the server's own key is accepted"


def test_a_call_of_the_pass_through_with_an_own_key_never_uses_the_servers_key(tmp_path: Path) -> None:
    wrong, good = (Caller(name, ALL, api_key=ApiKey(f"{name}-key-of-a-client")) for name in ("wrong", "good"))
    tokens = KnownTokens({"wrong": wrong, "good": good})
    with serving(tmp_path, tokens=tokens, server_settings=ServerSettings(accepts_keys=True)) as server:
        path = f"/api/v3/files/{EICAR}/comments"
        statuses = [server.call("GET", path, token).status_code for token in ("wrong", "good")]
        keys = {each.key for each in server.sandbox.all_requests}
    assert statuses[0] != 200
    assert statuses[1] == 200
    assert keys == {key_digest("wrong-key-of-a-client"), key_digest("good-key-of-a-client")}


def test_a_key_is_no_token_unless_the_server_accepts_keys(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert server.call("POST", "/v1/run", OTHER_KEY, data="{}").status_code == 401


def test_a_wrong_key_is_told_the_form_of_keys_only_where_they_are_accepted(tmp_path: Path) -> None:
    for accepts_keys in (False, True):
        settings = ServerSettings(accepts_keys=accepts_keys)
        with serving(tmp_path, server_settings=settings) as server:
            reply = server.call("POST", "/v1/run", "premium-key", data="{}")
            assert reply.status_code == 401
            assert ("64 hexadecimal digits" in reply.json()["error"]["message"]) is accepts_keys
