"""A cached answer as flat fields, for a store that other users can read."""

from __future__ import annotations

from ..cache.entry import Entry
from ..config.settings import Settings
from ..verdict.rule import judged

_TEXTS = ("label", "link", "last_analysis")


def flat_report(key: str, entry: Entry, settings: Settings) -> dict[str, str | int]:
    """The fields of an indicator's report, judged by the settings' rules. Empty for other cached answers.

    `key`: the cache key. The fields include only the part of a report that is the same for all API keys. `server`: the
    server that gave the report, because a server other than VirusTotal's may give any verdict.
    """
    report = entry.report
    kind, indicator = report.get("type"), report.get("indicator")
    if key != f"v{settings.space}:{kind}:{indicator}":
        return {}
    verdict, _, stats, _ = judged(report, settings.rules)
    fields: dict[str, str | int] = {
        "indicator": str(indicator),
        "type": str(kind),
        "verdict": verdict,
        "server": settings.server,
    }
    for name in ("malicious", "suspicious", "total"):
        if stats:
            fields[name] = stats[name]
    for name in _TEXTS:
        if report.get(name):
            fields[name] = report[name]
    return fields
