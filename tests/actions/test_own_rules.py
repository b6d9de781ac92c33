"""One cached answer, judged by each caller's own rules without a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from vt_connectors.actions.read_through import report_key
from vt_connectors.cache import Entry
from vt_connectors.contract.documents import Options
from vt_connectors.indicators import parse_as

from .several import Played, Several, file_object, said

SHA256 = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
RESULTS = {
    "Alder": {"category": "malicious", "result": "Trojan.Alder"},
    "Birch": {"category": "malicious", "result": None},
    "Cedar": {"category": "undetected", "result": None},
    **{f"Engine {number}": {"category": "undetected", "result": None} for number in range(40)},
}


def virustotal(results: Mapping[str, Any] = RESULTS, malicious: int = 2) -> Played:
    return Played(lambda _: said({"data": file_object(SHA256, malicious, last_analysis_results=results)}))


def lookup(**options: Any) -> dict[str, Any]:
    return {"action": "lookup_hash", "params": {"hash": SHA256}, "options": options}


def told(response: Mapping[str, Any]) -> tuple[str, str, int, list[str]]:
    """Source, verdict, malicious results, and the engines with a detection."""
    data = response["data"]
    engines = [row["engine"] for row in data["detected_by"]]
    return response["meta"]["source"], data["verdict"], data["stats"]["malicious"], engines


CASES: list[tuple[dict[str, Any], tuple[str, int, list[str]]]] = [
    ({}, ("suspicious", 2, ["Alder", "Birch"])),
    ({"thresholds": {"hash": {"malicious": 2}}}, ("malicious", 2, ["Alder", "Birch"])),
    ({"thresholds": {"malicious": 2, "hash": {"malicious": 9}}}, ("suspicious", 2, ["Alder", "Birch"])),
    ({"thresholds": {"malicious": 2, "url": {"malicious": 9}}}, ("malicious", 2, ["Alder", "Birch"])),
    ({"trusted_engines": ["ALDER"]}, ("malicious", 2, ["Alder", "Birch"])),
    ({"trusted_engines": ["Cedar"]}, ("suspicious", 2, ["Alder", "Birch"])),
    ({"ignored_engines": ["birch"]}, ("suspicious", 1, ["Alder"])),
    ({"ignored_engines": ["alder", "birch"]}, ("undetected", 0, [])),
    ({"ignored_engines": ["alder"], "trusted_engines": ["alder"]}, ("suspicious", 1, ["Birch"])),
]


@pytest.mark.parametrize("several", ["file", "kvstore"], indirect=True)
def test_a_cached_answer_is_judged_again(several: Several) -> None:
    played = virustotal()
    several.core(played).answer(lookup())
    for options, expected in CASES:
        core = several.core(played)
        assert told(core.answer(lookup(**options))) == ("cache", *expected), options
        assert told(core.answer(lookup(**options))) == ("cache", *expected), options
    assert len(played.asked) == 1


def test_the_settings_rules_are_replaced_by_the_requests(several: Several) -> None:
    played = virustotal()
    core = several.core(
        played, VT_IGNORED_ENGINES="Birch", VT_TRUSTED_ENGINES="Alder, Cedar", VT_THRESHOLDS="hash.suspicious=3"
    )
    assert told(core.answer(lookup())) == ("api", "malicious", 1, ["Alder"])
    assert told(core.answer(lookup(trusted_engines=[]))) == ("cache", "undetected", 1, ["Alder"])
    found = core.answer(lookup(trusted_engines=[], ignored_engines=[], thresholds={"suspicious": 1}))
    assert told(found) == ("cache", "suspicious", 2, ["Alder", "Birch"])
    assert len(played.asked) == 1


def test_the_summary_counts_what_counts(several: Several) -> None:
    response = several.core(virustotal()).answer(lookup(ignored_engines=["birch", "cedar"]))
    assert response["summary"] == "suspicious: 1 of 60 engines"


def _without_names(several: Several, malicious: int) -> Played:
    """The cache has an answer of an earlier version, which did not keep the engines' names."""
    played = virustotal(malicious=malicious)
    core = several.core(played)
    core.answer(lookup())
    key = report_key(core.context, parse_as("hash", SHA256))
    entry = core.context.cache.find(key, lambda entry: True)
    assert entry is not None
    report = {name: value for name, value in entry.report.items() if name != "opinions"}
    core.context.cache.put(key, Entry("ok", report, entry.fetched_at))
    played.asked.clear()
    return played


def test_an_earlier_versions_answer_with_detections_is_asked_again(several: Several) -> None:
    played = _without_names(several, malicious=2)
    assert several.core(played).look_up_at_hand("hash", [SHA256], Options()) == {}
    assert told(several.core(played).answer(lookup())) == ("api", "suspicious", 2, ["Alder", "Birch"])
    assert told(several.core(played).answer(lookup())) == ("cache", "suspicious", 2, ["Alder", "Birch"])
    assert len(played.asked) == 1


def test_an_earlier_versions_answer_is_better_than_none(several: Several) -> None:
    played = _without_names(several, malicious=2)
    data = several.core(played).answer(lookup(cache="only"))["data"]
    assert data["verdict"] == "suspicious"
    assert "detected_by" not in data, "it is not known"
    skipped = several.core(played).answer(lookup(cache="only", ignored_engines=["alder"]))
    assert (skipped["status"], skipped["data"]["reason"]) == ("skipped", "not_cached")
    assert played.asked == []


def test_an_earlier_versions_answer_without_detections_is_whole(several: Several) -> None:
    played = _without_names(several, malicious=0)
    assert told(several.core(played).answer(lookup())) == ("cache", "undetected", 0, [])
    assert played.asked == []


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"thresholds": {"url": {"malicious": 0}}}, "/options/thresholds/url/malicious"),
        ({"thresholds": {"url": 1}}, "/options/thresholds/url"),
        ({"thresholds": {"mail": {"malicious": 1}}}, "/options/thresholds/mail"),
        ({"trusted_engines": "Alder"}, "/options/trusted_engines"),
        ({"ignored_engines": [1]}, "/options/ignored_engines/0"),
    ],
)
def test_a_wrong_option_is_found_by_its_path(several: Several, options: dict[str, Any], path: str) -> None:
    error = several.core(virustotal()).answer(lookup(**options))["error"]
    assert error is not None
    assert (error["code"], error["details"]["path"]) == ("invalid_request", path)


def test_null_is_the_same_as_absent(several: Several) -> None:
    options = {"thresholds": {"url": None, "hash": {"malicious": None}}, "trusted_engines": None}
    assert told(several.core(virustotal()).answer(lookup(**options)))[1] == "suspicious"
