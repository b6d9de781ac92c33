"""Further facts of an object as one flat, bounded block."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vt_connectors.contract.validation import schema, violation
from vt_connectors.indicators import Kind
from vt_connectors.virustotal.object_context import context_of, field_names

_SAMPLES = Path(os.environ.get("VT_SAMPLES", "../shared/samples")).resolve()
_FOLDERS = [_SAMPLES / "v3", _SAMPLES.parent / "samples-depth"]
KINDS: dict[str, Kind] = {"file": "hash", "url": "url", "domain": "domain", "ip_address": "ip"}
FIELDS = schema("response.json")["properties"]["data"]["properties"]["context"]["properties"]
LONGEST_JSON = 40_000


def _context(kind: Kind, **attributes: Any) -> dict[str, Any]:
    found = context_of(kind, {"type": "x", "id": "x", "attributes": attributes})
    assert _is_valid(found)
    return found


def _is_valid(context: Mapping[str, Any]) -> bool:
    meta: dict[str, Any] = {"source": "api", "fetched_at": None, "age_s": None, "requests": 1, "waited_s": 0.0}
    meta |= {"quota": {}, "duration_ms": 1, "version": "1.0.0"}
    head = {"v": 1, "id": None, "action": "lookup_hash", "status": "ok", "summary": "", "error": None}
    return violation("response.json", {**head, "data": {"context": dict(context)}, "meta": meta}) is None


def test_every_field_is_in_the_schema_and_the_other_way_round() -> None:
    assert {name for kind in KINDS.values() for name in field_names(kind)} == set(FIELDS)


@pytest.mark.parametrize("kind", KINDS.values())
def test_an_empty_object_has_an_empty_block(kind: Kind) -> None:
    assert context_of(kind, {"type": "x", "id": "x"}) == {}
    assert context_of(kind, {"type": "x", "id": "x", "attributes": None}) == {}


def test_a_file() -> None:
    found = _context(
        "hash",
        crowdsourced_yara_results=[{"rule_name": "A"}, {"rule_name": "B"}, {"rule_name": "A"}, "x", {}],
        sigma_analysis_stats={"high": 1, "low": 2},
        sigma_analysis_results=[
            {"rule_title": "Low one", "rule_level": "low"},
            {"rule_title": "High one", "rule_level": "high", "match_context": [{"values": {"CommandLine": "secret"}}]},
        ],
        crowdsourced_ids_stats={"info": 4},
        crowdsourced_ids_results=[{"rule_msg": "ET", "alert_severity": "high", "rule_raw": "alert tcp"}],
        sandbox_verdicts={
            "Zenbox": {"category": "malicious", "malware_classification": ["TROJAN"], "malware_names": ["emotet"]},
            "C2AE": {"category": "undetected", "malware_classification": ["UNKNOWN_VERDICT"]},
        },
        malware_config={"families": [{"family": "emotet", "configs": [{"big": "x" * 9999}]}]},
        signature_info={"verified": "Signed", "signers": "A; B", "original name": "a.exe", "signing date": "1/1/2026"},
        known_distributors={"distributors": ["Microsoft"], "products": ["Windows"]},
        threat_severity={"version": "D3", "threat_severity_level": "SEVERITY_HIGH", "last_analysis_date": "1767323045"},
        meaningful_name="invoice.exe",
        creation_date="1767323045",
    )
    assert found == {
        "meaningful_name": "invoice.exe",
        "created": "2026-01-02T03:04:05Z",
        "yara_rules": ["A", "B"],
        "sigma_rules": ["High one", "Low one"],
        "sigma_critical": 0,
        "sigma_high": 1,
        "sigma_medium": 0,
        "sigma_low": 2,
        "ids_rules": ["ET"],
        "ids_high": 0,
        "ids_medium": 0,
        "ids_low": 0,
        "ids_info": 4,
        "sandbox_verdicts": ["Zenbox: malicious", "C2AE: undetected"],
        "sandbox_malware": ["emotet", "TROJAN"],
        "malware_families": ["emotet"],
        "signature": "Signed",
        "signers": ["A", "B"],
        "signature_original_name": "a.exe",
        "signature_date": "1/1/2026",
        "known_distributors": ["Microsoft"],
        "known_products": ["Windows"],
        "threat_severity": "high",
    }


def test_a_url() -> None:
    found = _context(
        "url",
        title=" Sign in ",
        last_final_url="https://example.com/" + "a" * 9000,
        redirection_chain=["http://example.com/", "http://example.com/", None],
        last_http_response_code=200,
        last_http_response_headers={"set-cookie": "secret"},
        categories={"A": "phishing", "B": "phishing", "C": "malware"},
        trackers={"Doubleclick": [{"id": 1}]},
        targeted_brand={"X": "Example Bank"},
    )
    assert found.pop("final_url").startswith("https://example.com/aaa")
    assert found == {
        "title": "Sign in",
        "redirects": ["http://example.com/"],
        "http_status": 200,
        "categories": ["phishing", "malware"],
        "trackers": ["Doubleclick"],
        "targeted_brands": ["Example Bank"],
    }


@pytest.mark.parametrize("kind", ["domain", "ip"])
def test_the_certificate_of_a_server(kind: Kind) -> None:
    found = _context(
        kind,
        jarm="27d40d",
        last_https_certificate={
            "subject": {"CN": "example.com", "O": ["Example", "Other"], "L": None},
            "issuer": {"CN": "Example CA"},
            "validity": {"not_before": "2026-01-01 00:00:00", "not_after": "2027-01-01 00:00:00"},
            "thumbprint_sha256": "ab" * 32,
            "extensions": {"subject_alternative_name": ["example.com", 5]},
        },
        last_https_certificate_date=1_767_323_045,
        crowdsourced_context=[{"title": "C2", "severity": "HIGH", "details": "x"}, {"details": "no title"}],
    )
    assert found == {
        "jarm": "27d40d",
        "certificate_subject": "CN=example.com, O=Example",
        "certificate_issuer": "CN=Example CA",
        "certificate_valid_from": "2026-01-01 00:00:00",
        "certificate_valid_until": "2027-01-01 00:00:00",
        "certificate_sha256": "ab" * 32,
        "certificate_names": ["example.com"],
        "certificate_date": "2026-01-02T03:04:05Z",
        "reports": ["C2 (high)"],
    }


def test_a_domains_best_rank_and_records() -> None:
    found = _context(
        "domain",
        popularity_ranks={"Majestic": {"rank": 29}, "Alexa": {"rank": "105"}, "Odd": {"rank": None}},
        last_dns_records=[{"type": "A", "value": "203.0.113.5"}, {"type": "A"}, "x"],
    )
    assert found == {
        "popularity_rank": 29,
        "popularity": ["Majestic: 29", "Alexa: 105"],
        "dns_records": ["A 203.0.113.5"],
    }


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_NAMES = (
    *("crowdsourced_yara_results", "sigma_analysis_results", "sigma_analysis_stats", "crowdsourced_ids_stats"),
    *("sandbox_verdicts", "malware_config", "signature_info", "known_distributors", "nsrl_info", "trusted_verdict"),
    *("popular_threat_classification", "threat_severity", "pe_info", "main_icon", "redirection_chain", "categories"),
    *("trackers", "targeted_brand", "popularity_ranks", "last_dns_records", "last_https_certificate", "favicon"),
    *("crowdsourced_context", "creation_date", "times_submitted", "title", "last_final_url", "threat_names"),
)


@pytest.mark.parametrize("kind", KINDS.values())
@given(attributes=st.dictionaries(st.sampled_from(_NAMES), _JSON, max_size=12))
def test_no_form_of_an_attribute_breaks_it(kind: Kind, attributes: dict[str, Any]) -> None:
    _context(kind, **attributes)


@pytest.mark.parametrize("kind", KINDS.values())
def test_its_size_is_bounded(kind: Kind) -> None:
    text, many = "x" * 100_000, 5000
    names = {f"{text[:500]}{number}": {"category": text, "rank": number} for number in range(many)}
    attributes: dict[str, Any] = dict.fromkeys(("title", "magic", "registrar", "as_owner", "jarm", "tlsh"), text)
    attributes.update(last_final_url=text, redirection_chain=[f"{n}{text}" for n in range(many)])
    attributes.update(sandbox_verdicts=names, popularity_ranks=names, trackers=names, categories=names)
    attributes["crowdsourced_yara_results"] = [{"rule_name": f"{n}{text[:1000]}"} for n in range(many)]
    attributes["last_https_certificate"] = {"subject": names, "extensions": {"subject_alternative_name": [text] * many}}
    assert len(json.dumps(_context(kind, **attributes))) < LONGEST_JSON


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if isinstance(value.get("type"), str) and value["type"] in KINDS and "attributes" in value:
            yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)


@pytest.mark.skipif(not all(map(Path.is_dir, _FOLDERS)), reason=f"no recorded answers at {_SAMPLES}; set VT_SAMPLES")
def test_recorded_objects_have_valid_and_small_blocks() -> None:
    paths = [path for folder in _FOLDERS for path in sorted(folder.rglob("*.json"))]
    found = [vt_object for path in paths for vt_object in _objects(json.loads(path.read_text("utf-8")))]
    seen: set[str] = set()
    for vt_object in found:
        context = context_of(KINDS[vt_object["type"]], vt_object)
        assert _is_valid(context)
        assert len(json.dumps(context)) < 5000
        seen.update(context)
    rare = {"targeted_brands"}
    assert set(FIELDS) - seen <= rare, "every field was seen in a recorded object"
