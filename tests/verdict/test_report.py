"""VirusTotal's objects, complete and incomplete, as reports."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vt_connectors.indicators import Kind

from .holding import KINDS, held_report

_ATTRIBUTES = {
    "hash": ("names", "meaningful_name", "md5", "sha256", "size", "type_description", "popular_threat_classification"),
    "url": ("url", "last_final_url", "title", "categories", "threat_names"),
    "domain": ("registrar", "creation_date", "categories"),
    "ip": ("country", "asn", "as_owner", "network"),
}
_COMMON = ("last_analysis_stats", "last_analysis_results", "reputation", "total_votes", "tags", "last_analysis_date")
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["malicious", "harmless", "category", "suggested_threat_label", "x"]), inner)
    ),
    max_leaves=6,
)
_OBJECTS = st.sampled_from(sorted(_ATTRIBUTES)).flatmap(
    lambda kind: st.tuples(
        st.just(kind),
        st.fixed_dictionaries(
            {},
            optional={
                "id": _JSON,
                "type": _JSON,
                "attributes": _JSON
                | st.dictionaries(st.sampled_from([*_ATTRIBUTES[kind], *_COMMON, "first_submission_date"]), _JSON),
            },
        ),
    )
)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(_OBJECTS)
def test_no_object_breaks_the_report_or_the_contract(drawn: tuple[Kind, dict[str, Any]]) -> None:
    kind, vt_object = drawn
    report = held_report(vt_object, kind)
    assert None not in report.values()
    json.dumps(report, allow_nan=False)


@pytest.mark.parametrize("kind", KINDS.values())
def test_an_empty_object_has_no_figures(kind: Kind) -> None:
    report = held_report({"type": "x", "id": "i/d"}, kind)
    told = {"type", "indicator", "id", "verdict", "verdict_by", "detected_by", "link"}
    assert {name for name in report if name not in ("engines", "raw")} == told
    assert report["detected_by"] == []
    assert report["verdict"] == "unknown"
    assert report["link"].endswith("/i%2Fd")


def _file(**attributes: Any) -> dict[str, Any]:
    return held_report({"type": "file", "id": "0" * 64, "attributes": attributes}, "hash")


def test_only_results_count() -> None:
    stats = {"malicious": 2, "suspicious": 1, "harmless": 3, "undetected": 4}
    nothing = {"timeout": 5, "confirmed-timeout": 6, "failure": 7, "type-unsupported": 8}
    assert _file(last_analysis_stats={**stats, **nothing})["stats"] == {**stats, "total": 10}


@pytest.mark.parametrize("stats", [{}, {"timeout": 70}, {"malicious": -3}, {"malicious": "many"}])
def test_without_engine_results_the_verdict_is_unknown(stats: dict[str, Any]) -> None:
    assert _file(last_analysis_stats=stats)["verdict"] == "unknown"


@pytest.mark.parametrize("unreadable", ["62", None, -1, True, [], {}, 1e300])
@pytest.mark.parametrize("name", ["malicious", "suspicious", "harmless", "undetected"])
def test_an_unreadable_count_never_leads_to_undetected(name: str, unreadable: Any) -> None:
    stats = {"malicious": 0, "suspicious": 0, "harmless": 3, "undetected": 4, name: unreadable}
    report = _file(last_analysis_stats=stats)
    assert (report["verdict"], report.get("stats")) == ("unknown", None)


def test_counts_come_from_the_statistics_and_not_from_the_results() -> None:
    results = {"One": {"category": "malicious", "result": "x"}, "Two": {"category": "malicious", "result": None}}
    report = _file(last_analysis_stats={"undetected": 3}, last_analysis_results=results)
    assert report["stats"]["malicious"] == 0
    assert report["engines"] == {
        "One": {"category": "malicious", "result": "x"},
        "Two": {"category": "malicious", "result": None},
    }


def test_names_are_unchanged_and_the_most_meaningful_is_first() -> None:
    names = ["\test.exe", "C:\\a\ufffd.exe", "\ud800", "calc.exe", "\x1b[2J"]
    assert _file(names=names, meaningful_name="calc.exe")["names"] == ["calc.exe", *names[:3], names[4]]
    assert _file(names=[])["names"] == []
    assert "names" not in _file()


def test_categories_are_the_vendors_values_without_duplicates() -> None:
    categories = {"Vendor A": "search engines", "Vendor B": "search engines", "Vendor C": "portals", "D": None}
    report = held_report({"id": "x", "attributes": {"categories": categories}}, "domain")
    assert report["categories"] == ["search engines", "portals"]


@pytest.mark.parametrize("moment", [0, -5, 10**15, "2020-01-01", True, None, 1e300])
def test_an_invalid_time_is_left_out(moment: object) -> None:
    assert "last_analysis" not in _file(last_analysis_date=moment)


def test_a_time_is_in_utc() -> None:
    assert _file(last_analysis_date=1742192477)["last_analysis"] == "2025-03-17T06:21:17Z"


def test_votes_that_were_not_sent_are_not_invented() -> None:
    assert _file(total_votes={"malicious": 2})["votes"] == {"malicious": 2}
