"""The verdict. One rule, here only. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Verdict = Literal["malicious", "suspicious", "undetected", "unknown"]
WORST_FIRST: tuple[Verdict, ...] = ("malicious", "suspicious", "undetected", "unknown")


class Thresholds(NamedTuple):
    """How many engines it takes: saying malicious, and objecting at all (malicious or suspicious)."""

    malicious: int = 3
    suspicious: int = 1


def judge(stats: Mapping[str, int] | None, thresholds: Thresholds) -> Verdict:
    """`stats` as in a report, with `total`. None or all zero: nobody has looked."""
    if not stats or stats["total"] == 0:
        return "unknown"
    if stats["malicious"] >= thresholds.malicious:
        return "malicious"
    if detections(stats) >= thresholds.suspicious:
        return "suspicious"
    return "undetected"


def detections(stats: Mapping[str, int]) -> int:
    """How many engines object."""
    return stats["malicious"] + stats["suspicious"]
