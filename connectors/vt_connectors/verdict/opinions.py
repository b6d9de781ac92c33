"""What each engine says about an object, in the short form that a report keeps. Pure.

`{"malicious": {engine: its name for it}, "suspicious": {...}, "harmless": "A|B", "undetected": "C|D"}`, without those
that are empty. Engines without an opinion (timeouts, failures, unsupported types) are left out.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..light_typing import Any
from .rule import BETWEEN, CLEAN, WORDS

# VirusTotal has about 100 engines.
_MOST_ENGINES = 300
# Characters. Longer names and results are cut.
_LONGEST_NAME, _LONGEST_RESULT = 100, 200


def opinions_of(results: object) -> dict[str, Any]:
    """`results`: VirusTotal's `last_analysis_results`, or `results` of an analysis. Empty if it has another form."""
    detected: dict[str, dict[str, str | None]] = {category: {} for category in WORDS}
    clean: dict[str, list[str]] = {category: [] for category in CLEAN}
    rows = list(results.items())[:_MOST_ENGINES] if isinstance(results, Mapping) else []
    # The names in order are alike in many objects, which packs well.
    for engine, row in sorted(rows, key=lambda row: str(row[0])):
        category = str(row.get("category")) if isinstance(row, dict) else ""
        name = str(engine)[:_LONGEST_NAME]
        if category in detected:
            result = row.get("result")
            detected[category][name] = result[:_LONGEST_RESULT] if isinstance(result, str) and result else None
        elif category in clean:
            clean[category].append(name.replace(BETWEEN, " "))
    found = {**detected, **{category: BETWEEN.join(names) for category, names in clean.items()}}
    return {category: names for category, names in found.items() if names}
