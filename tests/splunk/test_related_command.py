"""`| vtrelated` lists the objects that are related to one indicator."""

from __future__ import annotations

import json
from typing import Any

import pytest

from package.splunkd_driver.driver import Record, SearchResult
from tests.scripted_server import ScriptedServer, json_answer
from vt_connectors.sandbox import SandboxServer
from vt_connectors.sandbox.accounts import key_digest

from .endpoint_harness import ANALYST, KEY
from .fake_splunkd import EVERYTHING, SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup, normal

INVOICE = "d75e71a9b6501b283cead761d0d4505dba8adfc1b9adee5bbeb6ab5e0b1571d2"
NAMED = [
    "indicator",
    *(f"vt_{name}" for name in ("relationship", "type", "indicator", "id", "date", "status", "reason", "host", "ip")),
]
FILES = ("value=malicious.example", "relationship=communicating_files")
BY = pytest.mark.parametrize("rights", [ANALYST, EVERYTHING], ids=["by the endpoint", "with the key"])


@pytest.fixture
def related(lookup: Lookup) -> Lookup:
    return lookup.command("vtrelated")


def by_splunkd(command: Lookup, splunkd: FakeSplunkd, *args: str) -> SearchResult:
    there: dict[str, Any] = {"session_key": SESSION, "splunkd_uri": splunkd.url}
    result = command([], *args, **there)
    assert KEY not in repr(result)
    return result


def told(result: SearchResult) -> tuple[str, str]:
    """The one message of a search that went through to its end."""
    assert (result.complete, result.exit_code, result.stderr) == (True, 0, "")
    [message] = result.messages
    return message


def test_each_related_object_is_a_row(related: Lookup, python: str) -> None:
    result = related.on(python)([], *FILES, "limit=3")
    assert result.getinfo is not None
    assert result.getinfo.metadata == {"generating": True, "type": "reporting"}
    assert [list(row) for row in result.records] == [NAMED] * 3
    first = result.records[0]
    assert (first["indicator"], first["vt_relationship"]) == ("malicious.example", "communicating_files")
    assert (first["vt_type"], first["vt_indicator"], first["vt_status"]) == ("hash", INVOICE, "ok")
    assert told(result) == ("INFO", "vtrelated: there are more than 3: raise limit= to get them")


def test_resolutions_have_a_host_and_an_address_to_look_up(related: Lookup) -> None:
    [row] = related([], "value=malicious.example", "relationship=resolutions", "limit=1").records
    assert row["vt_host"] == "malicious.example"
    assert row["vt_id"] == f"{row['vt_ip']}malicious.example"


def test_with_full_rows_have_what_a_report_has(lookup: Lookup, related: Lookup) -> None:
    row = related([], *FILES, "limit=1", "full=true").records[0]
    [report] = normal(lookup.command("vtreport")([], f"value={INVOICE}")).records
    shared = ["verdict", "malicious", "total", "detections", "reputation", "label", "tags", "names"]
    for name in (*shared, "first_seen", "last_analysis", "link"):
        assert (name, row[f"vt_{name}"]) == (name, report[f"vt_{name}"])
    assert row["vt_verdict"] == "malicious"
    assert row["vt_size"]


def test_lists_are_multivalue_and_other_objects_have_their_attributes(related: Lookup) -> None:
    rows = related([], *FILES, "limit=2", "full=1").records
    assert rows[1]["vt_names"] == ["résumé.txt", "budget.txt"]
    [rules] = normal(related([], f"value={INVOICE}", "relationship=sigma_analysis", "full=true")).records
    assert (rules["vt_type"], rules["vt_indicator"]) == ("sigma_analysis", "")
    assert json.loads(str(rules["vt_attributes"]))["rule_matches"]


