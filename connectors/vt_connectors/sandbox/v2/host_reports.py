"""API v2's reports on domains and IP addresses, with all their irregular forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..data.deterministic import digest, draw, pick
from ..data.engines import ENGINES
from ..data.kinds import Item, Kind, url_id
from ..http.messages import JsonObject
from ..state import State
from .scans import date_text, last_seen

_DAY_S = 86400
_SEEN_BAD = "This URL domain/host was seen to host badware at some point in time"
_PATHS = ("", "index.html", "download?id=7", "update.exe", "news/2025/")
_SAMPLES = ("downloaded", "referrer", "communicating")


def domain_report(state: State, item: Item, resolutions: list[JsonObject]) -> JsonObject:
    """`resolutions` are the attributes of v3's objects, newest first."""
    attributes = state.report(item)["attributes"]
    categories = attributes["categories"]
    pairs = [{"last_resolved": date_text(row["date"]), "ip_address": row["ip_address"]} for row in resolutions]
    return {
        "response_code": 1,
        "verbose_msg": "Domain found in dataset",
        "resolutions": pairs,
        "categories": sorted(set(categories.values())),
        **{f"{vendor} category": value for vendor, value in categories.items()},
        **_vendor_info(item, attributes),
        "subdomains": [f"{name}.{item.value}" for name in ("www", "mail", "cdn")[: draw(item.value, "subdomains", 4)]],
        "domain_siblings": [],
        "whois": attributes["whois"],
        "whois_timestamp": attributes["whois_date"],
        **_urls(item, attributes),
        **_samples(item, attributes),
    }


def ip_report(state: State, item: Item, resolutions: list[JsonObject]) -> JsonObject:
    """`resolutions` are the attributes of v3's objects, newest first."""
    attributes = state.report(item)["attributes"]
    pairs = [{"last_resolved": date_text(row["date"]), "hostname": row["host_name"]} for row in resolutions]
    told = ("as_owner", "country", "continent", "network", "whois")
    asn = attributes["asn"]
    return {
        "response_code": 1,
        "verbose_msg": pick(item.value, "words", ("IP address in dataset", "IP address found in dataset")),
        **{name: attributes[name] for name in told if name in attributes},
        "whois_timestamp": attributes["whois_date"],
        "asn": str(asn) if draw(item.value, "asn as text", 2) else asn,  # both forms occur
        "resolutions": pairs,
        **_urls(item, attributes),
        **_samples(item, attributes),
    }


def _positives(attributes: Mapping[str, Any]) -> int:
    stats: Mapping[str, int] = attributes["last_analysis_stats"]
    return stats["malicious"] + stats["suspicious"]


def _vendor_info(item: Item, attributes: Mapping[str, Any]) -> JsonObject:
    """Results of single vendors: some as a sentence, some as fields."""
    bad = _positives(attributes) > 0
    fields = {"Verdict": "malicious" if bad else "safe", "Adult content": "no"}
    words: JsonObject = {f"{ENGINES[5]} domain info": {**fields, "Safety score": draw(item.value, "safety", 101)}}
    return {**words, f"{ENGINES[9]} domain info": _SEEN_BAD} if bad else words


def _urls(item: Item, attributes: Mapping[str, Any]) -> JsonObject:
    """URLs on the host, newest first: detected ones are objects, others are lists. Home pages are never detected."""
    positives, total, seen = _positives(attributes), len(ENGINES), last_seen(attributes)
    paths = _PATHS[: 2 + draw(item.value, "urls", len(_PATHS) - 1)]
    urls = [(f"http://{item.value}/{path}", date_text(seen - place * _DAY_S)) for place, path in enumerate(paths)]
    bad, clean = (urls[1:], urls[:1]) if positives else ([], urls)
    return {
        "detected_urls": [{"url": url, "positives": positives, "total": total, "scan_date": date} for url, date in bad],
        "undetected_urls": [[url, url_id(url), 0, total, date] for url, date in clean],
    }


def _samples(item: Item, attributes: Mapping[str, Any]) -> JsonObject:
    """Files downloaded from the host, that contain its name, or connect to it; detected ones only if it is bad."""
    positives, seen = _positives(attributes), last_seen(attributes)
    found: JsonObject = {}
    for kind in _SAMPLES:
        for what, count in (("detected", positives), ("undetected", 0)):
            # Files that only contain the host's name often have no date.
            dated = kind != "referrer" or (item.kind is Kind.DOMAIN and what == "undetected")
            rows = draw(item.value, f"{what} {kind}", 4) if positives or what == "undetected" else 0
            found[f"{what}_{kind}_samples"] = [
                _sample(f"{item.value} {what} {kind} {place}", count, dated, seen - place * _DAY_S)
                for place in range(rows)
            ]
    return found


def _sample(seed: str, positives: int, dated: bool, epoch: int) -> JsonObject:
    row: JsonObject = {"sha256": digest(seed, "sample"), "positives": positives, "total": len(ENGINES)}
    return {**row, "date": date_text(epoch)} if dated else row
