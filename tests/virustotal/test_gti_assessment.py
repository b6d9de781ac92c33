"""Google Threat Intelligence's assessment, in every form that was seen or is allowed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from vt_connectors.virustotal.gti_assessment import assessment_of

_RECORDED = Path(os.environ.get("VT_SAMPLES", "../shared/samples")).resolve().parent / "samples-depth"


def _read(**parts: Any) -> dict[str, Any] | None:
    return assessment_of({"gti_assessment": parts})


def test_a_whole_assessment() -> None:
    found = _read(
        verdict={"value": "VERDICT_MALICIOUS"},
        severity={"value": "SEVERITY_HIGH"},
        threat_score={"value": 80},
        description="This indicator is malicious.",
        contributing_factors={"gavs_detections": 3, "pervasive_indicator": False, "normalised_categories": ["trojan"]},
    )
    assert found == {
        "verdict": "malicious",
        "severity": "high",
        "score": 80,
        "description": "This indicator is malicious.",
        "factors": {"gavs_detections": 3, "pervasive_indicator": False, "normalised_categories": ["trojan"]},
    }


@pytest.mark.parametrize("attributes", [{}, {"gti_assessment": None}, {"gti_assessment": "x"}, {"gti_assessment": []}])
def test_no_assessment(attributes: Mapping[str, Any]) -> None:
    assert assessment_of(attributes) is None


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ({"value": "VERDICT_BENIGN"}, "benign"),
        ({"value": "verdict_undetected"}, "undetected"),
        ({"value": "SUSPICIOUS"}, "suspicious"),
        ("VERDICT_MALICIOUS", "malicious"),
        ({"value": "VERDICT_UNKNOWN"}, "unknown"),
        ({"value": "VERDICT_APOCALYPTIC"}, "unknown"),
        ({"value": None}, "unknown"),
        ({"value": ["VERDICT_MALICIOUS"]}, "unknown"),
        ({}, "unknown"),
        (None, "unknown"),
        (3, "unknown"),
    ],
)
def test_a_verdict_that_is_not_known_is_unknown(value: Any, verdict: str) -> None:
    assert _read(verdict=value) == {"verdict": verdict, "severity": "unknown"}


@pytest.mark.parametrize(
    ("value", "score"),
    [
        ({"value": 0}, 0),
        ({"value": 100}, 100),
        ({"value": "30"}, 30),
        ({"value": 20.0}, 20),
        (20, 20),
        ({"value": 101}, None),
        ({"value": -1}, None),
        ({"value": True}, None),
        ({"value": float("nan")}, None),
        ({"value": "high"}, None),
        ({}, None),
    ],
)
def test_a_score_is_from_0_to_100(value: Any, score: int | None) -> None:
    found = _read(threat_score=value)
    assert found is not None
    assert found.get("score") == score


def test_factors_may_be_texts_and_others_are_left_out() -> None:
    factors = {"safebrowsing_verdict": "harmless", "nested": {"a": 1}, "none": None, "float": 1.5, "list": ["a", 1]}
    found = _read(contributing_factors=factors)
    assert found is not None
    assert found["factors"] == {"safebrowsing_verdict": "harmless", "list": ["a"]}


def test_its_size_is_bounded() -> None:
    factors = {f"{number}{'x' * 5000}": "y" * 5000 for number in range(500)}
    found = _read(description="z" * 100_000, contributing_factors={**factors, "list": ["x" * 5000] * 500})
    assert len(json.dumps(found)) < 110_000


def _assessed(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if "gti_assessment" in value:
            yield value
        for inner in value.values():
            yield from _assessed(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _assessed(inner)


@pytest.mark.skipif(not _RECORDED.is_dir(), reason=f"no recorded answers at {_RECORDED}; set VT_SAMPLES")
def test_recorded_assessments_are_read_whole() -> None:
    paths = sorted(_RECORDED.rglob("*.json"))
    found = [attributes for path in paths for attributes in _assessed(json.loads(path.read_text("utf-8")))]
    assert len(found) > 15
    for attributes in found:
        told, given = assessment_of(attributes), attributes["gti_assessment"]
        assert told is not None
        assert f"VERDICT_{told['verdict'].upper()}" == given["verdict"]["value"]
        assert f"SEVERITY_{told['severity'].upper()}" == given["severity"]["value"]
        assert told["score"] == given["threat_score"]["value"]
        assert told.get("factors", {}) == given.get("contributing_factors", {})
