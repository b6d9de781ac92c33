"""`relationships`: the objects that are related to an indicator, by any relationship that VirusTotal has.

It runs on one Python: how an answer is translated does not depend on it.
"""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from tests.fake_clock import FakeClock
from tests.responses import error_of
from tests.scripted_server import ScriptedServer, json_answer
from tests.virustotal.house import core_at
from vt_connectors.actions.related_objects import row_of
from vt_connectors.actions.relationships import counted
from vt_connectors.indicators import Kind, parse_as
from vt_connectors.sandbox import Licence, SandboxConfig
from vt_connectors.virustotal.relationship_names import NAMES

from .conftest import MakeScenario, Scenario
from .deep_objects import ANNUAL, INVOICE, IP, KEYGEN, MALICIOUS, PAYLOAD, UNKNOWN

pytestmark = pytest.mark.once


def test_the_rows_are_indicators_with_their_kinds(v3: Scenario) -> None:
    data = v3("relationships", indicator=INVOICE, relationship="dropped_files")["data"]
    assert data["related"][0] == {"type": "hash", "id": KEYGEN, "indicator": KEYGEN}
    assert (data["relationship"], data["more"]) == ("dropped_files", False)
    urls = v3("relationships", indicator=INVOICE, relationship="contacted_urls")["data"]["related"]
    assert {"type": "url", "id": sha256(PAYLOAD.encode()).hexdigest(), "indicator": PAYLOAD} in urls
    assert v3.calls[0] == f"GET /api/v3/files/{INVOICE}/relationships/dropped_files"


@pytest.mark.parametrize("full", [False, True])
def test_rows_of_resolutions_have_host_and_address_as_those_of_passive_dns(v3: Scenario, full: bool) -> None:
    for indicator, action in ((MALICIOUS, {"domain": MALICIOUS}), (IP, {"ip": IP})):
        pairs = [(row["host"], row["ip"]) for row in v3("passive_dns", **action)["data"]["resolutions"]]
        related = v3("relationships", indicator=indicator, relationship="resolutions", full=full)["data"]["related"]
        assert [(row["host"], row["ip"]) for row in related] == pairs
        assert all(row["id"] == row["ip"] + row["host"] for row in related)


def test_an_id_that_is_no_pair_of_the_indicator_is_not_divided() -> None:
    domain, address = parse_as("domain", "a.example"), parse_as("ip", "2001:db8::1")
    assert row_of({"type": "resolution", "id": "192.0.2.7b.example"}, domain) == {
        "type": "resolution",
        "id": "192.0.2.7b.example",
    }
    assert row_of({"type": "resolution", "id": "2001:db8::1_x.a.example"}, address)["host"] == "_x.a.example"


def test_whole_objects_have_verdicts_that_are_judged_for_each_caller(v3: Scenario) -> None:
    def verdicts(**options: int) -> list[str]:
        given = {"thresholds": options} if options else {}
        found = v3("relationships", given, indicator=INVOICE, relationship="dropped_files", full=True)
        return [row["verdict"] for row in found["data"]["related"] if row["id"] == KEYGEN]

    assert verdicts() == ["suspicious"]
    assert verdicts(malicious=1) == ["malicious"]
    assert len(v3.calls) == 1


def test_pages_are_read_up_to_the_limit_and_each_is_one_request(v3: Scenario) -> None:
    found = v3("relationships", indicator=MALICIOUS, relationship="communicating_files", limit=50)
    assert (len(found["data"]["related"]), found["data"]["more"], found["meta"]["requests"]) == (50, True, 2)
    fewer = v3("relationships", indicator=MALICIOUS, relationship="communicating_files", limit=7)
    assert (len(fewer["data"]["related"]), fewer["data"]["more"], fewer["meta"]["source"]) == (7, True, "cache")
    every = v3("relationships", indicator=MALICIOUS, relationship="communicating_files", limit=500)
    assert (len(every["data"]["related"]), every["data"]["more"]) == (55, False)


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        *(("subdomains", "subdomain"), ("malware_families", "malware_family"), ("analyses", "analysis")),
        *(("historical_whois", "historical_whois"), ("last_serving_ip_address", "last_serving_ip_address")),
        *(("processes", "process"), ("dropped files", "dropped file"), ("ns_records", "ns_record")),
    ],
)
def test_a_count_of_one_has_a_singular(plural: str, singular: str) -> None:
    assert [counted(count, plural) for count in (0, 1, 2)] == [f"0 {plural}", f"1 {singular}", f"2 {plural}"]


def test_the_summary_counts_one_row(v3: Scenario) -> None:
    found = v3("relationships", indicator=MALICIOUS, relationship="subdomains", limit=1)
    assert found["summary"] == "more than 1 subdomain"


def test_the_quota_ends_the_paging_and_the_answer_says_that_there_is_more(make_scenario: MakeScenario) -> None:
    poor = make_scenario("3", VT_QUOTA="2/day")
    found = poor("relationships", indicator=MALICIOUS, relationship="communicating_files", limit=1000)
    assert (len(found["data"]["related"]), found["data"]["more"]) == (55, False)
    poorer = make_scenario("3", VT_QUOTA="1/day", VT_STATE="memory")
    found = poorer(
        "relationships", {"max_wait_s": 0}, indicator=MALICIOUS, relationship="communicating_files", limit=1000
    )
    assert (found["status"], len(found["data"]["related"]), found["data"]["more"]) == ("ok", 40, True)


