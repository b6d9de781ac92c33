"""The cached answers and the quota record are shown without any request."""

from __future__ import annotations

import jsonschema

from vt_connectors.actions.cache_listing import CachedRow, newest
from vt_connectors.contract.validation import schema

from .conftest import MakeScenario

EICAR = "44d88612fea8a8f36de82e1278abb02f"
URL = "http://malicious.example/a:b?c"


def test_answers_are_listed_with_the_newest_first_and_the_verdict_of_now(make_scenario: MakeScenario) -> None:
    scenario = make_scenario(VT_MALICIOUS_THRESHOLD="1000")
    scenario("lookup_hash", {}, hash=EICAR)
    scenario.clock.advance(5)
    scenario("lookup_url", {}, url=URL)
    scenario.clock.advance(7.5)
    scenario("lookup_hash", {}, hash="0" * 32)
    asked, now = len(scenario.calls), scenario.clock.now()
    assert newest(scenario.core.context, 10) == [
        CachedRow("hash", "0" * 32, "not_found", "unknown", now, 0),
        CachedRow("url", URL, "ok", "suspicious", now - 7.5, 7, 0, 71),
        CachedRow("hash", EICAR, "ok", "suspicious", now - 12.5, 12, 62, 68),
    ]
    assert [kept.indicator for kept in newest(scenario.core.context, 1)] == ["0" * 32]
    assert len(scenario.calls) == asked


def test_a_cached_answer_of_another_kind_has_no_verdict(make_scenario: MakeScenario) -> None:
    scenario = make_scenario()
    scenario("passive_dns", {}, domain="malicious.example")
    (kept,) = newest(scenario.core.context, 10)
    assert kept.kind not in ("hash", "url", "domain", "ip")
    assert "malicious.example" in kept.indicator
    assert kept.verdict is None


def test_an_answer_that_outlived_its_time_is_listed_while_it_is_there(make_scenario: MakeScenario) -> None:
    scenario = make_scenario()
    scenario("lookup_hash", {}, hash=EICAR)
    scenario.clock.advance(20 * 86400)
    assert [kept.age_s for kept in newest(scenario.core.context, 10)] == [20 * 86400]


def test_the_quotas_own_record_is_reported_without_asking(make_scenario: MakeScenario) -> None:
    scenario = make_scenario(VT_QUOTA="4/minute,500/day")
    scenario("lookup_hash", {}, hash=EICAR)
    before = len(scenario.server.all_requests)
    response = scenario("quota", {"cache": "only"})
    jsonschema.validate(response, schema("response.json"))
    assert response["status"] == "ok"
    assert set(response["data"]) == {"windows"}
    assert response["data"]["windows"]["minute"]["used"] == 1
    assert response["summary"] == "used: 1 of 4 a minute, 1 of 500 a day"
    assert (response["meta"]["source"], response["meta"]["requests"]) == (None, 0)
    assert len(scenario.server.all_requests) == before


def test_windows_that_the_account_sets_are_known_as_soon_as_it_was_asked(make_scenario: MakeScenario) -> None:
    scenario = make_scenario(VT_QUOTA="auto")
    assert scenario("quota", {"cache": "only"})["data"]["windows"]["minute"]["limit"] == 4
    windows = scenario("quota")["data"]["windows"]
    assert windows.get("minute") is None
    assert scenario("quota", {"cache": "only"})["data"]["windows"] == windows
