"""Searches, with any key and with a licence."""

from __future__ import annotations

import pytest

from tests.responses import error_of
from vt_connectors.sandbox import EVERY_LICENCE, SandboxConfig

from .conftest import MakeScenario, Scenario
from .deep_objects import INVOICE, IP, MALICIOUS, PAYLOAD, UNKNOWN


@pytest.mark.parametrize("query", [INVOICE, MALICIOUS, IP])
def test_an_indicator_is_found_with_its_verdict(v3: Scenario, query: str) -> None:
    found = v3("search", query=query)
    verdict = "undetected" if query == IP else "malicious"
    assert [(row["indicator"], row["verdict"]) for row in found["data"]["results"]] == [(query, verdict)]
    assert v3("search", query=query)["meta"]["source"] == "cache"


@pytest.mark.parametrize("query", [INVOICE, MALICIOUS, PAYLOAD])
def test_ids_only_are_the_same_objects_without_their_reports(v3: Scenario, query: str) -> None:
    [whole] = v3("search", query=query)["data"]["results"]
    [short] = v3("search", query=query, descriptors_only=True, order="last_analysis_date-")["data"]["results"]
    assert short == {name: whole[name] for name in ("type", "id", "indicator")}
    assert len(v3.calls) == 2


def test_no_result_is_not_found(v3: Scenario) -> None:
    found = v3("search", query=UNKNOWN)
    assert (found["status"], found["data"]["results"]) == ("not_found", [])


@pytest.mark.parametrize("query", ["10.0.0.1", "host.internal", "http://localhost/x"])
def test_an_internal_value_is_not_searched_for(licensed: Scenario, query: str) -> None:
    assert licensed("search", query=query)["status"] == "skipped"
    assert licensed("intelligence_search", query=query)["status"] == "skipped"
    assert licensed.calls == []


@pytest.mark.parametrize(
    "query",
    [
        "hostname:wiki.corp.example",
        "entity:ip ip:10.1.2.3",
        'entity:url url:"http://wiki.corp.example/x" p:5+',
        "(hostname:wiki.corp.example or hostname:evil.example)",
        "#wiki.corp.example",
        "wiki.corp.example 8.8.8.8",
    ],
)
def test_an_internal_value_inside_a_query_is_not_searched_for(make_scenario: MakeScenario, query: str) -> None:
    config = SandboxConfig(licences=EVERY_LICENCE)
    scenario = make_scenario("3", config=config, VT_NEVER_QUERY="corp.example")
    assert scenario("search", query=query)["status"] == "skipped"
    assert scenario("intelligence_search", query=query)["status"] == "skipped"
    assert scenario("vt_get", path="intelligence/search", query={"query": query})["status"] == "skipped"
    assert scenario.calls == []


def test_a_password_inside_a_query_is_refused_and_not_repeated(licensed: Scenario) -> None:
    query = 'entity:url url:"https://bob:secret@evil.example/"'
    for response in (
        licensed("intelligence_search", query=query),
        licensed("vt_get", path="intelligence/search", query={"query": query}),
    ):
        error = error_of(response)
        assert (error["code"], "secret" in str(response)) == ("invalid_request", False)
    assert licensed.calls == []


def test_the_password_of_a_url_is_not_searched_for(licensed: Scenario) -> None:
    licensed("search", query="http://bob:secret@malicious.example/payload.bin")
    assert licensed("search", query=PAYLOAD)["meta"]["source"] == "cache"
    assert "secret" not in " ".join(request.path for request in licensed.server.requests)


def test_a_licensed_search_is_paged_by_300(licensed: Scenario) -> None:
    found = licensed("intelligence_search", query="entity:file", limit=40)
    assert (found["status"], len(found["data"]["results"]) <= 40) == ("ok", True)
    assert found["data"]["total"] >= len(found["data"]["results"])
    ids = licensed("intelligence_search", query="entity:file", limit=5, descriptors_only=True)["data"]["results"]
    assert all(set(row) <= {"type", "id", "indicator", "date"} for row in ids)
    assert len(licensed.calls) == 2


def test_a_query_that_virustotal_does_not_accept_is_an_error_of_the_value(licensed: Scenario) -> None:
    assert error_of(licensed("intelligence_search", query='content:"ab"'))["code"] == "invalid_indicator"
    assert (
        error_of(licensed("intelligence_search", query="entity:file", order="nonsense-"))["code"] == "invalid_indicator"
    )
    assert error_of(licensed("intelligence_search", query=" \t "))["code"] == "invalid_request"


def test_without_the_licence_it_is_forbidden_and_asked_once(v3: Scenario) -> None:
    for query in ("entity:file", "entity:url", "entity:file"):
        error = error_of(v3("intelligence_search", query=query))
        assert (error["code"], error["details"]["licence"]) == ("forbidden", "premium")
    assert len(v3.calls) == 1
    assert v3("search", query=MALICIOUS)["status"] == "ok"


def test_results_belong_to_the_key(make_scenario: MakeScenario) -> None:
    scenario = make_scenario("3")
    sources = []
    for key in ("premium-a", "premium-b", "premium-a"):
        document = {"action": "intelligence_search", "params": {"query": "entity:file"}, "auth": {"api_key": key}}
        sources.append(scenario.core.answer(document)["meta"]["source"])
    assert sources == ["api", "api", "cache"]