def test_a_file_that_virustotal_names_but_does_not_have_is_marked(v3: Scenario) -> None:
    rows = v3("relationships", indicator=MALICIOUS, relationship="communicating_files", full=True, limit=55)["data"]
    missing = [row for row in rows["related"] if row.get("status") == "not_found"]
    assert missing
    assert all("verdict" not in row and row["indicator"] == row["id"] for row in missing)


def test_a_relationship_to_one_object_is_a_list_of_it(v3: Scenario) -> None:
    data = v3("relationships", indicator=PAYLOAD, relationship="network_location")["data"]
    assert [(row["type"], row["indicator"]) for row in data["related"]] == [("domain", MALICIOUS)]
    none = v3("relationships", indicator=MALICIOUS, relationship="parent", full=True)
    assert (none["status"], none["data"]["related"]) == ("ok", [])


@pytest.mark.parametrize(
    ("indicator", "status"), [(UNKNOWN, "not_found"), ("10.0.0.1", "skipped"), ("host.internal", "skipped")]
)
def test_unknown_and_internal_indicators(v3: Scenario, indicator: str, status: str) -> None:
    assert v3("relationships", indicator=indicator, relationship="comments")["status"] == status


def test_an_unknown_name_is_refused_by_virustotal_with_the_names_that_exist(v3: Scenario) -> None:
    error = error_of(v3("relationships", indicator=MALICIOUS, relationship="subdomain"))
    assert (error["code"], "did you mean 'subdomains'?" in error["message"]) == ("invalid_indicator", True)
    other = error_of(v3("relationships", indicator=INVOICE, relationship="subdomains"))
    assert "it exists for domain" in other["message"]
    # A name that VirusTotal added is not refused: the indicator may be unknown.
    assert v3("relationships", indicator=UNKNOWN, relationship="comments")["status"] == "not_found"


def test_a_name_that_virustotal_does_not_accept_is_an_error_with_the_names_that_exist() -> None:
    refused = json_answer(400, {"error": {"code": "BadRequestError", "message": "not a relationship"}})
    with ScriptedServer() as server:
        server.script(refused)
        core = core_at(server.url, FakeClock())
        params = {"indicator": MALICIOUS, "relationship": "subdomain"}
        error = error_of(core.answer({"action": "relationships", "params": params}))
    assert (error["code"], "did you mean 'subdomains'?" in error["message"]) == ("invalid_indicator", True)
    assert "resolutions" in error["details"]["relationships"]


def test_a_missing_licence_is_named_and_remembered_for_this_relationship_only(v3: Scenario) -> None:
    for _ in range(3):
        error = v3("relationships", {"cache": "refresh"}, indicator=MALICIOUS, relationship="urls")["error"]
        assert (error["code"], error["details"]["licence"]) == ("forbidden", "premium")
        assert "VirusTotal Premium" in error["message"]
    assert len(v3.calls) == 1
    assert v3("relationships", indicator=MALICIOUS, relationship="siblings")["status"] == "ok"
    assert v3("lookup_domain", domain=MALICIOUS)["status"] == "ok"


def test_licensed_rows_belong_to_the_key_that_fetched_them(make_scenario: MakeScenario) -> None:
    scenario = make_scenario("3", config=SandboxConfig())
    keys = ("premium-one", "premium-two", "public")

    def ask(key: str, **params: object) -> tuple[str, str | None]:
        document = {"action": "relationships", "params": {"indicator": MALICIOUS, **params}, "auth": {"api_key": key}}
        found = scenario.core.answer(document)
        return (found["error"]["code"] if found["error"] else found["status"]), found["meta"]["source"]

    assert [ask(key, relationship="urls") for key in keys] == [("ok", "api"), ("ok", "api"), ("forbidden", None)]
    assert [ask(key, relationship="urls") for key in keys] == [("ok", "cache"), ("ok", "cache"), ("forbidden", None)]
    assert [ask(key, relationship="siblings") for key in keys] == [("ok", "api"), ("ok", "cache"), ("ok", "cache")]
    whole = [ask(key, relationship="subdomains", full=True) for key in keys]
    assert whole == [("ok", "api"), ("ok", "api"), ("ok", "api")]


def test_every_name_in_the_table_is_answered(licensed: Scenario) -> None:
    values: dict[Kind, str] = {"hash": INVOICE, "url": PAYLOAD, "domain": MALICIOUS, "ip": IP}
    for kind, names in NAMES.items():
        for name in names:
            for full in (False, True):
                found = licensed("relationships", indicator=values[kind], type=kind, relationship=name, full=full)
                assert found["status"] == "ok", (kind, name, found["summary"])


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"type": 7, "id": 7, "attributes": 7, "context_attributes": []},
        {"type": "url", "id": "aa", "context_attributes": {"url": 5}},
        {"type": "file", "id": "not a hash", "attributes": {"last_analysis_stats": "none"}},
        {"type": "domain", "id": None, "attributes": {"last_analysis_stats": {"malicious": "3"}}},
        {"type": "resolution", "attributes": {"date": "soon", "results": {"x": {}}}},
    ],
    ids=json.dumps,
)
def test_an_odd_object_is_a_row_without_what_it_lacks(odd: dict[str, object]) -> None:
    row = row_of(odd)
    assert isinstance(row["type"], str)
    assert None not in row.values()


def test_the_licence_of_the_sandbox_is_the_tables(make_scenario: MakeScenario) -> None:
    premium = make_scenario("3", config=SandboxConfig(licences=frozenset({Licence.PREMIUM})))
    assert premium("relationships", indicator=ANNUAL, relationship="similar_files")["status"] == "ok"
    error = premium("relationships", indicator=ANNUAL, relationship="malware_families")["error"]
    assert (error["code"], error["details"]["licence"]) == ("forbidden", "gti")
