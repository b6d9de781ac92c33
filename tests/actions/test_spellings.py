"""Spellings in logs and by people: looked up once, refused, or not sent; without a URL's credentials."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from tests.redis_process import RedisProcess
from tests.responses import error_of
from tests.scripted_server import ScriptedServer, json_answer
from tests.virustotal.house import core_at
from vt_connectors.contract.validation import all_violations

from .conftest import MakeScenario, Scenario

EICAR = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
MD5 = "44d88612fea8a8f36de82e1278abb02f"
SYSMON = f"SHA1=3395856CE81F2B7382DEE72602F798B642F14140,MD5={MD5.upper()},SHA256={EICAR.upper()},IMPHASH={'F' * 32}"
SECRET = "hunter2"
URL = f"https://bob:{SECRET}@malicious.example/payload.bin"

SPELT = [
    ("lookup_hash", "hash", [SYSMON, f"sha256:{EICAR}", f"<{EICAR}>", EICAR]),
    ("lookup_ip", "ip", ["8.8.8.8:53", "'8.8.8.8'", "8.8[.]8.8", "8.8.8.8"]),
    ("lookup_domain", "domain", ["malicious.example:8080", "(9)malicious(7)example(0)", "malicious.example"]),
    ("lookup_domain", "domain", ["\U0001f4a9.la", "xn--ls8h.la"]),
    ("lookup_url", "url", ["https:/malicious.example/x", "\ufeffhxxps://malicious[.]example/x", URL[:-11] + "x"]),
    ("get_comments", "indicator", [SYSMON, f"SHA256={EICAR}"]),
    ("get_comments", "indicator", ["<http://malicious.example/x>", "http//malicious.example/x"]),
]


@pytest.mark.parametrize(("action", "param", "values"), SPELT)
def test_spellings_of_one_indicator_cost_one_request(
    scenario: Scenario, action: str, param: str, values: list[str]
) -> None:
    answers = [scenario(action, **{param: value}) for value in values]
    assert {answer["status"] for answer in answers} <= {"ok", "not_found"}
    assert len({answer["data"]["indicator"] for answer in answers}) == 1
    assert len(scenario.server.requests) == 1


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("lookup_domain", {"domain": "5.1.168.192.in-addr.arpa"}),
        ("lookup_url", {"url": "http://router.home.arpa/"}),
        ("scan_url", {"url": "http://dc01.corp/"}),
        ("passive_dns", {"domain": "7.6.5.10.in-addr.arpa."}),
        ("get_comments", {"indicator": "x.onion"}),
        ("add_comment", {"indicator": "d.f.ip6.arpa", "comment": "seen"}),
        ("lookup_ip", {"ip": "192.168.1.1:445"}),
    ],
)
def test_private_names_in_disguise_are_skipped_with_the_rules_name(
    scenario: Scenario, action: str, params: dict[str, str]
) -> None:
    answer = scenario(action, **params)
    assert (answer["status"], scenario.server.all_requests) == ("skipped", [])
    assert answer["data"]["reason"] in ("private_address", "internal_name")


@pytest.mark.parametrize("value", ["evil.exe", "kernel32.dll", "Salaries.xlsx", "8.8.8.0/24", "TCP/IP", "-", "N/A"])
def test_what_is_recognised_as_nothing_gets_no_comment_and_no_request(scenario: Scenario, value: str) -> None:
    for action, more in (("add_comment", {"comment": "seen"}), ("get_comments", {})):
        answer = scenario(action, indicator=value, **more)
        assert answer["error"]["code"] == "invalid_indicator"
    assert error_of(scenario.core.look_up(None, value, _default()))["code"] == "invalid_indicator"
    assert error_of(scenario.core.look_up_at_hand(None, [value], _default())[value])["code"] == "invalid_indicator"
    assert scenario.server.all_requests == []


def test_a_name_that_the_user_lists_is_skipped_whatever_its_top_level_domain(make_scenario: MakeScenario) -> None:
    scenario = make_scenario(VT_NEVER_QUERY="acme.workplace")
    for response in (
        scenario.core.look_up(None, "pc7.acme.workplace", _default()),
        scenario.core.look_up_at_hand(None, ["pc7.acme.workplace"], _default())["pc7.acme.workplace"],
        scenario("add_comment", indicator="pc7.acme.workplace", comment="seen"),
        scenario("get_comments", indicator="pc7.acme.workplace"),
    ):
        assert (response["status"], response["data"]["reason"]) == ("skipped", "never_query")
    assert scenario.server.all_requests == []


def test_a_top_level_domain_newer_than_the_list_is_asked_about_if_the_kind_is_named(scenario: Scenario) -> None:
    for action, params in (
        ("lookup_domain", {"domain": "shop.newtld"}),
        ("get_comments", {"indicator": "shop.newtld", "type": "domain"}),
        ("passive_dns", {"domain": "shop.newtld"}),
    ):
        assert scenario(action, **params)["status"] in ("ok", "not_found")
    assert len(scenario.server.requests) == 3


def test_a_list_is_refused_with_what_to_do(scenario: Scenario) -> None:
    answer = scenario("lookup_ip", ip="8.8.8.8, 1.1.1.1")
    assert answer["error"]["code"] == "invalid_indicator"
    assert "send each" in answer["error"]["message"]
    assert scenario.server.all_requests == []


URL_ACTIONS: list[tuple[str, dict[str, Any]]] = [
    ("lookup_url", {"url": URL}),
    ("lookup_url", {"url": f"https://bob:{SECRET}@unknown.example/", "scan_if_missing": True}),
    ("scan_url", {"url": URL}),
    ("add_comment", {"indicator": URL, "comment": "seen"}),
    ("get_comments", {"indicator": URL, "type": "url"}),
    ("lookup_url", {"url": f"https://bob:{SECRET}@10.0.0.1/"}),
]


@pytest.mark.parametrize(("action", "params"), URL_ACTIONS)
def test_credentials_are_not_sent_and_not_repeated_and_their_removal_is_reported(
    scenario: Scenario, tmp_path: Path, action: str, params: dict[str, Any]
) -> None:
    answer = scenario(action, **params)
    assert answer["status"] in ("ok", "pending", "not_found", "skipped"), answer
    assert answer["data"]["removed"] == ["user", "password"]
    assert all_violations("response.json", answer) == []
    assert SECRET not in json.dumps(answer)
    assert answer["data"]["indicator"] == str(params.get("url", params.get("indicator"))).replace(f"bob:{SECRET}@", "")
    scenario.core.close()  # otherwise a thread that ends removes files at any moment
    assert not any(SECRET.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_url_is_sent_to_be_scanned_without_its_credentials(clock: FakeClock) -> None:
    with ScriptedServer() as server:
        url_id = hashlib.sha256(URL.replace(f"bob:{SECRET}@", "").encode()).hexdigest()
        server.script(json_answer(200, {"data": {"type": "analysis", "id": f"u-{url_id}-1"}}))
        core = core_at(server.url, clock)
        assert core.answer({"action": "scan_url", "params": {"url": URL}})["data"]["removed"] == ["user", "password"]
        (sent,) = server.received
    assert b"malicious.example" in sent.body
    assert SECRET.encode() not in sent.body
    assert b"bob" not in sent.body


def test_no_removal_is_reported_to_callers_without_credentials_from_the_cache(scenario: Scenario) -> None:
    scenario("lookup_url", url=URL)
    again = scenario("lookup_url", url=URL.replace(f"bob:{SECRET}@", ""))
    assert again["meta"]["source"] == "cache"
    assert "removed" not in again["data"]


def test_credentials_are_not_queued(make_scenario: MakeScenario, tmp_path: Path) -> None:
    scenario = make_scenario(VT_QUOTA="1/day")
    scenario("lookup_ip", ip="8.8.8.8")
    refused = scenario("lookup_url", {"max_wait_s": 0}, url=URL)
    assert refused["error"]["details"]["queued"] is True
    assert SECRET not in json.dumps(refused)
    assert [entry.value for entry in scenario.core.context.pending.oldest(9)] == [
        "https://malicious.example/payload.bin"
    ]


RECORDED = {
    "last_analysis_stats": {"malicious": 1, "undetected": 60},
    "last_final_url": f"https://bob:{SECRET}@files.example.com/x",
    "url": f"https://bob:{SECRET}@malicious.example/x",
    "last_http_response_headers": {"set-cookie": f"session={SECRET}", "server": "nginx"},
    "last_http_response_cookies": {"session": SECRET},
    "redirection_chain": [f"https://bob:{SECRET}@malicious.example/x"],
}


@pytest.mark.parametrize("backend", ["sqlite", "redis"])
def test_what_virustotal_recorded_is_kept_without_cookies_and_credentials(
    backend: str, tmp_path: Path, clock: FakeClock, request: pytest.FixtureRequest
) -> None:
    with ScriptedServer() as server:
        found = {"type": "url", "id": "1" * 64, "attributes": {**RECORDED, "url": "https://malicious.example/x"}}
        server.script(json_answer(200, {"data": found}))
        state = tmp_path / "state.db"
        core = core_at(server.url, clock, state if backend == "sqlite" else None, **_at(backend, request))
        for _ in range(2):
            answer = core.answer(
                {
                    "action": "lookup_url",
                    "params": {"url": "https://malicious.example/x"},
                    "options": {"include": ["raw"]},
                }
            )
            assert answer["status"] == "ok", answer
            assert SECRET not in json.dumps(answer)
            assert answer["data"]["final_url"] == "https://files.example.com/x"
            assert answer["data"]["raw"]["attributes"]["last_http_response_headers"]["server"] == "nginx"
        assert answer["meta"]["source"] == "cache"


def _at(backend: str, request: pytest.FixtureRequest) -> dict[str, str]:
    if backend == "sqlite":
        return {}
    redis: RedisProcess = request.getfixturevalue("redis_process")
    return {"VT_STATE": redis.url}


def _default() -> Any:
    from vt_connectors.contract.documents import Options

    return Options()
