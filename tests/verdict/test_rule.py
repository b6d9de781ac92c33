"""The verdict at its thresholds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vt_connectors.verdict import WORST_FIRST, Thresholds, judge

_COUNTS = st.integers(0, 100)


def _stats(malicious: int = 0, suspicious: int = 0, harmless: int = 0, undetected: int = 0) -> dict[str, int]:
    counts = {"malicious": malicious, "suspicious": suspicious, "harmless": harmless, "undetected": undetected}
    return {**counts, "total": sum(counts.values())}


@pytest.mark.parametrize(
    ("stats", "verdict"),
    [
        (_stats(malicious=3, undetected=60), "malicious"),
        (_stats(malicious=3), "malicious"),
        (_stats(malicious=2, suspicious=9), "suspicious"),
        (_stats(malicious=2, undetected=60), "suspicious"),
        (_stats(malicious=1, undetected=90), "suspicious"),
        (_stats(suspicious=1, harmless=90), "suspicious"),
        (_stats(undetected=1), "undetected"),
        (_stats(harmless=90), "undetected"),
        (_stats(), "unknown"),
        ({}, "unknown"),
        (None, "unknown"),
    ],
)
def test_by_default_3_detections_are_malicious_and_1_is_suspicious(stats: dict[str, int] | None, verdict: str) -> None:
    assert judge(stats, Thresholds()) == verdict


@pytest.mark.parametrize(
    ("thresholds", "verdict"),
    [
        (Thresholds(5, 1), "malicious"),
        (Thresholds(6, 1), "suspicious"),
        (Thresholds(6, 7), "suspicious"),
        (Thresholds(6, 8), "undetected"),
        (Thresholds(1, 100), "malicious"),
    ],
)
def test_a_threshold_is_met_when_it_is_reached(thresholds: Thresholds, verdict: str) -> None:
    assert judge(_stats(malicious=5, suspicious=2, undetected=60), thresholds) == verdict


@given(_COUNTS, _COUNTS, _COUNTS, _COUNTS, st.integers(1, 20), st.integers(1, 20))
def test_one_more_malicious_result_never_makes_a_verdict_better(
    malicious: int, suspicious: int, harmless: int, undetected: int, most: int, least: int
) -> None:
    thresholds = Thresholds(most, least)
    before = judge(_stats(malicious, suspicious, harmless, undetected), thresholds)
    after = judge(_stats(malicious + 1, suspicious, harmless, undetected), thresholds)
    assert WORST_FIRST.index(after) <= WORST_FIRST.index(before)
