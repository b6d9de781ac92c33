"""API v2's documents on files and URLs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..analyses import Analysis
from ..data.catalogue import FileFacts
from ..data.kinds import Kind
from ..http.messages import JsonObject
from .scans import Scan, ScanId, date_text

QUEUED = "Scan request successfully queued, come back later for the report"

_DETECTED = ("malicious", "suspicious")
# v2 counts only engines with a result.
_OPINIONS = (*_DETECTED, "undetected", "harmless")
_URL_RESULTS = {"harmless": "clean site", "undetected": "unrated site"}


def unknown(resource: str, verbose_msg: str) -> JsonObject:
    """There is no report on `resource`; the document repeats it as it was sent."""
    return {"response_code": 0, "resource": resource, "verbose_msg": verbose_msg}


def invalid(resource: str, verbose_msg: str) -> JsonObject:
    """`resource` is not a valid resource."""
    return {"response_code": -1, "resource": resource, "verbose_msg": verbose_msg}


def still_queued(resource: str, analysis: Analysis) -> JsonObject:
    """The scan has not finished. A file's scan id has no time here."""
    scan_id = analysis.item.id if analysis.item.kind is Kind.FILE else str(ScanId.of(analysis))
    said = "Your resource is queued for analysis"
    return {"response_code": -2, "resource": resource, "scan_id": scan_id, "verbose_msg": said}


def rescan_of_file(analysis: Analysis, resource: str) -> JsonObject:
    """A rescan was accepted; v2 has no message for it."""
    scan_id = ScanId.of(analysis)
    return {
        "response_code": 1,
        "scan_id": str(scan_id),
        "resource": resource,
        "sha256": analysis.item.id,
        "permalink": _permalink(Kind.FILE, scan_id),
    }


def scan_of_file(analysis: Analysis, facts: FileFacts) -> JsonObject:
    """A file was received, and its scan is queued."""
    hashes = {"sha1": facts.sha1, "md5": facts.md5}
    return {**rescan_of_file(analysis, facts.sha256), **hashes, "verbose_msg": QUEUED}


def scan_of_url(analysis: Analysis, resource: str) -> JsonObject:
    """The scan of a URL is queued; there are no figures yet."""
    scan_id = ScanId.of(analysis)
    return {
        "response_code": 1,
        "scan_id": str(scan_id),
        "resource": resource,
        "url": analysis.item.value,
        "scan_date": date_text(scan_id.epoch),
        "permalink": _permalink(Kind.URL, scan_id),
        "verbose_msg": QUEUED,
    }


def file_report(scan: Scan, facts: FileFacts, resource: str) -> JsonObject:
    """The report of a finished scan."""
    scans = {
        engine: {
            "detected": row["category"] in _DETECTED,
            "version": row["engine_version"],
            "result": row["result"],
            "update": row["engine_update"],
        }
        for engine, row in _opinions(scan).items()
    }
    hashes = {"md5": facts.md5, "sha1": facts.sha1, "sha256": facts.sha256}
    return {**_report(scan, resource, scans), **hashes, "verbose_msg": "Scan finished, information embedded"}


def url_report(scan: Scan, resource: str) -> JsonObject:
    """The report of a finished scan."""
    scans = {
        engine: {
            "detected": row["category"] in _DETECTED,
            "result": _URL_RESULTS.get(row["category"], f"{row['result']} site"),
        }
        for engine, row in _opinions(scan).items()
    }
    return {
        **_report(scan, resource, scans),
        "url": scan.item.value,
        "filescan_id": None,
        "verbose_msg": "Scan finished, scan information embedded in this object",
    }


def _report(scan: Scan, resource: str, scans: dict[str, JsonObject]) -> JsonObject:
    return {
        "response_code": 1,
        "resource": resource,
        "scan_id": str(scan.id),
        "scan_date": date_text(scan.id.epoch),
        "permalink": _permalink(scan.item.kind, scan.id),
        "positives": sum(said["detected"] for said in scans.values()),
        "total": len(scans),
        "scans": scans,
    }


def _opinions(scan: Scan) -> Mapping[str, Mapping[str, Any]]:
    rows = scan.attributes["last_analysis_results"]
    return {engine: row for engine, row in rows.items() if row["category"] in _OPINIONS}


def _permalink(kind: Kind, scan_id: ScanId) -> str:
    return f"https://www.virustotal.com/{kind.value}/{scan_id.sha256}/analysis/{scan_id.epoch}/"
