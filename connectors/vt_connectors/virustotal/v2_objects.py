"""API v2's reports in API v3's form, as far as v2 has the data. Pure.

v2 counts only detections: its positives include suspicious results, and its total excludes engines without a result.
v2 has no engine results for domains and addresses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..indicators import Indicator
from .coerce import epoch_of_text, mapping, number, text
from .port import Comment, Resolution

Report = Mapping[str, Any]

# The result of v2's engines for a clean URL.
_CLEAN = "clean site"


def vt_object(report: Report, indicator: Indicator) -> dict[str, Any]:
    """The v3 object for v2's `report` on `indicator`."""
    if indicator.kind == "hash":
        return file_object(report, indicator.value)
    if indicator.kind == "url":
        return url_object(report)
    attributes = _domain(report) if indicator.kind == "domain" else _ip(report)
    kind = "domain" if indicator.kind == "domain" else "ip_address"
    return {"type": kind, "id": indicator.value, "attributes": _told(attributes)}


def file_object(report: Report, asked: str) -> dict[str, Any]:
    hashes = {name: text(report.get(name)) for name in ("md5", "sha1", "sha256")}
    attributes = {**hashes, **analysis_attributes(report)}
    return {"type": "file", "id": hashes["sha256"] or asked, "attributes": _told(attributes)}


def url_object(report: Report) -> dict[str, Any]:
    attributes = {"url": text(report.get("url")), **analysis_attributes(report)}
    attributes["last_final_url"] = None
    return {"type": "url", "id": object_id(report) or "", "attributes": _told(attributes)}


def object_id(report: Report) -> str | None:
    """The SHA-256 at the beginning of a scan id."""
    return (text(report.get("scan_id")) or "").split("-")[0] or text(report.get("sha256"))


def is_scanned(report: Report) -> bool:
    """Whether the scan has finished: a report on a queued scan has no figures."""
    return number(report.get("response_code")) == 1 and ("scans" in report or "positives" in report)


def analysis_attributes(report: Report) -> dict[str, Any]:
    """`last_analysis_stats`, `_results` and `_date` of a finished scan."""
    scans = {str(name): scan for name, scan in mapping(report.get("scans")).items() if isinstance(scan, Mapping)}
    if not is_scanned(report):
        return {}
    return {
        "last_analysis_stats": _stats(report, scans),
        "last_analysis_results": {name: _result(name, scan) for name, scan in scans.items()},
        "last_analysis_date": epoch_of_text(report.get("scan_date")),
    }


def _stats(report: Report, scans: Mapping[str, Report]) -> dict[str, int] | None:
    """None if a count exists but cannot be read."""
    detected = sum(scan.get("detected") is True for scan in scans.values())
    malicious, total = number(report.get("positives", detected)), number(report.get("total", len(scans)))
    if malicious is None or total is None or min(malicious, total) < 0:
        return None
    others = max(0, total - malicious)
    harmless = min(others, sum(_is_clean(scan) for scan in scans.values()))
    return {"malicious": malicious, "suspicious": 0, "harmless": harmless, "undetected": others - harmless}


def _is_clean(scan: Report) -> bool:
    return scan.get("detected") is not True and scan.get("result") == _CLEAN


def _result(name: str, scan: Report) -> dict[str, Any]:
    category = "malicious" if scan.get("detected") is True else "harmless" if _is_clean(scan) else "undetected"
    return {"engine_name": name, "category": category, "result": text(scan.get("result"))}


def _domain(report: Report) -> dict[str, Any]:
    """Vendors' categories are in fields `<vendor> category`, with varying spellings."""
    vendors = {name[: -len(" category")]: value for name, value in report.items() if name.endswith(" category")}
    said = {name: value for name, value in vendors.items() if isinstance(value, str)}
    listed = report.get("categories")
    if isinstance(listed, list):
        said.update({f"VirusTotal {place}": value for place, value in enumerate(listed) if isinstance(value, str)})
    return {"categories": said or None, "whois": text(report.get("whois"))}


def _ip(report: Report) -> dict[str, Any]:
    return {
        "asn": number(report.get("asn")),
        "as_owner": text(report.get("as_owner")),
        "country": text(report.get("country")),
        "continent": text(report.get("continent")),
        "network": text(report.get("network")),
    }


def resolution(row: Report, indicator: Indicator) -> Resolution:
    """A row of a report's `resolutions`, which contains only the other half of the pair."""
    is_domain = indicator.kind == "domain"
    return Resolution(
        host=indicator.value if is_domain else text(row.get("hostname")),
        ip=text(row.get("ip_address")) if is_domain else indicator.value,
        date=epoch_of_text(row.get("last_resolved")),
    )


def comment(row: Report) -> Comment:
    said = text(row.get("comment")) or ""
    return Comment(said, date=epoch_of_text(row.get("date"), "%Y%m%d%H%M%S"), tags=_tags(said))


def _tags(said: str) -> tuple[str, ...]:
    words = (word.strip("#.,;:!?()").lower() for word in said.split() if word.startswith("#"))
    return tuple(dict.fromkeys(word for word in words if word))


def _told(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}
