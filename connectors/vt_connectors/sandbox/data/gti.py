"""Google Threat Intelligence's assessment, and attributes that need a licence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .deterministic import digest, draw
from .kinds import Item, Kind, Verdict
from .verdicts import profile_of
from .web_attributes import REFERENCE_TIME

# From the share of engines: below each bound, the verdict, severity and score. Few engines do not make it malicious.
_LEVELS = (
    (0.0, "BENIGN", "NONE", 0),
    (0.05, "UNDETECTED", "NONE", 1),
    (0.1, "SUSPICIOUS", "NONE", 20),
    (0.8, "MALICIOUS", "LOW", 30),
    (1.0, "MALICIOUS", "HIGH", 80),
)
_WORDS = {
    "BENIGN": "This indicator is known and harmless.",
    "UNDETECTED": "This indicator matched none of the criteria.",
    "SUSPICIOUS": "This indicator is suspicious.",
    "MALICIOUS": "This indicator is malicious.",
}
_SAFE_BROWSING = {"BENIGN": "harmless", "UNDETECTED": "undetected"}


def gti_assessment(item: Item, attributes: Mapping[str, Any]) -> dict[str, Any] | None:
    """The assessment of an object with `attributes`; None for one in nine, which was never assessed."""
    stats = attributes["last_analysis_stats"]
    if not draw(item.value, "assessed", 9) and not stats["malicious"]:
        return None
    verdict, severity, score = _level(stats)
    return {
        "verdict": {"value": f"VERDICT_{verdict}"},
        "severity": {"value": f"SEVERITY_{severity}"},
        "threat_score": {"value": score},
        "description": _WORDS[verdict],
        "contributing_factors": _factors(item, verdict, stats["malicious"]),
    }


def premium_attributes(item: Item, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What the object has besides for a premium key. The date in threat_severity is epoch seconds as text."""
    _, severity, _ = _level(attributes["last_analysis_stats"])
    version: Any = 5 if item.kind is Kind.FILE else f"{item.kind.letter.upper()}3"
    more: dict[str, Any] = {
        "threat_severity": {
            "version": version,
            "threat_severity_level": f"SEVERITY_{severity}",
            "threat_severity_data": {"num_gav_detections": 3} if severity == "HIGH" else {},
            "last_analysis_date": str(REFERENCE_TIME - draw(item.value, "severity", 90_000)),
            "level_description": f"Severity {severity}",
        }
    }
    if item.kind is Kind.URL:
        more["favicon"] = {"raw_md5": digest(item.value, "icon")[:32], "dhash": digest(item.value, "icon")[32:48]}
    if item.kind is Kind.FILE and profile_of(item).verdict is Verdict.MALICIOUS:
        more["malware_config"] = {
            "families": [{"family": "invoicedrop", "configs": [{"urls": ["http://malicious.example/"]}]}]
        }
    return more


def _level(stats: Mapping[str, int]) -> tuple[str, str, int]:
    share = stats["malicious"] / max(1, sum(stats.values()))
    return next((verdict, severity, score) for bound, verdict, severity, score in _LEVELS if share <= bound)


def _factors(item: Item, verdict: str, detections: int) -> dict[str, Any]:
    factors: dict[str, Any] = {"gti_confidence_score": draw(item.value, "confidence", 100)}
    if item.kind is not Kind.FILE:
        factors["safebrowsing_verdict"] = _SAFE_BROWSING.get(verdict, "malicious")
    if verdict == "MALICIOUS":
        factors.update(
            mandiant_confidence_score=60 + draw(item.value, "mandiant", 40),
            malicious_sandbox_verdict=True,
            normalised_categories=["trojan"],
            gavs_detections=min(detections, 4),
        )
    return factors
