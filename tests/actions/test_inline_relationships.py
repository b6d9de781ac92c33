"""Related objects in a lookup's own answer, without a further request.

It runs on one Python: how an answer is translated does not depend on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from vt_connectors.core import Core

from .conftest import MakeScenario, Scenario
from .several import Played, Several, refused, said

pytestmark = pytest.mark.once

DOMAIN = "malicious.example"
KEY, OTHER = "k" * 64, "o" * 64


def object_with(relationships: Mapping[str, Any], domain: str = "a.example") -> dict[str, Any]:
    stats = {"malicious": 5, "undetected": 60}
    attributes = {"last_analysis_stats": stats}
    return {"data": {"type": "domain", "id": domain, "attributes": attributes, "relationships": dict(relationships)}}


def descriptors(count: int) -> list[dict[str, Any]]:
    return [{"type": "domain", "id": f"{number}.a.example"} for number in range(count)]


def virustotal(relationships: Mapping[str, Any]) -> Played:
    return Played(lambda _: said(object_with(relationships)))


def lookup(core: Core, *names: str, **options: Any) -> Mapping[str, Any]:
    params = {"domain": "a.example", **({"relationships": list(names)} if names else {})}
    return core.answer({"action": "lookup_domain", "params": params, "options": options})


@pytest.mark.parametrize("action", ["lookup", "lookup_domain"])
def test_they_come_with_the_report_in_one_request(v3: Scenario, action: str) -> None:
    param = "value" if action == "lookup" else "domain"
    response = v3(action, {}, **{param: DOMAIN, "relationships": ["resolutions", "subdomains", "resolutions"]})
    assert (response["status"], response["meta"]["requests"]) == ("ok", 1)
    found = response["data"]["relationships"]
    assert set(found) == {"resolutions", "subdomains"}
    assert all(0 < len(rows) <= 20 for rows in found.values())
    assert all(row["indicator"].endswith(DOMAIN) for row in found["subdomains"])
    assert all(row["host"] == DOMAIN and row["id"] == row["ip"] + DOMAIN for row in found["resolutions"])
    assert len(v3.server.requests) == 1
    assert response["data"]["verdict"] == v3("lookup_domain", domain=DOMAIN)["data"]["verdict"]
    assert len(v3.server.requests) == 1, "the report without them was stored too"


@pytest.mark.parametrize(
    ("given", "rows", "has_more"),
    [
        ({"data": descriptors(2)}, ["0.a.example", "1.a.example"], False),
        ({"data": descriptors(1), "meta": {"cursor": "c", "count": 1}}, ["0.a.example"], True),
        ({"data": descriptors(1), "meta": {"count": 9}}, ["0.a.example"], True),
        ({"data": descriptors(1), "meta": {"cursor": "", "count": 1}}, ["0.a.example"], False),
        ({"data": {"type": "domain", "id": "b.example"}, "meta": {"count": 1}}, ["b.example"], False),
        ({"data": []}, [], False),
        ({"data": None}, [], False),
        ({}, [], False),
        ({"data": ["x", None]}, [], False),
    ],
)
def test_every_form_of_rows(several: Several, given: dict[str, Any], rows: list[str], has_more: bool) -> None:
    data = lookup(several.core(virustotal({"subdomains": given})), "subdomains")["data"]
    assert [row["id"] for row in data["relationships"]["subdomains"]] == rows
    assert data["relationships_more"] == (["subdomains"] if has_more else [])


def test_names_are_sent_once_and_in_order(several: Several) -> None:
    played = virustotal({})
    for names in (["b", "a", "b"], ["a", "b"]):
        assert lookup(several.core(played), *names)["status"] == "ok"
    assert [request.url.partition("?")[2] for request in played.asked] == ["relationships=a%2Cb"]


def test_there_are_at_most_20_of_each(several: Several) -> None:
    data = lookup(several.core(virustotal({"subdomains": {"data": descriptors(25)}})), "subdomains")["data"]
    assert (len(data["relationships"]["subdomains"]), data["relationships_more"]) == (20, ["subdomains"])


@pytest.mark.parametrize("inline", [{}, {"subdomains": None}, {"subdomains": {"error": {"code": "ForbiddenError"}}}])
def test_what_virustotal_leaves_out_is_not_invented(several: Several, inline: dict[str, Any]) -> None:
    data = lookup(several.core(virustotal({**inline, "siblings": {"data": []}})), "subdomains", "siblings")["data"]
    assert data["relationships"].get("subdomains", []) == []
    assert data["relationships"]["siblings"] == []


def test_whole_objects_are_cut_to_descriptors(several: Several) -> None:
    row = {"type": "url", "id": "a" * 64, "attributes": {"url": "http://u:p@b.example/", "last_analysis_stats": {}}}
    data = lookup(several.core(virustotal({"urls": {"data": [row]}})), "urls")["data"]
    assert data["relationships"]["urls"] == [{"type": "url", "id": "a" * 64, "indicator": "http://b.example/"}]


def test_they_are_cached_for_their_key_and_for_their_names(several: Several) -> None:
    played, other = virustotal({"subdomains": {"data": []}}), virustotal({"subdomains": {"data": []}})
    sources = [lookup(several.core(played, KEY), "subdomains")["meta"]["source"] for _ in range(3)]
    assert sources == ["api", "cache", "cache"]
    assert lookup(several.core(played, KEY))["meta"]["source"] == "cache"
    assert lookup(several.core(played, KEY), "siblings")["meta"]["source"] == "api"
    assert lookup(several.core(other, OTHER), "subdomains", cache="only")["data"]["reason"] == "not_cached"
    assert lookup(several.core(other, OTHER), "subdomains")["meta"]["source"] == "api"
    assert lookup(several.core(other, OTHER))["meta"]["source"] == "cache"
    assert (len(played.asked), len(other.asked)) == (2, 1)


def test_what_outdates_the_report_outdates_them(v3: Scenario) -> None:
    asked = {"domain": DOMAIN, "relationships": ["subdomains"]}
    assert v3("lookup_domain", **asked)["meta"]["source"] == "api"
    assert v3("lookup_domain", **asked)["meta"]["source"] == "cache"
    assert v3("rescan", indicator=DOMAIN)["error"] is None
    assert v3("lookup_domain", **asked)["meta"]["source"] == "api"


def test_a_name_that_virustotal_refuses_is_named(v3: Scenario) -> None:
    error = v3("lookup_domain", domain=DOMAIN, relationships=["subdomain"])["error"]
    assert error["code"] == "invalid_indicator"
    assert "'subdomain'" in error["message"]
    assert "'subdomains'" in error["message"]


def test_a_refusal_for_another_reason_stays(several: Several) -> None:
    core = several.core(Played(lambda _: refused(400, "InvalidArgumentError", "is not a valid domain pattern")))
    error = lookup(core, "subdomains")["error"]
    assert error is not None
    assert "not a valid domain pattern" in error["message"]


@pytest.mark.parametrize("names", ["subdomains", ["SubDomains"], ["a/b"], [""], [1], ["a"] * 21])
def test_names_are_checked(v3: Scenario, names: Any) -> None:
    error = v3("lookup_domain", domain=DOMAIN, relationships=names)["error"]
    assert error["code"] == "invalid_request"
    assert error["details"]["path"].startswith("/params/relationships")
    assert v3.server.requests == []


def test_api_v2_has_none(make_scenario: MakeScenario) -> None:
    error = make_scenario("2")("lookup_domain", domain=DOMAIN, relationships=["subdomains"])["error"]
    assert error["code"] == "config_error"
    assert "VT_API_VERSION=3" in error["message"]


def test_without_quota_it_is_not_queued_because_a_drain_would_not_ask_for_them(several: Several) -> None:
    played = virustotal({})
    core = several.core(played, VT_QUOTA="1/day")
    core.answer({"action": "lookup_ip", "params": {"ip": "8.8.8.8"}})
    error = lookup(core, "subdomains", max_wait_s=0)["error"]
    assert error is not None
    assert (error["code"], error["details"]["queued"]) == ("rate_limited", False)


def test_an_unknown_url_that_is_scanned_has_them_in_its_report(make_scenario: MakeScenario) -> None:
    v3 = make_scenario("3")
    asked = {"url": "http://new.example/inline", "scan_if_missing": True, "relationships": ["network_location"]}
    response = v3("lookup_url", {"max_wait_s": 600}, **asked)
    assert response["status"] == "ok"
    assert set(response["data"]["relationships"]) <= {"network_location"}
