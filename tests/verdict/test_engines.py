"""Which engines detect an object, and which of them count."""

from __future__ import annotations

from typing import Any

import pytest

from vt_connectors.indicators import Indicator, Kind
from vt_connectors.verdict import Rules, Thresholds, judged, report_of
from vt_connectors.verdict.rule import engine_names

_RESULTS = {
    "Zulu": {"category": "malicious", "result": "Trojan.A"},
    "alpha": {"category": "malicious", "result": None},
    "Mike": {"category": "suspicious", "result": "suspicious"},
    "Bravo|Two": {"category": "undetected", "result": None},
    "Charlie": {"category": "harmless", "result": "clean"},
    "Late": {"category": "timeout", "result": None},
}
_STATS = {"malicious": 2, "suspicious": 1, "undetected": 1, "harmless": 1, "timeout": 1}


def _report(results: Any = None, stats: Any = None, kind: Kind = "hash") -> dict[str, Any]:
    attributes = {"last_analysis_results": results or _RESULTS, "last_analysis_stats": stats or _STATS}
    return report_of({"type": "x", "id": "i", "attributes": attributes}, Indicator(kind, "v"))


def _rules(trusted: tuple[str, ...] = (), ignored: tuple[str, ...] = ()) -> Rules:
    return Rules(trusted=engine_names(trusted), ignored=engine_names(ignored))


def test_the_engines_that_object_are_listed_by_name() -> None:
    assert judged(_report(), Rules()).detected_by == [
        {"engine": "Mike", "result": "suspicious"},
        {"engine": "Zulu", "result": "Trojan.A"},
        {"engine": "alpha", "result": None},
    ]


@pytest.mark.parametrize("results", [None, [], "x", {}, {"A": None}, {"A": {"category": ["malicious"]}}])
def test_an_object_without_readable_results_has_an_empty_list(results: Any) -> None:
    report = report_of({"id": "i", "attributes": {"last_analysis_results": results}}, Indicator("url", "v"))
    assert judged(report, Rules()).detected_by == []


def test_the_list_and_its_texts_are_bounded() -> None:
    many = {f"{number:03d}{'n' * 500}": {"category": "malicious", "result": "r" * 5000} for number in range(1000)}
    found = judged(_report(many), Rules()).detected_by
    assert found is not None
    assert [len(found), len(str(found[0]["engine"])), len(str(found[0]["result"]))] == [100, 100, 200]


@pytest.mark.parametrize(
    ("ignored", "counts", "verdict"),
    [
        (("ZULU",), (1, 1, 1, 1), "suspicious"),
        (("zulu", " Alpha ", "mike"), (0, 0, 1, 1), "undetected"),
        (("bravo two", "charlie", "late", "unheard of"), (2, 1, 0, 0), "suspicious"),
        (("zulu", "alpha", "mike", "charlie", "bravo two"), (0, 0, 0, 0), "unknown"),
    ],
)
def test_an_ignored_engine_counts_nowhere(ignored: tuple[str, ...], counts: tuple[int, ...], verdict: str) -> None:
    found = judged(_report(), _rules(ignored=ignored))
    names = ("malicious", "suspicious", "undetected", "harmless")
    assert found.stats == {**dict(zip(names, counts)), "total": sum(counts)}
    assert found.verdict == verdict
    assert not {str(row["engine"]).casefold() for row in found.detected_by or ()} & set(ignored)


def test_counts_are_never_below_zero_although_statistics_and_results_differ() -> None:
    report = _report(stats={"malicious": 0, "undetected": 5})
    assert judged(report, _rules(ignored=("zulu", "alpha"))).stats == {
        "malicious": 0,
        "suspicious": 0,
        "harmless": 0,
        "undetected": 5,
        "total": 5,
    }


@pytest.mark.parametrize(
    ("trusted", "ignored", "verdict"),
    [
        (("zulu",), (), "malicious"),
        (("ALPHA",), (), "malicious"),
        (("mike",), (), "suspicious"),
        (("charlie",), (), "suspicious"),
        (("zulu",), ("zulu",), "suspicious"),
    ],
)
def test_one_trusted_engine_that_says_malicious_is_enough(
    trusted: tuple[str, ...], ignored: tuple[str, ...], verdict: str
) -> None:
    assert judged(_report(), _rules(trusted, ignored)).verdict == verdict


@pytest.mark.parametrize(
    ("given", "of_hash", "of_url"),
    [
        ({}, (3, 1), (2, 1)),
        ({"malicious": 7}, (7, 1), (7, 1)),
        ({"suspicious": 4}, (3, 4), (2, 4)),
        ({"url": {"malicious": 1}}, (3, 1), (1, 1)),
        ({"malicious": 7, "url": {"malicious": 1}}, (7, 1), (1, 1)),
        ({"url": {"suspicious": 5}}, (3, 1), (2, 5)),
        ({"hash": {"malicious": None, "suspicious": 2}}, (3, 2), (2, 1)),
    ],
)
def test_a_requests_thresholds_replace_the_settings(
    given: dict[str, Any], of_hash: tuple[int, int], of_url: tuple[int, int]
) -> None:
    rules = Rules(by_kind=(("url.malicious", 2),)).with_thresholds(given)
    assert rules.thresholds_for("hash") == Thresholds(*of_hash)
    assert rules.thresholds_for("url") == Thresholds(*of_url)


def test_thresholds_for_a_kind_are_for_that_kind() -> None:
    rules = Rules(by_kind=(("url.malicious", 2),))
    assert judged(_report(kind="url"), rules).verdict == "malicious"
    assert judged(_report(kind="domain"), rules).verdict == "suspicious"