@BY
def test_all_pages_come_by_both_ways_and_a_second_search_costs_nothing(
    rights: frozenset[str], keyless: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    splunkd.users[SESSION] = rights
    command = keyless.command("vtrelated")
    rows: list[Record] = normal(by_splunkd(command, splunkd, *FILES, "limit=1000")).records
    assert len({row["vt_id"] for row in rows}) == len(rows) == 55
    assert {request.key for request in sandbox.requests} == {key_digest(KEY)}
    asked = len(sandbox.requests)
    assert normal(by_splunkd(command, splunkd, *FILES, "limit=1000")).records == rows
    assert len(sandbox.requests) == asked


@pytest.mark.parametrize(
    ("args", "status", "reason", "message"),
    [
        ((f"value={'0' * 64}", "relationship=contacted_ips"), "not_found", "", "VirusTotal does not know this hash"),
        (("value=10.0.0.1", "relationship=resolutions"), "skipped", "private_address", "private or reserved address"),
    ],
    ids=["unknown to VirusTotal", "private"],
)
def test_an_answer_without_an_object_is_a_row_and_a_message(
    args: tuple[str, ...], status: str, reason: str, message: str, related: Lookup
) -> None:
    result = related([], *args)
    level, text = told(result)
    assert level == "INFO"
    assert message in text
    [row] = result.records
    assert (row["vt_status"], row["vt_reason"], row["vt_indicator"]) == (status, reason, "")
    assert list(row) == NAMED


def test_a_misspelt_relationship_is_an_error_and_not_an_unknown_indicator(related: Lookup) -> None:
    result = related([], "value=malicious.example", "relationship=sibling")
    level, text = told(result)
    assert (level, result.records) == ("ERROR", [])
    assert "did you mean 'siblings'" in text


def test_what_has_no_related_objects_is_no_row_and_a_message(related: Lookup) -> None:
    result = related([], "value=malicious.example", "relationship=siblings")
    assert result.records == []
    assert told(result) == ("INFO", "vtrelated: 0 siblings")


@BY
def test_a_relationship_that_the_key_is_not_licensed_for_names_the_licence(
    rights: frozenset[str], keyless: Lookup, splunkd: FakeSplunkd
) -> None:
    splunkd.users[SESSION] = rights
    result = by_splunkd(keyless.command("vtrelated"), splunkd, "value=malicious.example", "relationship=urls")
    level, text = told(result)
    assert (level, result.records) == ("ERROR", [])
    assert "needs a licence for VirusTotal Premium" in text


@BY
def test_without_quota_the_message_says_when_there_is_some(
    rights: frozenset[str], keyless: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    splunkd.users[SESSION] = rights
    splunkd.settings = {**splunkd.settings, "quota": "1/day"}
    command = keyless.command("vtrelated")
    part = by_splunkd(command, splunkd, *FILES, "limit=100", "wait=0")
    assert len(part.records) == 40
    assert told(part) == (
        "INFO",
        "vtrelated: there was quota for 40 only, and there are more: run again, or raise wait=",
    )
    result = by_splunkd(command, splunkd, f"value={EICAR_MD5}", "relationship=contacted_urls", "wait=1")
    assert told(result) == (
        "ERROR",
        "vtrelated: there is no quota now: the key allows 1 requests a day; run again tomorrow (UTC)",
    )
    assert (result.records, len(sandbox.requests)) == ([], 1)


@BY
def test_a_search_waits_for_quota_as_long_as_it_may(
    rights: frozenset[str], keyless: Lookup, splunkd: FakeSplunkd
) -> None:
    splunkd.users[SESSION] = rights
    splunkd.settings = {**splunkd.settings, "quota": "1/3s"}
    command = keyless.command("vtrelated")
    for value in ("example.com", "phishing.example", "malicious.example"):
        result = by_splunkd(command, splunkd, f"value={value}", "relationship=resolutions", "limit=1", "wait=60")
        assert [level for level, _ in result.messages if level != "INFO"] == []
        assert len(result.records) == 1


def test_a_name_without_an_object_says_so(related: Lookup) -> None:
    rows = normal(related([], *FILES, "limit=100", "full=true")).records
    gone = [row for row in rows if row["vt_status"] == "not_found"]
    assert gone
    assert {row["vt_verdict"] for row in gone} == {""}


def test_half_a_character_in_an_answer_does_not_lose_the_rows(related: Lookup) -> None:
    items = [{"type": "domain", "id": "a.example"}, {"type": "graph", "id": "g\ud800h"}]
    with ScriptedServer() as server:
        server.script(json_answer(200, {"data": items, "meta": {}, "links": {}}))
        result = related.set(VT_API_URL=server.url)([], "value=example.com", "relationship=graphs")
    assert [row["vt_id"] for row in normal(result).records] == ["a.example", "g?h"]


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        ([], "value= must be an indicator, and relationship= a name"),
        (["value=a"], "relationship= a name"),
        (["relationship=a"], "value= must be"),
        (["value=a", "relationship=../users"], "relationship='../users': the name of a relationship"),
        (["value=a", "relationship={0}"], "relationship='{0}'"),
        (["value=a", "relationship=b", "type=ioc"], "type='ioc': one of hash, url, domain, ip"),
        (["value=a", "relationship=b", "limit=1001"], "limit='1001': a number from 1 to 1000"),
        (["value=a", "relationship=b", "limit="], "limit='': a number"),
        (["value=a", "relationship=b", "full=maybe"], "full='maybe': true or false"),
        (["value=a", "relationship=b", "wait=soon"], "wait='soon'"),
        (["value=a", "relationship=b", "raw=true"], "raw= is not an option of this command"),
    ],
)
def test_wrong_options_refuse_the_search(
    related: Lookup, sandbox: SandboxServer, args: list[str], complaint: str
) -> None:
    result = related([], *args)
    assert (result.replies, result.exit_code, result.stderr) == ([], 1, "")
    ((level, text),) = result.messages
    assert level == "ERROR"
    assert complaint in text
    assert sandbox.all_requests == []
