"""The sandbox's v3 documents have the form of recorded ones: the same envelopes, and the same types of values."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from vt_connectors.sandbox import SandboxServer

from .calling import EICAR_SHA256, Caller, SettableClock, base64_id

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "samples-depth"
RECORDINGS = Path(os.environ.get("VT_SAMPLES_DEPTH") or _BESIDE)
pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="no recordings beside the project (../shared/samples-depth); set VT_SAMPLES_DEPTH"
)

INVOICE = "d75e71a9b6501b283cead761d0d4505dba8adfc1b9adee5bbeb6ab5e0b1571d2"
URL = f"urls/{base64_id('http://malicious.example/payload.bin')}"
PRIVATE = b"invoice_2291.pdf.exe"
# Maps whose names are data: of engines, sandboxes, headers, days.
MAPS = (
    "categories",
    "contacted_urls",
    "daily",
    "html_meta",
    "last_analysis_results",
    "last_http_response_headers",
    "popularity_ranks",
    "relationships",
    "sandbox_status",
    "sandbox_verdicts",
    "threat_severity_data",
    "total",
    "trackers",
    "whois_map",
)
# Newer than the recordings, or served to other callers (vt-api-depth, vt-api).
OPTIONAL = {"meta", "next", "count", "cursor", "context_attributes"}
ALSO: dict[str, list[Any]] = {
    "confirmedTimeout": [0],
    "failure": [0],
    "count": [0],
    "cursor": [""],
    "meta": [{"count": 0}],
    "next": [""],
    "related": [""],
    "users": [0],
}


def recorded(pattern: str) -> list[Any]:
    found = [json.loads(path.read_text("utf-8")) for path in sorted(RECORDINGS.glob(f"{pattern}.json"))]
    assert found, pattern
    return found


def assert_alike(value: Any, samples: list[Any], where: str = "document") -> None:
    """`value` is of a type that the samples have there, and so is everything in it."""
    kinds = {_kind(sample) for sample in samples}
    assert _kind(value) in kinds, f"{where}: {value!r} is none of {kinds}"
    alike = [sample for sample in samples if _kind(sample) == _kind(value)]
    if isinstance(value, dict):
        _assert_members_alike(value, alike, where)
    elif isinstance(value, list):
        rows = [row for sample in alike for row in sample]
        for row in value if rows else ():
            assert_alike(row, rows, f"{where}[]")


def _assert_members_alike(value: dict[str, Any], samples: list[dict[str, Any]], where: str) -> None:
    name = where.rpartition(".")[2].strip("<>")
    if name in MAPS or (where == "document.data" and not any("type" in sample for sample in (value, *samples))):
        everything = [inner for sample in samples for inner in sample.values()]
        for key, inner in value.items() if everything else ():
            there = [sample[key] for sample in samples if key in sample] or everything
            assert_alike(inner, there, f"{where}.<{key}>")
        return
    if ".attributes" not in where:  # no recorded object has every attribute; envelopes are complete
        always = set.intersection(*(set(sample) for sample in samples)) - OPTIONAL
        assert always <= set(value), f"{where}: {always - set(value)} is missing"
    for key, inner in value.items():
        there = [sample[key] for sample in samples if key in sample] + ALSO.get(key, [])
        assert there or ".attributes" in where, f"{where}.{key} is in no recording"
        if there:
            assert_alike(inner, there, f"{where}.{key}")


def _kind(value: Any) -> type:
    return float if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value)


@pytest.fixture
def everything(sandbox: SandboxServer) -> Caller:
    caller = Caller(sandbox.url, key="gti-private-group-key")
    caller.session.headers["x-tool"] = "org.product.1.0"
    return caller


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        (f"files/{INVOICE}/behaviour_mitre_trees", "behaviour/mitre_trees_docs"),
        ("ip_addresses/203.0.113.66/historical_whois", "relationships/ip_historical_whois_2019"),
        (f"{URL}/network_location?exclude_attributes=jarm", "relationships/url_network_location_2019"),
        (f"files/{EICAR_SHA256}/comments?limit=2", "relationships/url_comments_2019"),
        (f"files/{EICAR_SHA256}/download_url", "download/file_download_url_2019_premium"),
        ("users/gti-private-group-key/overall_quotas", "account/overall_quotas_with_group_2021"),
        ("threat_lists/ransomware/latest", "threat_lists/ransomware_latest_2025"),
        ("collections/vulnerability--cve-2099-0001", "collections/*_2025"),
    ],
)
def test_an_answer_has_the_form_of_its_recording(everything: Caller, path: str, pattern: str) -> None:
    assert_alike(everything.get(path).json(), recorded(pattern))


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        (f"files/{INVOICE}", "gti/file_*"),
        (URL, "gti/url_[23]_*"),
        ("domains/malicious.example", "gti/domain_*"),
        ("ip_addresses/203.0.113.66", "gti/ip_*"),
    ],
)
def test_an_object_with_relationships_and_assessment_has_the_form_of_recorded_ones(
    everything: Caller, path: str, pattern: str
) -> None:
    samples = recorded(pattern)
    names = sorted({name for sample in samples for name in sample["data"]["relationships"]})
    ours = everything.get(f"{path}?relationships={','.join(names)}").json()
    assert set(ours["data"]["relationships"]) == set(names)
    (fixture,) = recorded("gti/url_assessment_factors_fixture")
    factors = fixture["attributes"]["gti_assessment"]["contributing_factors"]
    for sample in samples:
        there = sample["data"]["attributes"]["gti_assessment"].setdefault("contributing_factors", {})
        sample["data"]["attributes"]["gti_assessment"]["contributing_factors"] = {**factors, **there}
    assessments = [sample["data"]["attributes"]["gti_assessment"] for sample in samples]
    assert_alike(ours["data"]["attributes"]["gti_assessment"], assessments, "document.attributes")
    assert_alike(ours["data"]["relationships"], [s["data"]["relationships"] for s in samples], "document.relationships")
    assert set(ours["data"]) == set(samples[0]["data"]) - OPTIONAL


def test_sandbox_reports_and_their_summary_have_the_form_of_recorded_ones(everything: Caller) -> None:
    samples = [row for document in recorded("behaviour/behaviours_list_docs") for row in document["data"]]
    samples += [document["data"] for document in recorded("behaviour/file_behaviour_*")]
    for row in samples:
        row.pop("relationships", None)
        row.pop("context_attributes", None)
    for row in everything.data(f"files/{INVOICE}/behaviours"):
        assert_alike(row, samples)
    summaries = [document["data"] for document in recorded("behaviour/behaviour_summary_docs")]
    summary = everything.data(f"files/{INVOICE}/behaviour_summary")
    assert_alike(summary, summaries + [row["attributes"] for row in samples], "document.attributes")


def test_notifications_have_the_form_of_recorded_ones(everything: Caller) -> None:
    samples = [row for document in recorded("ioc_stream/*") for row in document["data"]]
    contexts = [row["context_attributes"] for row in samples]
    for row in everything.data("ioc_stream?limit=40&descriptors_only=true"):
        assert_alike(row["context_attributes"], contexts, "document.attributes")
    for row in everything.data("ioc_stream?limit=5"):
        assert set(row) == set.intersection(*(set(sample) for sample in samples if "attributes" in sample))


def test_private_reports_have_the_form_of_recorded_ones(everything: Caller, clock: SettableClock) -> None:
    posted = everything.post("private/files", files={"file": ("a.exe", PRIVATE)}).json()
    everything.post("private/urls", data={"url": "http://malicious.example/private"})
    clock.advance(5)
    assert_alike(posted, recorded("private/private_file_post_docs"))
    assert_alike(everything.get("private/analyses").json(), recorded("private/private_analyses_list_docs"))
    assert_alike(everything.data("private/files")[0], [one["data"] for one in recorded("private/private_file_[fr]*")])
    ident = base64_id("http://malicious.example/private")
    assert_alike(everything.data(f"private/urls/{ident}"), [one["data"] for one in recorded("private/private_url_*")])


def test_a_search_has_the_form_of_a_recorded_one(everything: Caller) -> None:
    for query, pattern in (("name:eicar", "files"), ("entity:url p:1+", "urls_page1")):
        ours = everything.get("intelligence/search", params={"query": query, "limit": "1"}).json()
        (sample,) = recorded(f"search/intelligence_search_{pattern}_2021")
        assert set(ours["data"][0]) >= {"type", "id", "links", "attributes"}
        for document in (ours, sample):
            del document["data"]
        assert_alike(ours, [sample])


def test_the_usage_has_the_form_of_a_recorded_one(everything: Caller) -> None:
    everything.get("domains/example.com")
    usage = everything.data("users/gti-private-group-key/api_usage")
    (sample,) = recorded("account/group_api_usage_docs")
    for name in ("daily", "total"):
        for ours in (usage[name], usage[f"{name}_endpoints_not_consuming_quota"]):
            assert ours
            assert_alike(ours, [sample["data"][name]], f"document.{name}")


def test_votes_and_rescans_have_the_form_of_recorded_ones(everything: Caller) -> None:
    body = {"data": {"type": "vote", "attributes": {"verdict": "harmless"}}}
    everything.post("domains/example.com/votes", json=body)
    assert_alike(
        everything.post("domains/example.com/votes", json=body).json(), recorded("errors/domain_vote_409_docs")
    )
    comment = everything.comment("domains", "example.com", "x").json()["data"]["id"]
    assert_alike(everything.post(f"comments/{comment}/vote", json={"data": "positive"}).json(), recorded("comments/*"))
    ident = everything.data(URL)["id"]
    started = everything.post(f"urls/{ident}/analyse").json()["data"]
    (sample,) = recorded("rescan/url_analyse_post_2019")
    assert started["type"] == sample["data"]["type"]
    assert started["id"].split("-")[0] == sample["data"]["id"].split("-")[0] == "u"
