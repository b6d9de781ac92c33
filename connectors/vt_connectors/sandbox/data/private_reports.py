"""The attributes of reports on private scans. They have verdicts, but not the results of engines."""

from __future__ import annotations

from typing import Any

from .behaviour import SANDBOXES
from .catalogue import FileFacts
from .deterministic import digest, draw
from .engines import stats_of
from .file_attributes import file_attributes
from .gti import gti_assessment, premium_attributes
from .kinds import Item, Verdict
from .objects import scan_profile
from .web_attributes import url_attributes

_VERDICTS = {
    Verdict.MALICIOUS: "VERDICT_MALICIOUS",
    Verdict.SUSPICIOUS: "VERDICT_SUSPICIOUS",
    Verdict.UNDETECTED: "VERDICT_UNDETECTED",
}
# Of the public report: what others know, which a private file has not.
_PUBLIC = ("unique_sources", "popular_threat_classification")
_ENGINE = "Safe List"


def private_file_attributes(file: Item, facts: FileFacts, date: int, is_detonated: bool) -> dict[str, Any]:
    """The attributes of a private_file that was scanned at `date` (epoch seconds)."""
    verdict = scan_profile(file).verdict
    attributes = unscanned_private_file(file, facts)
    attributes.update(_severity(file), last_analysis_date=date, threat_verdict=_VERDICTS[verdict], available_tools=[])
    if is_detonated:
        attributes["sandbox_verdicts"] = {SANDBOXES[0]: _sandbox_verdict(verdict)}
    return attributes


def unscanned_private_file(file: Item, facts: FileFacts) -> dict[str, Any]:
    """The attributes of a private_file before its scan has ended."""
    made = file_attributes(file, scan_profile(file).verdict, facts)
    return {name: value for name, value in made.items() if name not in _PUBLIC}


def private_url_attributes(url: Item, date: int) -> dict[str, Any]:
    """The attributes of a private_url; two in three have the result of one engine."""
    verdict = scan_profile(url).verdict
    made = url_attributes(url, verdict)
    attributes = {name: value for name, value in made.items() if name not in ("categories", "threat_names")}
    attributes.update(
        redirection_chain=[url.value],
        html_meta={"title": [attributes["title"]]},
        outgoing_links=[],
        favicon={"raw_md5": digest(url.value, "icon")[:32], "dhash": digest(url.value, "icon")[32:48]},
        last_analysis_date=date,
    )
    if draw(url.value, "one engine", 3):
        category, result = ("malicious", "phishing") if verdict is Verdict.MALICIOUS else ("harmless", "clean")
        row = {"method": "blacklist", "engine_name": _ENGINE, "category": category, "result": result}
        stats = dict.fromkeys(("malicious", "suspicious", "undetected", "harmless", "timeout"), 0)
        attributes.update(last_analysis_results={_ENGINE: row}, last_analysis_stats={**stats, category: 1})
    return attributes


def private_assessment(item: Item) -> dict[str, Any]:
    """gti_assessment, or nothing."""
    assessment = gti_assessment(item, {"last_analysis_stats": stats_of(item, scan_profile(item))})
    return {} if assessment is None else {"gti_assessment": assessment}


def _severity(file: Item) -> dict[str, Any]:
    made = premium_attributes(file, {"last_analysis_stats": stats_of(file, scan_profile(file))})
    return {"threat_severity": made["threat_severity"]}


def _sandbox_verdict(verdict: Verdict) -> dict[str, Any]:
    is_malicious = verdict is Verdict.MALICIOUS
    return {
        "category": "malicious" if is_malicious else "harmless",
        "confidence": 90 if is_malicious else 20,
        "sandbox_name": SANDBOXES[0],
        "malware_classification": ["MALWARE", "TROJAN"] if is_malicious else ["CLEAN"],
    }
