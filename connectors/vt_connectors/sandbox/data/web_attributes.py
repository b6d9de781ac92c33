"""The attributes of the reports on URLs, domains and IP addresses."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from .deterministic import digest, draw, pick
from .engines import family_of
from .kinds import Item, Verdict

REFERENCE_TIME = 1_750_000_000  # June 2025 in epoch seconds: "now" for all invented dates

_DAY_S = 86400
_CLEAN_CATEGORIES = ("information technology", "news", "business", "shopping", "education")
_BAD_CATEGORIES = ("phishing and fraud", "malware sites", "command and control")
_REGISTRARS = ("Acorn Registry Services", "Bramble Domains Inc.", "Clover Names Ltd.")
_OWNERS = ("Meadow Hosting", "Orchard Networks", "Prairie Telecom", "Tundra Cloud")
# Country, continent, regional registry.
_PLACES = (
    ("US", "NA", "ARIN"),
    ("DE", "EU", "RIPE NCC"),
    ("NL", "EU", "RIPE NCC"),
    ("JP", "AS", "APNIC"),
    ("BR", "SA", "LACNIC"),
    ("ZA", "AF", "AFRINIC"),
)


def url_attributes(item: Item, verdict: Verdict) -> dict[str, Any]:
    """All attributes except those of scans and submissions."""
    seed = item.value
    body_size = 900 + draw(seed, "body", 90_000)
    attributes: dict[str, Any] = {
        "url": item.value,
        "last_final_url": _final_url(seed),
        "title": pick(seed, "title", ("Welcome", "Sign in", "Home", "Documents")),
        "categories": _categories(seed, verdict),
        "tags": ["external-resources"] if draw(seed, "tags", 2) else [],
        "threat_names": [family_of(item)] if verdict is Verdict.MALICIOUS else [],
        "tld": _host(seed).rpartition(".")[2],
    }
    final = attributes["last_final_url"]
    attributes["redirection_chain"] = [seed] if final == seed else [seed, final]
    linked = ("www.example.com", "example.com")[: draw(seed, "out", 3)]
    attributes["outgoing_links"] = [f"https://{host}/" for host in linked]
    if draw(seed, "answered", 8):  # one URL in eight has no HTTP response
        attributes["last_http_response_code"] = 200
        attributes["last_http_response_content_length"] = body_size
        attributes["last_http_response_content_sha256"] = digest(seed, "content")
        attributes["last_http_response_headers"] = {
            "content-type": "text/html",
            "content-length": str(body_size),
        }
    return attributes


def domain_attributes(item: Item, verdict: Verdict) -> dict[str, Any]:
    """All attributes except those of scans and submissions. Dates in epoch seconds, `ttl` in seconds."""
    seed = item.value
    created = REFERENCE_TIME - _DAY_S * (30 + draw(seed, "created", 7000))
    updated = REFERENCE_TIME - _DAY_S * draw(seed, "updated", 30)
    registrar = pick(seed, "registrar", _REGISTRARS)
    return {
        "creation_date": created,
        "last_update_date": updated,
        "expiration_date": updated + 365 * _DAY_S,
        "registrar": registrar,
        "tld": seed.rpartition(".")[2],
        "categories": _categories(seed, verdict),
        "tags": [],
        "last_dns_records": [{"type": "A", "ttl": 300, "value": invented_address(seed, "A record")}],
        "last_dns_records_date": updated,
        "popularity_ranks": {},
        "jarm": digest(seed, "jarm")[:62],
        "whois": f"Domain Name: {seed}\nRegistrar: {registrar}",
        "whois_date": updated,
    }


def ip_attributes(item: Item, verdict: Verdict) -> dict[str, Any]:
    """All attributes except those of scans and submissions."""
    seed = item.value
    owner = pick(seed, "owner", _OWNERS)
    prefix = 24 if ipaddress.ip_address(seed).version == 4 else 48
    network = str(ipaddress.ip_network((seed, prefix), strict=False))
    updated = REFERENCE_TIME - _DAY_S * draw(seed, "updated", 30)
    attributes: dict[str, Any] = {
        "as_owner": owner,
        "asn": 64496 + draw(seed, "asn", 16),  # numbers reserved for documentation
        "network": network,
        "tags": ["proxy"] if verdict is Verdict.SUSPICIOUS else [],
        "jarm": digest(seed, "jarm")[:62],
        "whois": f"CIDR: {network}\nOrganization: {owner}",
        "whois_date": updated,
    }
    if verdict is Verdict.MALICIOUS:
        attributes["crowdsourced_context"] = [
            {
                "title": "Seen in an attack",
                "details": "Contacted by a loader",
                "severity": "high",
                "source": "Sandbox Press",
                "timestamp": updated,
            }
        ]
    if draw(seed, "placed", 8):  # one address in eight belongs to no country
        country, continent, registry = pick(seed, "place", _PLACES)
        attributes.update(country=country, continent=continent, regional_internet_registry=registry)
    return attributes


def invented_address(seed: str, purpose: str) -> str:
    """A public-looking IPv4 address fixed by `seed` and `purpose`."""
    low = draw(seed, purpose, 1 << 24)
    return f"{pick(seed, purpose, (45, 62, 77, 91, 93, 185))}.{low >> 16}.{low >> 8 & 255}.{1 + low % 254}"


def _categories(seed: str, verdict: Verdict) -> dict[str, str]:
    options = _BAD_CATEGORIES if verdict is Verdict.MALICIOUS else _CLEAN_CATEGORIES
    return {engine: pick(seed, engine, options) for engine in ("Engine 03", "Engine 17")}


def _final_url(url: str) -> str:
    # Some sites redirect to https.
    return url if draw(url, "redirect", 6) else url.replace("http://", "https://", 1)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
