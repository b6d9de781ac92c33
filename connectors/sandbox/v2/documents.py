"""API v2's documents, made of the same objects that v3 shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ..analyses import Analysis
from ..catalogue import FileFacts
from ..draws import draw
from ..kinds import Item, Kind, url_id
from ..messages import JsonObject
from ..state import State

_DETECTED = ("malicious", "suspicious")
_OPINIONS = (*_DETECTED, "undetected", "harmless")
_RESULTS = {"harmless": "clean site", "undetected": "unrated site"}
QUEUED_TEXT = "Scan request successfully queued, come back later for the report"


def unknown(resource: str, verbose_msg: str) -> JsonObject:
    return {"response_code": 0, "resource": resource, "verbose_msg": verbose_msg}


def invalid(resource: str, verbose_msg: str) -> JsonObject:
    return {"response_code": -1, "resource": resource, "verbose_msg": verbose_msg}


def still_queued(resource: str, scan_id: str) -> JsonObject:
    said = "Your resource is queued for analysis"
    return {"response_code": -2, "resource": resource, "scan_id": scan_id, "verbose_msg": said}


def scan_id(analysis: Analysis) -> str:
    return f"{analysis.item.id}-{int(analysis.started_at)}"


def queued_file(analysis: Analysis, facts: FileFacts, resource: str | None, said: str | None) -> JsonObject:
    """What a file's scan or rescan is answered with; a rescan says nothing."""
    document = {
        "response_code": 1,
        "scan_id": scan_id(analysis),
        "resource": resource or facts.sha256,
        "sha256": facts.sha256,
        "permalink": _permalink("file", analysis.item.id, int(analysis.started_at)),
    }
    if said is not None:
        document.update(sha1=facts.sha1, md5=facts.md5, verbose_msg=said)
    return document


def queued_url(analysis: Analysis, resource: str) -> JsonObject:
    return {
        "response_code": 1,
        "scan_id": scan_id(analysis),
        "resource": resource,
        "url": analysis.item.value,
        "scan_date": _date(analysis.started_at),
        "permalink": _permalink("url", analysis.item.id, int(analysis.started_at)),
        "verbose_msg": QUEUED_TEXT,
    }


def file_report(state: State, item: Item, resource: str) -> JsonObject:
    facts = state.dataset.facts(item)
    assert facts is not None, "a file is known by its hashes"
    attributes, epoch = _attributes(state, item)
    results = attributes["last_analysis_results"]
    scans = {
        engine: {
            "detected": row["category"] in _DETECTED,
            "version": row["engine_version"],
            "result": row["result"] if row["category"] in _DETECTED else None,
            "update": row["engine_update"],
        }
        for engine, row in results.items()
        if row["category"] in _OPINIONS
    }
    return {
        "response_code": 1,
        "verbose_msg": "Scan finished, information embedded",
        "resource": resource,
        "scan_id": f"{item.id}-{epoch}",
        "md5": facts.md5,
        "sha1": facts.sha1,
        "sha256": facts.sha256,
        "scan_date": _date(epoch),
        "permalink": _permalink("file", item.id, epoch),
        **_counts(scans),
        "scans": scans,
    }


def url_report(state: State, item: Item, resource: str) -> JsonObject:
    attributes, epoch = _attributes(state, item)
    scans = {
        engine: {
            "detected": row["category"] in _DETECTED,
            "result": _RESULTS.get(row["category"], f"{row['result']} site"),
        }
        for engine, row in attributes["last_analysis_results"].items()
        if row["category"] in _OPINIONS
    }
    return {
        "response_code": 1,
        "verbose_msg": "Scan finished, scan information embedded in this object",
        "resource": resource,
        "url": item.value,
        "scan_id": f"{item.id}-{epoch}",
        "scan_date": _date(epoch),
        "permalink": _permalink("url", item.id, epoch),
        "filescan_id": None,
        **_counts(scans),
        "scans": scans,
    }


def domain_report(state: State, item: Item, resolutions: list[JsonObject]) -> JsonObject:
    attributes, _ = _attributes(state, item)
    rows = [
        {"last_resolved": _date(row["attributes"]["date"]), "ip_address": row["attributes"]["ip_address"]}
        for row in resolutions
    ]
    categories = attributes.get("categories", {})
    vendors = {f"{vendor} category": value for vendor, value in categories.items()}
    return {
        "response_code": 1,
        "verbose_msg": "Domain found in dataset",
        "resolutions": rows,
        "categories": sorted(set(categories.values())),
        **vendors,
        "subdomains": [f"www.{item.value}"],
        "domain_siblings": [],
        "whois": attributes.get("whois", ""),
        "whois_timestamp": attributes.get("whois_date", 0),
        **_urls_at(state, item),
        **_no_samples(),
    }


def ip_report(state: State, item: Item, resolutions: list[JsonObject]) -> JsonObject:
    attributes, _ = _attributes(state, item)
    rows = [
        {"last_resolved": _date(row["attributes"]["date"]), "hostname": row["attributes"]["host_name"]}
        for row in resolutions
    ]
    told = {name: attributes[name] for name in ("as_owner", "country", "continent", "network") if name in attributes}
    # Both forms are met.
    asn = attributes.get("asn")
    if asn is not None:
        told["asn"] = str(asn) if draw(item.value, "asn as text", 2) else asn
    return {
        "response_code": 1,
        "verbose_msg": "IP address in dataset",
        **told,
        "resolutions": rows,
        **_urls_at(state, item),
        **_no_samples(),
    }


def _attributes(state: State, item: Item) -> tuple[Mapping[str, Any], int]:
    """An item's attributes, and the epoch of its last analysis."""
    attributes: Mapping[str, Any] = state.report(item)["attributes"]
    return attributes, int(attributes.get("last_analysis_date") or attributes["last_modification_date"])


def _counts(scans: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    return {"positives": sum(bool(scan["detected"]) for scan in scans.values()), "total": len(scans)}


def _urls_at(state: State, item: Item) -> JsonObject:
    """URLs seen there: detected ones as objects, the others as lists."""
    attributes, epoch = _attributes(state, item)
    positives = attributes["last_analysis_stats"]["malicious"]
    base = f"http://{item.value}/" if ":" not in item.value else f"http://[{item.value}]/"
    bad = {"url": base + "download", "positives": positives, "total": 70, "scan_date": _date(epoch)}
    return {
        "detected_urls": [bad] if positives else [],
        "undetected_urls": [[base, url_id(base), 0, 70, _date(epoch)]],
    }


def _no_samples() -> JsonObject:
    kinds = ("downloaded", "referrer", "communicating")
    return {f"{what}_{kind}_samples": [] for kind in kinds for what in ("detected", "undetected")}


def _permalink(kind: str, ident: str, epoch: int) -> str:
    return f"https://www.virustotal.com/{kind}/{ident}/analysis/{epoch}/"


def _date(epoch: float) -> str:
    return datetime.fromtimestamp(int(epoch), timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def kind_of(resource: str) -> Kind:
    """A comment's resource is a hash or a URL."""
    return Kind.URL if "." in resource or "/" in resource else Kind.FILE
