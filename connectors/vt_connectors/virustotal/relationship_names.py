"""The names of relationships and their licences, for each kind of indicator. One table for actions, errors and docs.

VirusTotal adds names, so a name that is missing here is not refused; it only has no known licence.

Source: the tables of relationships in VirusTotal's documentation, for example
https://docs.virustotal.com/reference/files#relationships.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..indicators import Kind
from .licences import Licence

_FREE_OF_FILE = """
    behaviours bundled_files collections comments contacted_domains contacted_ips contacted_urls dropped_files
    execution_parents graphs pe_resource_children pe_resource_parents sigma_analysis user_votes votes
"""
_PREMIUM_OF_FILE = """
    analyses carbonblack_children carbonblack_parents compressed_parents email_attachments email_parents
    embedded_domains embedded_ips embedded_urls itw_domains itw_ips itw_urls memory_pattern_domains
    memory_pattern_ips memory_pattern_urls overlay_children overlay_parents pcap_children pcap_parents
    related_references related_threat_actors screenshots similar_files submissions urls_for_embedded_js
"""
_FREE_OF_URL = """
    collections comments communicating_files graphs last_serving_ip_address network_location votes
"""
_PREMIUM_OF_URL = """
    analyses contacted_domains contacted_ips downloaded_files embedded_js_files redirecting_urls redirects_to
    referrer_files referrer_urls related_comments related_references related_threat_actors submissions
    urls_related_by_tracker_id
"""
_FREE_OF_DOMAIN = """
    collections comments communicating_files graphs historical_ssl_certificates historical_whois
    immediate_parent parent referrer_files related_comments resolutions siblings subdomains votes
"""
_PREMIUM_OF_DOMAIN = """
    caa_records cname_records downloaded_files mx_records ns_records related_references related_threat_actors
    soa_records urls
"""
_FREE_OF_IP = """
    collections comments communicating_files graphs historical_ssl_certificates historical_whois referrer_files
    related_comments resolutions votes
"""
_PREMIUM_OF_IP = """
    downloaded_files related_references related_threat_actors urls
"""
_GTI = """
    associations attack_techniques campaigns malware_families related_reports reports software_toolkits
    vulnerabilities
"""


def _names(free: str, premium: str) -> Mapping[str, Licence]:
    names: dict[str, Licence] = dict.fromkeys(free.split(), "free")
    names.update(dict.fromkeys(premium.split(), "premium"))
    names.update(dict.fromkeys(_GTI.split(), "gti"))
    return dict(sorted(names.items()))


NAMES: Mapping[Kind, Mapping[str, Licence]] = {
    "hash": _names(_FREE_OF_FILE, _PREMIUM_OF_FILE),
    "url": _names(_FREE_OF_URL, _PREMIUM_OF_URL),
    "domain": _names(_FREE_OF_DOMAIN, _PREMIUM_OF_DOMAIN),
    "ip": _names(_FREE_OF_IP, _PREMIUM_OF_IP),
}


def licence_of(kind: Kind, name: str) -> Licence:
    """The licence that the relationship needs; `free` also for a name that is not in the table."""
    return NAMES[kind].get(name, "free")
