"""A kept answer as plain fields, for a place whose content others read too."""

from __future__ import annotations

from .cache.entry import Entry
from .verdict.rule import Thresholds, judge

_TEXTS = ("label", "link", "last_analysis")


def plain_fields(key: str, entry: Entry, thresholds: Thresholds) -> dict[str, str | int]:
    """Of an indicator's report, judged by `thresholds`; nothing of what else is kept. `key` is the cache's."""
    report = entry.report
    kind, indicator = report.get("type"), report.get("indicator")
    if key.partition(":")[2] != f"{kind}:{indicator}":
        return {}
    stats = report.get("stats")
    fields: dict[str, str | int] = {
        "indicator": str(indicator),
        "type": str(kind),
        "verdict": judge(stats, thresholds),
    }
    for name in ("malicious", "suspicious", "total"):
        if stats:
            fields[name] = stats[name]
    for name in _TEXTS:
        if report.get(name):
            fields[name] = report[name]
    return fields
