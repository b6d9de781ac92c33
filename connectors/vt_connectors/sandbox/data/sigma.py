"""Sigma rules that matched what invented sandboxes saw."""

from __future__ import annotations

from typing import Any

from .behaviour import behaviours_of
from .deterministic import digest
from .kinds import Item, Verdict
from .rows import Row
from .verdicts import profile_of

_LEVELS = ("critical", "high", "medium", "low")
_RULES = (
    ("high", "Program in the Startup Folder", "Detects a new program that starts with Windows"),
    ("medium", "Encoded PowerShell Command", "Detects PowerShell with an encoded command"),
    ("low", "Command Line Asks Who Is Logged On", "Detects whoami"),
)


def sigma_results(file: Item) -> list[dict[str, Any]]:
    """The matches on a file, as in sigma_analysis_results: for detonated files that are not clean."""
    if not behaviours_of(file) or profile_of(file).verdict is Verdict.UNDETECTED:
        return []
    first = 0 if profile_of(file).verdict is Verdict.MALICIOUS else 2
    return [_match(file, *rule) for rule in _RULES[first:]]


def sigma_stats(results: list[dict[str, Any]]) -> dict[str, int]:
    """The number of matches of each level."""
    return {level: sum(match["rule_level"] == level for match in results) for level in _LEVELS}


def sigma_analysis(file: Item) -> list[Row]:
    """The one sigma_analysis of a file, or nothing."""
    results = sigma_results(file)
    if not results:
        return []
    stats = sigma_stats(results)
    attributes = {
        "stats": {"severity_stats": stats, "source_severity_stats": {"Sandbox Rules": stats}},
        "rule_matches": results,
    }
    return [Row("sigma_analysis", file.id, lambda: attributes)]


def _match(file: Item, level: str, title: str, description: str) -> dict[str, Any]:
    return {
        "rule_title": title,
        "rule_id": digest(title, "rule"),
        "rule_level": level,
        "rule_source": "Sandbox Rules",
        "rule_author": "Sandbox Authors",
        "rule_description": description,
        "match_context": [
            {"values": {"EventID": "1", "CommandLine": "cmd.exe /c whoami", "Image": f"C:\\{file.id[:6]}.exe"}}
        ],
    }
