"""The names of relationships, by kind: the type of their rows, and the licence that they need.

Source: https://docs.virustotal.com/reference/files#relationships and the same tables of the other objects.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..accounts import Licence
from .kinds import Kind


@dataclass(frozen=True)
class Relationship:
    """One relationship of a kind. `rows` is the type of its objects; `is_single`: it has one object at most."""

    name: str
    rows: str
    licence: Licence | None = None
    is_single: bool = False


# By name, the type of the rows; names ending in `!` have one object at most.
_COMMON_FREE = {
    "collections": "collection",
    "comments": "comment",
    "graphs": "graph",
    "votes": "vote",
    "user_votes": "vote",
}
_COMMON_PREMIUM = {"related_references": "reference", "related_threat_actors": "collection"}
_COMMON_GTI = {
    "associations": "collection",
    "campaigns": "collection",
    "malware_families": "collection",
    "software_toolkits": "collection",
    "reports": "collection",
    "related_reports": "collection",
    "vulnerabilities": "collection",
    "attack_techniques": "attack_technique",
}
_CONTACTED = {"contacted_domains": "domain", "contacted_ips": "ip_address", "contacted_urls": "url"}
_HOST_FREE = {
    "communicating_files": "file",
    "historical_ssl_certificates": "ssl_cert",
    "historical_whois": "whois",
    "referrer_files": "file",
    "related_comments": "comment",
    "resolutions": "resolution",
}
_HOST_PREMIUM = {"downloaded_files": "file", "urls": "url"}


def _triple(stem: str) -> dict[str, str]:
    return {f"{stem}_domains": "domain", f"{stem}_ips": "ip_address", f"{stem}_urls": "url"}


_FREE: dict[Kind, dict[str, str]] = {
    Kind.FILE: {
        **_CONTACTED,
        "behaviours": "file_behaviour",
        "bundled_files": "file",
        "dropped_files": "file",
        "execution_parents": "file",
        "pe_resource_children": "file",
        "pe_resource_parents": "file",
        "sigma_analysis!": "sigma_analysis",
    },
    Kind.DOMAIN: {
        **_HOST_FREE,
        "immediate_parent!": "domain",
        "parent!": "domain",
        "siblings": "domain",
        "subdomains": "domain",
    },
    Kind.IP: _HOST_FREE,
    Kind.URL: {
        "communicating_files": "file",
        "last_serving_ip_address!": "ip_address",
        "network_location!": "domain",
    },
}
_PREMIUM: dict[Kind, dict[str, str]] = {
    Kind.FILE: {
        **_triple("embedded"),
        **_triple("itw"),
        **_triple("memory_pattern"),
        "analyses": "analysis",
        "carbonblack_children": "file",
        "carbonblack_parents": "file",
        "compressed_parents": "file",
        "email_attachments": "file",
        "email_parents": "file",
        "overlay_children": "file",
        "overlay_parents": "file",
        "pcap_children": "file",
        "pcap_parents": "file",
        "screenshots": "screenshot",
        "similar_files": "file",
        "submissions": "submission",
        "urls_for_embedded_js": "url",
    },
    Kind.DOMAIN: {
        **_HOST_PREMIUM,
        "caa_records": "domain",
        "cname_records": "domain",
        "mx_records": "domain",
        "ns_records": "domain",
        "soa_records": "domain",
    },
    Kind.IP: _HOST_PREMIUM,
    Kind.URL: {
        "analyses": "analysis",
        "contacted_domains": "domain",
        "contacted_ips": "ip_address",
        "downloaded_files": "file",
        "embedded_js_files": "file",
        "redirecting_urls": "url",
        "redirects_to": "url",
        "referrer_files": "file",
        "referrer_urls": "url",
        "related_comments": "comment",
        "submissions": "submission",
        "urls_related_by_tracker_id": "url",
    },
}


def _table(kind: Kind) -> dict[str, Relationship]:
    groups: tuple[tuple[dict[str, str], Licence | None], ...] = (
        ({**_COMMON_FREE, **_FREE[kind]}, None),
        ({**_COMMON_PREMIUM, **_PREMIUM[kind]}, Licence.PREMIUM),
        (_COMMON_GTI, Licence.GTI),
    )
    found = [
        Relationship(name.rstrip("!"), rows, licence, name.endswith("!"))
        for names, licence in groups
        for name, rows in names.items()
    ]
    return {relationship.name: relationship for relationship in found}


RELATIONSHIPS: dict[Kind, dict[str, Relationship]] = {kind: _table(kind) for kind in Kind}
