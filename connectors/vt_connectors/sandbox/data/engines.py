"""Results of invented engines: rows for each engine, and matching counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .deterministic import draw, pick
from .kinds import Item, Kind, Verdict
from .verdicts import Profile

# A prime number of engines, so that any stride through the list meets every engine once.
ENGINES = tuple(f"Engine {number:02d}" for number in range(1, 72))

_WEB_CATEGORIES = ("malicious", "suspicious", "undetected", "harmless", "timeout")
_FILE_CATEGORIES = (*_WEB_CATEGORIES, "confirmed-timeout", "failure", "type-unsupported")
_WEB_RESULTS = {
    "suspicious": "suspicious",
    "undetected": "unrated",
    "harmless": "clean",
    "timeout": "timeout",
}
_FAMILIES = ("Alder", "Birch", "Cedar", "Hazel", "Juniper", "Larch", "Rowan", "Willow")


@dataclass(frozen=True)
class Scan:
    """The outcome of a scan, in the form of `last_analysis_stats` and `last_analysis_results`."""

    stats: dict[str, int]
    results: dict[str, dict[str, Any]]


def family_of(item: Item) -> str:
    """The invented malware family of a malicious item."""
    return pick(item.value, "family", _FAMILIES)


def stats_of(item: Item, profile: Profile) -> dict[str, int]:
    """The number of engines in each category: eight categories for a file, five for other items."""
    if item.kind is Kind.FILE:
        stats = _file_stats(item.value, profile)
        rest = "undetected"
    else:
        stats = _web_stats(item.value, profile)
        rest = "harmless"
    stats[rest] = len(ENGINES) - sum(stats.values())
    return stats


def scan_of(item: Item, profile: Profile) -> Scan:
    """A finished scan."""
    stats = stats_of(item, profile)
    categories = [category for category, count in stats.items() for _ in range(count)]
    start, stride = draw(item.value, "start", len(ENGINES)), 1 + draw(item.value, "stride", len(ENGINES) - 1)
    said = {ENGINES[(start + stride * place) % len(ENGINES)]: what for place, what in enumerate(categories)}
    return Scan(stats, {engine: _row(item, engine, said[engine]) for engine in ENGINES})


def part_of(scan: Scan, engines: int) -> Scan:
    """A scan in progress, with the rows of the first `engines` engines."""
    results = dict(list(scan.results.items())[:engines])
    said = [row["category"] for row in results.values()]
    return Scan({category: said.count(category) for category in scan.stats}, results)


def _file_stats(seed: str, profile: Profile) -> dict[str, int]:
    stats = dict.fromkeys(_FILE_CATEGORIES, 0)
    stats["timeout"] = draw(seed, "timeout", 3)
    stats["confirmed-timeout"] = draw(seed, "confirmed-timeout", 2)
    stats["failure"] = draw(seed, "failure", 2)
    stats["type-unsupported"] = draw(seed, "type-unsupported", 4)
    # For files, engines have no category suspicious; a suspicious file is one that few engines call malicious.
    drawn = {
        Verdict.MALICIOUS: 18 + draw(seed, "malicious", 40),
        Verdict.SUSPICIOUS: 1 + draw(seed, "few", 2),
    }
    stats["malicious"] = drawn.get(profile.verdict, 0) if profile.detections is None else profile.detections
    return stats


def _web_stats(seed: str, profile: Profile) -> dict[str, int]:
    stats = dict.fromkeys(_WEB_CATEGORIES, 0)
    stats["undetected"] = 15 + draw(seed, "undetected", 15)
    stats["timeout"] = draw(seed, "timeout", 2)
    if profile.verdict is Verdict.MALICIOUS:
        stats["malicious"] = profile.detections or 5 + draw(seed, "malicious", 12)
    elif profile.verdict is Verdict.SUSPICIOUS:
        stats["suspicious"] = profile.detections or 1 + draw(seed, "few", 2)
    return stats


def _row(item: Item, engine: str, category: str) -> dict[str, Any]:
    row: dict[str, Any] = {"method": "blacklist", "engine_name": engine, "category": category}
    if item.kind is Kind.FILE:
        row["engine_version"] = f"{1 + draw(engine, 'version', 9)}.{draw(engine, 'minor', 20)}"
        row["engine_update"] = f"202506{1 + draw(engine, 'update', 28):02d}"
        row["result"] = _file_label(item, engine) if category == "malicious" else None
    else:
        row["result"] = _WEB_RESULTS.get(category) or pick(item.value, "threat", _web_labels())
    return row


def _file_label(item: Item, engine: str) -> str:
    form = pick(engine, "label", ("Trojan.{0}", "Win32/{0}.A", "Generic.{0}!gen", "Malware.{0}.1"))
    return form.format(family_of(item))


def _web_labels() -> list[str]:
    return ["phishing", "malware", "malicious"]
