"""What each engine says about an object, in the short form that a report keeps. Pure.

`{"malicious": {engine: its name for it}, "suspicious": {...}, "harmless": "A|B", "undetected": "C|D"}`, without those
that are empty. Engines without an opinion (timeouts, failures, unsupported types) are left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

Opinions = Mapping[str, Any]
DETECTED = ("malicious", "suspicious")
_CLEAN = ("harmless", "undetected")
_BETWEEN = "|"
# VirusTotal has about 100 engines.
_MOST_ENGINES = 300
_MOST_SHOWN = 100
# Characters. Longer names and results are cut.
_LONGEST_NAME, _LONGEST_RESULT = 100, 200


def opinions_of(results: object) -> dict[str, Any]:
    """`results`: VirusTotal's `last_analysis_results`, or `results` of an analysis. Empty if it has another form."""
    detected: dict[str, dict[str, str | None]] = {category: {} for category in DETECTED}
    clean: dict[str, list[str]] = {category: [] for category in _CLEAN}
    rows = list(results.items())[:_MOST_ENGINES] if isinstance(results, Mapping) else []
    # The names in order are alike in many objects, which packs well.
    for engine, row in sorted(rows, key=lambda row: str(row[0])):
        category = str(row.get("category")) if isinstance(row, Mapping) else ""
        name = str(engine)[:_LONGEST_NAME]
        if category in detected:
            result = row.get("result")
            detected[category][name] = result[:_LONGEST_RESULT] if isinstance(result, str) and result else None
        elif category in clean:
            clean[category].append(name.replace(_BETWEEN, " "))
    found = {**detected, **{category: _BETWEEN.join(names) for category, names in clean.items()}}
    return {category: names for category, names in found.items() if names}


def stats_without(stats: Mapping[str, int], opinions: Opinions, ignored: Collection[str]) -> Mapping[str, int]:
    """`stats` without the opinions of the engines in `ignored` (names in lower case)."""
    if not ignored:
        return stats
    left = {}
    for category in (*DETECTED, *_CLEAN):
        names = opinions.get(category, ())
        engines = names.split(_BETWEEN) if isinstance(names, str) else names
        left[category] = max(0, stats[category] - sum(name.casefold() in ignored for name in engines))
    return {**left, "total": sum(left.values())}


def detected_by(opinions: Opinions, ignored: Collection[str] = ()) -> list[dict[str, str | None]]:
    """The engines that say malicious or suspicious, except those in `ignored`, by name."""
    names = opinions.get("malicious")
    if "suspicious" in opinions:
        # Each alone is in order already.
        names = dict(sorted({**opinions["suspicious"], **(names or {})}.items()))
    if not names:
        return []
    if ignored:
        names = {engine: result for engine, result in names.items() if engine.casefold() not in ignored}
    return [{"engine": engine, "result": result} for engine, result in names.items()][:_MOST_SHOWN]


def is_detected_by(opinions: Opinions, engines: Collection[str]) -> bool:
    """Whether one of `engines` (names in lower case) says malicious."""
    return bool(engines) and any(name.casefold() in engines for name in opinions.get("malicious", ()))
