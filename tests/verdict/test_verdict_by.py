"""Who decides the verdict: the engines, Google Threat Intelligence, or the worse of both."""

from __future__ import annotations

from typing import Any

import pytest

from vt_connectors.verdict import Rules, judged
from vt_connectors.verdict.rule import VerdictBy

_COUNTS = {
    "malicious": {"malicious": 9, "suspicious": 0, "harmless": 0, "undetected": 50, "total": 59},
    "suspicious": {"malicious": 1, "suspicious": 0, "harmless": 0, "undetected": 50, "total": 51},
    "undetected": {"malicious": 0, "suspicious": 0, "harmless": 0, "undetected": 50, "total": 50},
    "unknown": None,
}


def _decided(engines: str, gti: str | None, verdict_by: VerdictBy) -> tuple[str, str]:
    assessment = {} if gti is None else {"gti": {"verdict": gti, "severity": "low"}}
    report: dict[str, Any] = {"type": "hash", "stats": _COUNTS[engines], **assessment}
    found = judged(report, Rules(verdict_by=verdict_by))
    return found.verdict, found.decided_by


@pytest.mark.parametrize("engines", list(_COUNTS))
@pytest.mark.parametrize("gti", ["malicious", "suspicious", "undetected", "benign", "unknown", None])
def test_the_engines_decide_unless_something_else_is_asked_for(engines: str, gti: str | None) -> None:
    assert _decided(engines, gti, "engines") == (engines, "engines")


@pytest.mark.parametrize("engines", list(_COUNTS))
@pytest.mark.parametrize("verdict_by", ["gti", "worst"])
@pytest.mark.parametrize("gti", ["unknown", None])
def test_without_an_assessment_the_engines_decide(engines: str, verdict_by: VerdictBy, gti: str | None) -> None:
    assert _decided(engines, gti, verdict_by) == (engines, "engines")


@pytest.mark.parametrize("engines", list(_COUNTS))
@pytest.mark.parametrize(
    ("gti", "verdict"),
    [
        ("malicious", "malicious"),
        ("suspicious", "suspicious"),
        ("undetected", "undetected"),
        ("benign", "undetected"),
    ],
)
def test_gti_decides_whatever_the_engines_say(engines: str, gti: str, verdict: str) -> None:
    assert _decided(engines, gti, "gti") == (verdict, "gti")


@pytest.mark.parametrize(
    ("engines", "gti", "expected"),
    [
        ("malicious", "undetected", ("malicious", "engines")),
        ("malicious", "malicious", ("malicious", "engines")),
        ("suspicious", "malicious", ("malicious", "gti")),
        ("undetected", "suspicious", ("suspicious", "gti")),
        ("undetected", "benign", ("undetected", "engines")),
        ("unknown", "benign", ("undetected", "gti")),
    ],
)
def test_the_worse_of_both(engines: str, gti: str, expected: tuple[str, str]) -> None:
    assert _decided(engines, gti, "worst") == expected


def test_an_empty_part_is_no_assessment() -> None:
    report = {"type": "hash", "stats": _COUNTS["suspicious"], "gti": {}}
    assert judged(report, Rules(verdict_by="gti"))[:2] == ("suspicious", "engines")
