"""Methods beyond lookups and scans, with typed answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.python_api.conftest import Connect
from tests.python_api.fake_core import FakeCore, document
from tests.vtaction_process import EVERY_LICENCE
from vt_connectors import (
    ApiResponse,
    Conflict,
    Forbidden,
    InvalidIndicator,
    InvalidRequest,
    Notification,
    RelatedObject,
    Relationships,
    Stats,
    VirusTotal,
    Vote,
)
from vt_connectors.contract.documents import Options

EICAR = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
INVOICE = "d75e71a9b6501b283cead761d0d4505dba8adfc1b9adee5bbeb6ab5e0b1571d2"
NEVER_RUN = "e90fbb283b4b568683efbb1419ddc702e628d0dd33ce1408318609c5a5755529"


@pytest.fixture
def licensed(at_sandbox: Connect) -> VirusTotal:
    return at_sandbox(api_key=EVERY_LICENCE)


def test_related_objects_are_ids_or_whole_objects_with_verdicts(vt: VirusTotal) -> None:
    ids = vt.relationships("malicious.example", "subdomains", limit=2)
    assert (ids.status, ids.type, ids.relationship) == ("ok", "domain", "subdomains")
    assert (len(ids.related), ids.more) == (2, True)
    assert all(item.type == "domain" and item.is_known and item.verdict is None for item in ids.related)
    assert all(isinstance(item.date, datetime) for item in ids.related)
    whole = vt.relationships("malicious.example", "communicating_files", limit=40, full=True)
    [invoice] = [item for item in whole.related if item.id == INVOICE]
    assert (invoice.type, invoice.verdict) == ("hash", "malicious")
    assert invoice.stats == Stats(malicious=47, suspicious=0, harmless=0, undetected=20, total=67)
    assert invoice.names == ("invoice_2291.pdf.exe",)
    assert invoice.first_seen is not None
    assert invoice.first_seen.tzinfo is timezone.utc
    assert any(not item.is_known for item in whole.related), "VirusTotal names files that it does not have"


def test_the_attributes_of_other_objects_are_the_callers_own(vt: VirusTotal) -> None:
    answer = vt.relationships("example.com", "historical_whois", limit=1, full=True)
    [row] = answer.related
    assert (row.type, row.indicator) == ("whois", None)
    assert row.attributes
    row.attributes.clear()  # type: ignore[attr-defined]
    assert answer.to_dict()["data"]["related"][0]["attributes"]


def test_a_relationship_that_needs_a_licence_names_it_and_lookups_go_on(vt: VirusTotal) -> None:
    with pytest.raises(Forbidden, match="VirusTotal Premium") as refused:
        vt.relationships("malicious.example", "urls")
    assert refused.value.details["licence"] == "premium"
    assert vt.lookup("malicious.example").verdict == "malicious"
    with pytest.raises(InvalidIndicator, match="did you mean 'subdomains'"):
        vt.relationships("malicious.example", "subdomain")


def test_behaviour_has_techniques_and_what_the_file_did(vt: VirusTotal) -> None:
    answer = vt.behaviour(INVOICE)
    assert (answer.status, answer.requests, answer.indicator) == ("ok", 2, INVOICE)
    worst = answer.techniques[0]
    assert (worst.id, worst.severity, worst.sandboxes) == ("T1055", "high", ("Sandbox One", "Birdcage"))
    assert answer.activity is not None
    assert "malicious.example" in [each.host for each in answer.activity.dns]
    assert "203.0.113.66" in [each.ip for each in answer.activity.connections]
    assert any(each.sha256 for each in answer.activity.files_dropped)
    only = vt.behaviour(INVOICE, parts=["techniques"])
    assert (only.activity, only.techniques) == (None, answer.techniques)
    never_run = vt.behaviour(NEVER_RUN)
    assert (never_run.status, never_run.reason, never_run.techniques) == ("not_found", "no_behaviour", ())


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda vt: vt.behaviour(INVOICE, parts="techniques"), "/params/parts"),
        (lambda vt: vt.lookup("malicious.example", relationships="subdomains"), "/params/relationships"),
        (lambda vt: vt.lookup("malicious.example", include="raw"), "/options/include"),
        (lambda vt: vt.lookup("malicious.example", ignored_engines="Kaspersky"), "/options/ignored_engines"),
    ],
)
def test_a_text_in_the_place_of_a_list_is_refused_and_not_taken_apart(
    vt: VirusTotal, call: Callable[[VirusTotal], object], name: str
) -> None:
    with pytest.raises(InvalidRequest, match=name) as refused:
        call(vt)
    assert "is not of type array" in str(refused.value)


def test_every_field_of_an_activity_is_read(vt_of: VirusTotal, core: FakeCore) -> None:
    summary: dict[str, Any] = {
        **{name: ["a", "b"] for name in ("processes", "commands", "files_written", "files_deleted", "mutexes")},
        **{name: ["c"] for name in ("registry_keys_deleted", "services", "modules", "tags", "verdicts")},
        "files_dropped": [{"path": "C:\\a.exe", "sha256": EICAR}, {"path": "C:\\b.exe"}],
        "registry_keys_set": [{"key": "HKCU\\a", "value": "1"}],
        "dns": [{"host": "a.example", "ips": ["192.0.2.1"]}, {"host": "b.example"}],
        "connections": [{"ip": "192.0.2.1", "port": 443, "protocol": "TCP"}],
        "http": [{"method": "GET", "url": "http://a.example/"}],
    }
    core.respond = lambda _: document(data={"type": "hash", "indicator": EICAR, "summary": summary})
    activity = vt_of.behaviour(EICAR).activity
    assert activity is not None
    assert all(getattr(activity, each.name) for each in dataclasses.fields(activity))
    assert activity.processes == ("a", "b")
    assert [each.sha256 for each in activity.files_dropped] == [EICAR, None]
    assert (activity.registry_keys_set[0].key, activity.registry_keys_set[0].value) == ("HKCU\\a", "1")
    assert [each.ips for each in activity.dns] == [("192.0.2.1",), ()]
    assert (activity.connections[0].port, activity.connections[0].protocol) == (443, "TCP")
    assert (activity.http[0].method, activity.http[0].url) == ("GET", "http://a.example/")


def test_votes_are_read_and_cast_once(vt: VirusTotal) -> None:
    newest = vt.get_votes(EICAR, limit=1)
    assert newest.votes == (Vote("malicious", datetime(2025, 6, 6, 14, 6, 40, tzinfo=timezone.utc)),)
    assert newest.more is True
    first, again = vt.add_vote(EICAR, "malicious"), vt.add_vote(EICAR, "malicious", cache="refresh")
    assert (first.vote, first.already, again.already) == ("malicious", False, True)
    with pytest.raises(Conflict, match="has voted malicious"):
        vt.add_vote(EICAR, "harmless")
    unknown = vt.add_vote("0" * 64, "harmless")
    assert (unknown.status, unknown.vote) == ("not_found", None)


@pytest.mark.parametrize("indicator", [EICAR, "example.com", "8.8.8.8", "https://example.com/login?next=%2F"])
def test_anything_known_is_scanned_again(vt: VirusTotal, indicator: str) -> None:
    answer = vt.rescan(indicator)
    assert (answer.status, answer.indicator, answer.analysis_status) == ("pending", indicator, "queued")
    assert answer.analysis_id


def test_a_comment_is_read_and_deleted_by_its_id(vt: VirusTotal) -> None:
    posted = vt.add_comment("example.com", "Seen in our mail #phishing").comment_id
    assert posted is not None
    found = vt.get_comment(posted)
    assert (found.comment_id, found.text, found.tags) == (posted, "Seen in our mail #phishing", ("phishing",))
    assert found.date is not None
    assert vt.delete_comment(posted).deleted is True
    gone = vt.get_comment(posted, cache="refresh")
    assert (gone.status, gone.text, gone.date, gone.tags) == ("not_found", None, None, ())
    again = vt.delete_comment(posted)
    assert (again.status, again.deleted) == ("not_found", False)


def test_a_search_finds_the_object_of_an_indicator(vt: VirusTotal) -> None:
    found = vt.search(EICAR)
    assert [(item.type, item.verdict) for item in found.results] == [("hash", "malicious")]
    assert (found.query, found.more) == (EICAR, False)
    nothing = vt.search("0" * 64)
    assert (nothing.status, nothing.results) == ("not_found", ())
    internal = vt.search("10.0.0.1")
    assert (internal.status, internal.reason, internal.query) == ("skipped", "private_address", None)


def test_a_search_of_intelligence_gives_whole_objects_or_ids(licensed: VirusTotal) -> None:
    found = licensed.intelligence_search("entity:file p:5+", limit=3, thresholds={"malicious": 60, "suspicious": 1})
    assert (len(found.results), found.more) == (3, True)
    assert all(item.stats and item.stats.malicious >= 5 for item in found.results)
    assert "suspicious" in {item.verdict for item in found.results}
    ids = licensed.intelligence_search("entity:file p:5+", limit=3, descriptors_only=True, order="positives-")
    assert all(item.verdict is None and item.id for item in ids.results)


def test_any_other_object_is_virustotals_own_json(vt: VirusTotal) -> None:
    answer = vt.vt_get("files/" + EICAR)
    assert (answer.status, answer.path) == ("ok", f"/api/v3/files/{EICAR}")
    assert answer.response is not None
    answer.response["data"]["id"] = "changed"
    assert answer.response["data"]["id"] == EICAR
    page = vt.vt_get(f"files/{EICAR}/comments", {"limit": 2})
    assert page.response is not None
    assert len(page.response["data"]) == 2
    assert vt.vt_get("files/" + "0" * 64).response is None
    internal = vt.vt_get("ip_addresses/10.0.0.1")
    assert (internal.status, internal.reason, internal.response) == ("skipped", "private_address", None)


@pytest.mark.parametrize(
    ("call", "licence"),
    [
        (lambda vt: vt.intelligence_search("entity:file p:5+"), "premium"),
        (lambda vt: vt.ioc_stream(), "premium"),
        (lambda vt: vt.relationships(EICAR, "similar_files"), "premium"),
        (lambda vt: vt.relationships(EICAR, "malware_families"), "gti"),
    ],
)
def test_without_the_licence_it_is_forbidden_and_the_rest_works(
    vt: VirusTotal, call: Callable[[VirusTotal], object], licence: str
) -> None:
    with pytest.raises(Forbidden) as refused:
        call(vt)
    assert refused.value.details["licence"] == licence
    assert vt.lookup(EICAR).verdict == "malicious"
    assert vt.get_votes(EICAR).status == "ok"


def test_raw_is_virustotals_own_where_it_is_requested(vt: VirusTotal) -> None:
    answer: Relationships = vt.relationships(EICAR, "contacted_urls", include=("raw",), limit=1)
    assert answer.raw is not None
    assert answer.raw["data"][0]["type"] == "url"
    assert vt.get_votes(EICAR).raw is None


def _calls() -> Iterator[tuple[str, dict[str, Any], Callable[[VirusTotal], object]]]:
    about = {"indicator": "a.example"}
    yield (
        "relationships",
        {**about, "relationship": "urls", "limit": 7, "full": True, "type": "domain"},
        lambda vt: vt.relationships("a.example", "urls", 7, full=True, type="domain"),
    )
    yield "behaviour", {"hash": EICAR, "parts": ["summary"]}, lambda vt: vt.behaviour(EICAR, ("summary",))
    yield "get_votes", {**about, "limit": 7}, lambda vt: vt.get_votes("a.example", 7)
    yield "rescan", {**about, "wait_s": 9}, lambda vt: vt.rescan("a.example", 9)
    yield "search", {"query": "#a", "limit": 7}, lambda vt: vt.search("#a", 7)
    yield (
        "intelligence_search",
        {"query": "p:5+", "limit": 7, "order": "size-", "descriptors_only": True},
        lambda vt: vt.intelligence_search("p:5+", 7, "size-", descriptors_only=True),
    )
    yield "vt_get", {"path": "a/b", "query": {"limit": 3}}, lambda vt: vt.vt_get("a/b", {"limit": 3})


@pytest.mark.parametrize(
    ("action", "params", "call"), list(_calls()), ids=lambda value: value if type(value) is str else ""
)
def test_arguments_are_the_actions_parameters(
    vt_of: VirusTotal, core: FakeCore, action: str, params: dict[str, Any], call: Callable[[VirusTotal], object]
) -> None:
    core.respond = lambda _: document(data={"type": "domain", "indicator": "a.example", "comment_id": "d-a-1"})
    call(vt_of)
    assert [(request.action, request.params) for request in core.requests] == [(action, params)]
    assert core.requests[0].options == Options()


def test_answers_are_hashable_values(licensed: VirusTotal) -> None:
    row = {"type": "domain", "notification_id": "7", "status": "not_found"}
    assert Notification.from_dict(row) == Notification.from_dict(dict(row))
    assert len({RelatedObject.from_dict({"type": "a"}), RelatedObject.from_dict({"type": "a"})}) == 1
    answer: ApiResponse = licensed.vt_get("threat_lists")
    assert answer.to_dict()["action"] == "vt_get"


def test_the_state_of_the_package_is_not_needed_for_them(at_sandbox: Connect, tmp_path: Path) -> None:
    """Each connection has its own state here, so the second asks again."""
    first, second = (at_sandbox(state=tmp_path / name) for name in ("a.db", "b.db"))
    assert [vt.get_votes(EICAR).source for vt in (first, first, second)] == ["api", "cache", "api"]
