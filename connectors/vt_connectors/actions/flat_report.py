"""A kept answer as plain fields, for a place whose content others read too."""

from __future__ import annotations

from ..cache.entry import Entry
from ..config.settings import Settings
from ..verdict.rule import judge

_TEXTS = ("label", "link", "last_analysis")


def flat_report(key: str, entry: Entry, settings: Settings) -> dict[str, str | int]:
    """Of an indicator's report that is for all keys, judged by the settings' thresholds; nothing of what else is kept.

    `key` is the cache's. `server` is the one that said it: others than VirusTotal's say what they like.
    """
    report = entry.report
    kind, indicator = report.get("type"), report.get("indicator")
    if key != f"v{settings.space}:{kind}:{indicator}":
        return {}
    stats = report.get("stats")
    fields: dict[str, str | int] = {
        "indicator": str(indicator),
        "type": str(kind),
        "verdict": judge(stats, settings.thresholds),
        "server": settings.server,
    }
    for name in ("malicious", "suspicious", "total"):
        if stats:
            fields[name] = stats[name]
    for name in _TEXTS:
        if report.get(name):
            fields[name] = report[name]
    return fields
