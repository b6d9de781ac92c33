"""What a caller may have done is decided where the key is, in one place: by the action, the caller's rights and the
admin's settings.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from tests.package.conf_reader import read_conf
from tests.package.spl_reader import BIN
from vt_connectors.actions import ACTIONS
from vt_connectors.sandbox import SandboxServer
from vt_connectors.sandbox.accounts import key_digest
from vtlookup_app.composition import Asking
from vtlookup_app.endpoint.lookup import LookUpEndpoint
from vtlookup_app.policy import NEEDS, Caller
from vtlookup_app.splunkd import Splunkd

from .endpoint_harness import ANALYST, KEY, batch, call, codes, lookup_of
from .fake_splunkd import EVERYTHING, SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup, md5
from .test_endpoint_bounds import FakeCore, passed

WRITE = "run_vtlookup_write"
DECIDED = {
    "lookup": "look up",
    "lookup_hash": "look up",
    "lookup_url": "look up",
    "lookup_domain": "look up",
    "lookup_ip": "look up",
    "add_comment": "comment",
    "scan_file": "write",
    "rescan_file": "write",
    "scan_url": "write",
    "get_analysis": "look up",
    "passive_dns": "look up",
    "get_comments": "look up",
    "quota": "look up",
    "relationships": "look up",
    "behaviour": "look up",
    "get_votes": "look up",
    "add_vote": "allowed write",
    "rescan": "allowed write",
    "get_comment": "look up",
    "delete_comment": "allowed write",
    "search": "look up",
    "intelligence_search": "look up",
    "ioc_stream": "look up",
}
PARAMS = {
    "lookup": {"value": "look up", "type": "look up", "relationships": "look up"},
    "lookup_hash": {"hash": "look up", "relationships": "look up"},
    "lookup_url": {"url": "look up", "scan_if_missing": "write", "relationships": "look up"},
    "lookup_domain": {"domain": "look up", "relationships": "look up"},
    "lookup_ip": {"ip": "look up", "relationships": "look up"},
    "add_comment": {"indicator": "comment", "type": "comment", "comment": "comment"},
    "scan_file": {
        "path": "no caller",
        "private": "no caller",
        "content_base64": "write",
        "filename": "write",
        "wait_s": "write",
        "password": "write",
        "command_line": "write",
        "disable_sandbox": "write",
        "enable_internet": "write",
        "intercept_tls": "write",
        "interaction_sandbox": "write",
        "interaction_timeout_s": "write",
        "retention_days": "write",
        "region": "write",
        "locale": "write",
    },
    "rescan_file": {"hash": "write", "wait_s": "write"},
    "scan_url": {
        "private": "no caller",
        "url": "write",
        "wait_s": "write",
        "interaction_sandbox": "write",
        "interaction_timeout_s": "write",
        "retention_days": "write",
        "region": "write",
    },
    "get_analysis": {"analysis_id": "look up", "private": "no caller"},
    "passive_dns": {"domain": "look up", "ip": "look up", "limit": "look up"},
    "get_comments": {"indicator": "look up", "type": "look up", "limit": "look up"},
    "quota": {"usage_days": "look up"},
    "relationships": {
        "indicator": "look up",
        "type": "look up",
        "relationship": "look up",
        "limit": "look up",
        "full": "look up",
    },
    "behaviour": {"hash": "look up", "parts": "look up"},
    "get_votes": {"indicator": "look up", "type": "look up", "limit": "look up"},
    "add_vote": {"indicator": "allowed write", "type": "allowed write", "verdict": "allowed write"},
    "rescan": {"indicator": "allowed write", "type": "allowed write", "wait_s": "allowed write"},
    "get_comment": {"comment_id": "look up"},
    "delete_comment": {"comment_id": "allowed write"},
    "search": {"query": "look up", "limit": "look up", "order": "look up", "descriptors_only": "look up"},
    "intelligence_search": {"query": "look up", "limit": "look up", "order": "look up", "descriptors_only": "look up"},
    "ioc_stream": {"since": "look up", "filter": "look up", "limit": "look up"},
}
RIGHTS = {
    "looks up": ANALYST,
    "writes": ANALYST | {WRITE},
    "sees the key": EVERYTHING - {WRITE},
    "administers": EVERYTHING,
}
SETTINGS: dict[str, str | None] = {
    "on": "true",
    "yes": "Yes",
    "off": "false",
    "empty": "",
    "odd": "perhaps",
    "none": None,
}
# Kinds of actions that an admin is to allow, each with its setting.
SWITCHES = {"comment": "comments_allowed", "allowed write": "writes_allowed"}
ALL_ON = dict.fromkeys(SWITCHES.values(), "true")
ALLOWED, SWITCHED_OFF, NO_RIGHT = "ok", "config_error", "forbidden"


def expected(kind: str, rights: frozenset[str], setting: str | None) -> str:
    if kind == "look up":
        return ALLOWED
    if kind == "no caller":
        return NO_RIGHT
    if kind in SWITCHES and setting not in ("true", "Yes"):
        return SWITCHED_OFF
    return ALLOWED if WRITE in rights else NO_RIGHT


def document(action: str, **params: Any) -> dict[str, Any]:
    return {"action": action, "params": {**ACTIONS[action].example, **params}}


@pytest.fixture
def core() -> FakeCore:
    return FakeCore(FakeClock())


@pytest.fixture
def door(core: FakeCore) -> Iterator[FakeSplunkd]:
    """A splunkd without endpoints of the app: the tests call the handler themselves."""
    with FakeSplunkd(KEY) as running:
        yield running


def by_endpoint(core: Any, door: FakeSplunkd, request: Any) -> str:
    given = passed(request, server={"rest_uri": door.url})
    [code] = codes(json.loads(LookUpEndpoint(core, FakeClock()).handle(given)["payload"]))
    return code


def by_search(core: Any, door: FakeSplunkd, request: Any) -> str:
    """As a search or an alert that has the key itself."""
    session = Splunkd(door.url, SESSION)
    [code] = codes({"responses": [Asking(core, lambda: None, Caller(session, session)).answer(request)]})
    return code


WAYS = {"the endpoint": by_endpoint, "a search with the key": by_search}


def test_every_action_that_the_app_offers_and_each_of_its_parameters_is_decided() -> None:
    offered = [name for name in ACTIONS if name in NEEDS]
    assert list(DECIDED) == list(PARAMS) == list(NEEDS) == offered, (
        "to offer an action in Splunk, enter it in NEEDS of vtlookup_app/policy.py, and in DECIDED and PARAMS of this "
        "module, all in the order of the registry; an action that is in none of them is refused for every caller"
    )
    for name in NEEDS:
        action = ACTIONS[name]
        assert set(PARAMS[name]) == set(action.params_schema["properties"])
        assert action.params_schema["additionalProperties"] is False
        assert action.writes == (DECIDED[name] != "look up")
        if not action.writes:
            assert set(action.write_params) == {param for param, kind in PARAMS[name].items() if kind == "write"}


@pytest.mark.parametrize("way", WAYS)
def test_what_the_app_does_not_offer_is_refused_for_every_caller(way: str, core: FakeCore, door: FakeSplunkd) -> None:
    door.settings = dict(ALL_ON)
    for name in set(ACTIONS) - set(NEEDS):
        assert WAYS[way](core, door, document(name)) == "forbidden"
    assert core.asked == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("rights", RIGHTS)
def test_an_action_runs_for_users_with_its_right(
    rights: str, setting: str, way: str, core: FakeCore, door: FakeSplunkd
) -> None:
    held, value = RIGHTS[rights], SETTINGS[setting]
    door.users[SESSION] = held
    door.settings = {} if value is None else dict.fromkeys(SWITCHES.values(), value)
    for action, kind in DECIDED.items():
        core.asked.clear()
        wanted = expected(kind, held, value)
        assert (action, WAYS[way](core, door, document(action))) == (action, wanted)
        assert len(core.asked) == (wanted == ALLOWED)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", SWITCHES)
def test_one_setting_does_not_allow_what_another_is_for(kind: str, way: str, core: FakeCore, door: FakeSplunkd) -> None:
    door.settings = {SWITCHES[kind]: "true"}
    door.users[SESSION] = EVERYTHING
    for action, wanted in DECIDED.items():
        code = SWITCHED_OFF if wanted in SWITCHES and wanted != kind else ALLOWED
        assert (action, WAYS[way](core, door, document(action))) == (action, code)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["vt_get", "download_file", "lookup_private_file", "lookup_private_url"])
def test_any_path_files_and_private_reports_are_read_for_no_caller(
    name: str, way: str, core: FakeCore, door: FakeSplunkd
) -> None:
    door.users[SESSION] = EVERYTHING
    door.settings = dict(ALL_ON)
    assert WAYS[way](core, door, document(name)) == NO_RIGHT
    assert core.asked == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("rights", RIGHTS)
@pytest.mark.parametrize("given", [True, 1, "false", [0], {"a": 1}, "\0"])
def test_a_scan_behind_a_lookup_is_a_scan_in_whatever_form_it_is_wanted(
    given: Any, rights: str, way: str, core: FakeCore, door: FakeSplunkd
) -> None:
    door.users[SESSION] = RIGHTS[rights]
    wanted = expected("write", RIGHTS[rights], None)
    assert WAYS[way](core, door, document("lookup_url", scan_if_missing=given)) == wanted


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (document("scan_file", path="/etc/hostname"), "forbidden"),
        (document("scan_file", path=None), "forbidden"),
        (document("scan_file", private=True), "forbidden"),
        (document("scan_url", private="true"), "forbidden"),
        (document("get_analysis", private=1), "forbidden"),
        ({**document("lookup_ip"), "auth": {"api_key": "x"}}, "invalid_request"),
        ({**document("lookup_ip"), "auth": {"api_key": ""}}, "invalid_request"),
        ({**document("lookup_ip"), "auth": {}}, "invalid_request"),
        ({**document("lookup_ip"), "auth": None}, "invalid_request"),
        ({**document("lookup_ip"), "auth": "x"}, "invalid_request"),
        ({**document("lookup_ip"), "auth": ["x"]}, "invalid_request"),
    ],
)
def test_no_right_lets_a_caller_send_a_file_of_the_server_scan_privately_or_bring_a_key(
    request_: dict[str, Any], code: str, way: str, core: FakeCore, door: FakeSplunkd
) -> None:
    door.settings = dict(ALL_ON)
    assert WAYS[way](core, door, request_) == code
    assert core.asked == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("unread", ["vtlookup/settings", "properties/vtlookup", "current-context"])
def test_what_splunkd_does_not_say_is_not_allowed(unread: str, way: str, core: FakeCore, door: FakeSplunkd) -> None:
    door.settings = dict(ALL_ON)
    door.failing_for_all = {unread: 503}
    assert WAYS[way](core, door, document("add_comment")) == "unavailable"
    assert core.asked == []
    assert WAYS[way](core, door, document("lookup_ip")) == ALLOWED


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_of_splunkds_that_is_not_understood_allows_nothing(
    way: str, core: FakeCore, door: FakeSplunkd
) -> None:
    door.garbled = True
    for action, kind in DECIDED.items():
        wanted = ALLOWED if kind == "look up" else "unavailable"
        assert WAYS[way](core, door, document(action)) == wanted


def test_without_a_session_nothing_is_written(core: Any) -> None:
    asking = Asking(core, lambda: None, Caller(None, None))
    for action, kind in DECIDED.items():
        [code] = codes({"responses": [asking.answer(document(action))]})
        assert code == (ALLOWED if kind == "look up" else "config_error")


@pytest.mark.parametrize("way", WAYS)
def test_an_action_that_is_not_decided_is_done_for_no_caller(
    way: str, core: FakeCore, door: FakeSplunkd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ACTIONS, "later", ACTIONS["quota"])
    door.settings = dict(ALL_ON)
    assert WAYS[way](core, door, {"action": "later", "params": {}}) == "forbidden"
    assert core.asked == []


@pytest.mark.parametrize(
    "name", [None, 7, ["add_comment"], {"a": 1}, "ADD_COMMENT", " add_comment", "add_comment\0", ""]
)
def test_what_only_looks_like_an_action_is_none(name: Any, splunkd: FakeSplunkd, sandbox: SandboxServer) -> None:
    splunkd.users[SESSION] = ANALYST
    request = {"action": name, "params": document("add_comment")["params"]}
    assert codes(call(splunkd, request)[1])[0] in ("invalid_request", "unknown_action")
    assert sandbox.all_requests == []


def posted(sandbox: SandboxServer) -> int:
    return sum(request.method == "POST" for request in sandbox.all_requests)


def comment(text: str = "seen here") -> dict[str, Any]:
    return {"action": "add_comment", "params": {"indicator": EICAR_MD5, "comment": text}}


def test_a_comment_that_the_admin_does_not_allow_is_refused_at_the_endpoint(
    splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    splunkd.users[SESSION] = ANALYST | {WRITE}
    answer = call(splunkd, batch([comment(), lookup_of(EICAR_MD5), comment()]))[1]
    assert codes(answer) == ["config_error", "ok", "config_error"]
    assert "comments are not allowed" in answer["responses"][0]["error"]["message"]
    assert posted(sandbox) == 0


def test_a_setting_that_is_changed_holds_for_the_next_call(splunkd: FakeSplunkd, sandbox: SandboxServer) -> None:
    splunkd.users[SESSION] = ANALYST | {WRITE}
    plain = dict(splunkd.settings)
    changes = (("true", "ok"), ("false", "config_error"), ("true", "ok"), ("", "config_error"))
    for number, (setting, code) in enumerate(changes):
        splunkd.settings = {**plain, "comments_allowed": setting}
        assert codes(call(splunkd, comment(f"change {number}"))[1]) == [code]
    assert posted(sandbox) == 2


def test_one_callers_rights_are_not_the_next_callers(splunkd: FakeSplunkd, sandbox: SandboxServer) -> None:
    splunkd.settings = {**splunkd.settings, "comments_allowed": "true"}
    splunkd.users.update({"writer": ANALYST | {WRITE}, "analyst": ANALYST})
    callers = (("writer", "ok"), ("analyst", "forbidden"), ("writer", "ok"), (SESSION, "forbidden"))
    for number, (session, code) in enumerate(callers):
        assert codes(call(splunkd, comment(f"call {number}"), session=session)[1]) == [code]
    splunkd.users["writer"] = ANALYST
    assert codes(call(splunkd, comment("no more"), session="writer")[1]) == ["forbidden"]
    assert posted(sandbox) == 2
    assert splunkd.endpoints is not None
    assert splunkd.endpoints.most_at_once == 1


def test_names_that_are_given_twice_are_judged_as_they_are_done(splunkd: FakeSplunkd, sandbox: SandboxServer) -> None:
    params = json.dumps(comment()["params"])
    twice = (
        f'{{"action": "lookup_hash", "params": {{"hash": "{EICAR_MD5}"}}, "action": "add_comment", "params": {params}}}'
    )
    assert codes(call(splunkd, twice)[1]) == ["config_error"]
    assert sandbox.all_requests == []


def test_few_requests_of_a_call_ask_for_whole_answers(splunkd: FakeSplunkd) -> None:
    raw = lookup_of(EICAR_MD5, options={"include": ["raw"], "cache": "only"})
    assert call(splunkd, batch([raw] * 10))[0] == 200
    status, answer = call(splunkd, batch([raw] * 11))
    assert (status, codes(answer)) == (413, ["too_large"])


OPTIONS_OF_A_LOOKUP = [
    {"cache": "off"},
    {"cache": "refresh"},
    {"cache": "only"},
    {"max_wait_s": 86400},
    {"max_age_s": 0},
    {"include": ["raw", "engines"]},
    {"thresholds": {"malicious": 1000, "suspicious": 1000}},
]


@pytest.mark.parametrize("options", OPTIONS_OF_A_LOOKUP, ids=repr)
def test_no_option_of_a_lookup_asks_about_what_the_admin_excluded(
    options: Mapping[str, Any], splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    splunkd.users[SESSION] = ANALYST | {WRITE}
    splunkd.settings = {**splunkd.settings, "comments_allowed": "true"}
    hidden = {"indicator": "www.corp.example"}
    requests = [
        {"action": "lookup_domain", "params": {"domain": "www.corp.example"}},
        {"action": "lookup_url", "params": {"url": "http://www.corp.example/", "scan_if_missing": True}},
        {"action": "scan_url", "params": {"url": "http://www.corp.example/"}},
        {"action": "passive_dns", "params": {"domain": "www.corp.example"}},
        {"action": "get_comments", "params": hidden},
        {"action": "add_comment", "params": {**hidden, "comment": "x"}},
    ]
    answer = call(splunkd, batch({**request, "options": options} for request in requests))[1]
    assert codes(answer) == ["skipped"] * len(requests)
    assert sandbox.all_requests == []


def test_a_callers_thresholds_are_for_that_caller_alone(splunkd: FakeSplunkd) -> None:
    blind = {"thresholds": {"malicious": 1000, "suspicious": 1000}}
    verdicts = [
        call(splunkd, lookup_of(EICAR_MD5, options=options))[1]["responses"][0]["data"]["verdict"]
        for options in (blind, {}, blind, {})
    ]
    assert verdicts == ["undetected", "malicious"] * 2


METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")
TAKEN = {
    "vtlookup/lookup": ("run_vtlookup", {"POST"}),
    "vtlookup/verdicts": ("run_vtlookup", {"POST"}),
    "vtlookup/settings": ("vtlookup_admin", {"GET", "POST"}),
    "vtlookup/checks": ("vtlookup_admin", {"POST"}),
}


def test_the_table_of_endpoints_is_the_apps() -> None:
    stanzas = read_conf(BIN.parent / "default/restmap.conf").values()
    assert {stanza["match"][1:]: stanza["capability"] for stanza in stanzas} == {
        path: right for path, (right, _) in TAKEN.items()
    }


@pytest.mark.parametrize("path", TAKEN)
@pytest.mark.parametrize("method", METHODS)
def test_no_method_is_open_to_those_without_the_right(
    method: str, path: str, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    right, methods = TAKEN[path]
    before = dict(splunkd.settings)
    document = {"check": "connection"} if path == "vtlookup/checks" else {"settings": {"quota": "9/minute"}}
    splunkd.users[SESSION] = EVERYTHING - {right}
    status, answer = call(splunkd, document, path, method)
    assert status in (403, 405)
    assert "corp.example" not in repr(answer)
    splunkd.users[SESSION] = EVERYTHING
    if method not in methods:
        assert call(splunkd, document, path, method)[0] == 405
    assert (splunkd.settings, sandbox.all_requests) == (before, [])


def test_the_pages_endpoints_look_at_the_right_again(app: Path, splunkd: FakeSplunkd) -> None:
    """As if splunkd had let anybody in."""
    assert splunkd.endpoints is not None
    splunkd.users[SESSION] = EVERYTHING - {"vtlookup_admin", "run_vtlookup"}
    user = {"user": "somebody", "authtoken": SESSION}
    for path, (_, methods) in TAKEN.items():
        if path != "vtlookup/lookup":
            stanza = splunkd.endpoints.stanza(path)
            assert stanza is not None
            for method in methods:
                status, text = splunkd.endpoints.call(stanza, method, splunkd.url, user, '{"check": "connection"}')
                assert (status, "your role needs the capability" in text) == (403, True)


def test_the_app_asks_the_policy_before_each_answer_to_a_request() -> None:
    calls: Counter[str] = Counter()
    for path in (BIN / "vtlookup_app").rglob("*.py"):
        calling = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        methods = [func for func in calling if isinstance(func, ast.Attribute) and func.attr in ("answer", "run")]
        called = map(ast.unparse, methods)
        calls.update(path.name for name in called if re.fullmatch(r"(self\.)?_?core\.(answer|run)", name))
    # `checks.py` asks for the quota.
    assert calls == {"lookup.py": 1, "composition.py": 1, "checks.py": 1}


@pytest.mark.parametrize(
    ("rights", "status"),
    [(ANALYST, "ok"), (frozenset({WRITE, "list_storage_passwords"}), "error"), (frozenset(), "error")],
)
def test_a_key_in_splunkds_environment_is_for_users_with_the_lookup_right(
    rights: frozenset[str], status: str, keyless: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    splunkd.users[SESSION] = rights
    command = keyless.set(VT_API_KEY="key-of-the-environment")
    there: dict[str, Any] = {"session_key": SESSION, "splunkd_uri": splunkd.url}
    [row] = command([[{"x": EICAR_MD5}]], "hash=x", **there).records
    assert row["vt_status"] == status
    if status == "error":
        assert "your role needs the capability run_vtlookup" in str(row["vt_error"])
        assert sandbox.all_requests == []
    else:
        assert {request.key for request in sandbox.requests} == {key_digest("key-of-the-environment")}


ASKING = {
    "vtlookup": ["hash=x"],
    "vtreport": [f"value={EICAR_MD5}"],
    "vtquota": ["account=true"],
    "vtdrain": [],
    "vtcomment": [f"value={EICAR_MD5}", "comment=seen here"],
    "vtrelated": [f"value={EICAR_MD5}", "relationship=contacted_urls"],
    "vtbehaviour": [f"hash={EICAR_MD5}"],
    "vtsearch": [f"query={EICAR_MD5}"],
    "vtstream": [],
}
ASKS = {
    "vtlookup": {"looks up", "writes", "sees the key", "administers"},
    "vtreport": {"looks up", "writes", "sees the key", "administers"},
    "vtquota": {"looks up", "writes", "sees the key", "administers"},
    "vtdrain": {"sees the key", "administers"},
    "vtcomment": {"writes", "administers"},
    "vtrelated": {"looks up", "writes", "sees the key", "administers"},
    "vtbehaviour": {"looks up", "writes", "sees the key", "administers"},
    "vtsearch": {"looks up", "writes", "sees the key", "administers"},
    "vtstream": {"looks up", "writes", "sees the key", "administers"},
}


@pytest.mark.parametrize("rights", [*RIGHTS, "nothing"])
@pytest.mark.parametrize("name", ASKING)
def test_a_command_sends_requests_only_for_users_with_the_lookup_right(
    name: str, rights: str, keyless: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    there: dict[str, Any] = {"session_key": SESSION, "splunkd_uri": splunkd.url}
    splunkd.settings = {**splunkd.settings, "comments_allowed": "true", "quota": "1/day"}
    if name == "vtdrain":
        assert "rate_limited" in codes(call(splunkd, batch([lookup_of(md5(1)), lookup_of(md5(2))]))[1])
        splunkd.settings = {**splunkd.settings, "quota": "none"}
    before = len(sandbox.all_requests)
    splunkd.users[SESSION] = RIGHTS.get(rights, frozenset())
    keyless.command(name)([[{"x": EICAR_MD5}]] if name == "vtlookup" else [], *ASKING[name], **there)
    assert (len(sandbox.all_requests) > before) == (rights in ASKS[name])
