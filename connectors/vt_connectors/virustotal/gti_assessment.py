"""Google Threat Intelligence's assessment of an object, from the attribute `gti_assessment`. Pure.

VirusTotal sends it to keys with a licence that name their tool (header `x-tool`). Every part of it may be missing
(https://gtidocs.virustotal.com/reference/gti-assessment).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .coerce import mapping, number, text

ATTRIBUTE = "gti_assessment"
_VERDICTS = ("malicious", "suspicious", "undetected", "benign")
_SEVERITIES = ("high", "medium", "low", "none")
_UNKNOWN = "unknown"
# Characters and items. More is cut.
_LONGEST, _MOST_FACTORS, _MOST_ITEMS = 1000, 50, 20


def assessment_of(attributes: Mapping[str, Any]) -> dict[str, Any] | None:
    """`verdict`, `severity`, and `score` (0 to 100), `description` and `factors` if they can be read. None if there is
    no assessment.
    """
    found = attributes.get(ATTRIBUTE)
    if not isinstance(found, Mapping):
        return None
    description = text(found.get("description"))
    factors = {
        str(name)[:_LONGEST]: _factor(value)
        for name, value in list(mapping(found.get("contributing_factors")).items())[:_MOST_FACTORS]
    }
    told = {
        "verdict": _word(found.get("verdict"), "VERDICT_", _VERDICTS),
        "severity": _word(found.get("severity"), "SEVERITY_", _SEVERITIES),
        "score": _score(found.get("threat_score")),
        "description": description and description[:_LONGEST],
        "factors": {name: value for name, value in factors.items() if value is not None} or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _value(part: object) -> object:
    """Each part is an object with a `value`."""
    return part.get("value") if isinstance(part, Mapping) else part


def _word(part: object, prefix: str, known: tuple[str, ...]) -> str:
    word = (text(_value(part)) or "").strip().upper()
    word = (word[len(prefix) :] if word.startswith(prefix) else word).lower()
    return word if word in known else _UNKNOWN


def _score(part: object) -> int | None:
    value = _value(part)
    score = number(int(value) if isinstance(value, float) and abs(value) < 1e6 else value)
    return score if score is not None and 0 <= score <= 100 else None


def _factor(value: object) -> bool | int | str | list[str] | None:
    """Truth values, numbers, texts and lists of texts; nothing else was seen."""
    if isinstance(value, list):
        return [item[:_LONGEST] for item in value if isinstance(item, str)][:_MOST_ITEMS]
    if isinstance(value, str):
        return value[:_LONGEST]
    return value if isinstance(value, int) and abs(value) < 1e15 else None
