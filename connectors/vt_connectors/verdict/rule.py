"""The only rule for verdicts. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ..light_typing import Literal, NamedTuple

Verdict = Literal["malicious", "suspicious", "undetected", "unknown"]
WORST_FIRST: tuple[Verdict, ...] = ("malicious", "suspicious", "undetected", "unknown")


class Thresholds(NamedTuple):
    """The numbers of engines for a verdict: `malicious` counts results malicious, `suspicious` also suspicious ones."""

    malicious: int = 3
    suspicious: int = 1


def judge(stats: Mapping[str, int] | None, thresholds: Thresholds) -> Verdict:
    """The verdict for the `stats` of a report, with `total`. None or all zero: no engine has scanned it."""
    if not stats or stats["total"] == 0:
        return "unknown"
    if stats["malicious"] >= thresholds.malicious:
        return "malicious"
    if detections(stats) >= thresholds.suspicious:
        return "suspicious"
    return "undetected"


def detections(stats: Mapping[str, int]) -> int:
    """The number of engines with the result malicious or suspicious."""
    return stats["malicious"] + stats["suspicious"]
