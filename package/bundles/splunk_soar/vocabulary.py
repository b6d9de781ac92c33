"""What the platform calls our actions, parameters and fields."""

from __future__ import annotations

from collections.abc import Mapping

# Names that playbooks of other reputation services use. All others are ours, with spaces.
NAMES: Mapping[str, str] = {
    "lookup_hash": "file reputation",
    "lookup_url": "url reputation",
    "lookup_domain": "domain reputation",
    "lookup_ip": "ip reputation",
    "scan_file": "detonate file",
    "scan_url": "detonate url",
    "get_analysis": "get report",
    "quota": "get quota",
    "download_file": "get file",
}
SCANS = frozenset(("scan_file", "scan_url", "rescan", "rescan_file"))

_HASH = ("hash", "md5", "sha1", "sha256")
_DOMAIN = ("domain", "host name")
_IP = ("ip", "ipv6")
_ANY = (*_HASH, "url", *_DOMAIN, *_IP)
# By the name of a parameter or field: the kinds of values that it contains.
CONTAINS: Mapping[str, tuple[str, ...]] = {
    "hash": _HASH,
    "md5": ("md5", "hash"),
    "sha1": ("sha1", "hash"),
    "sha256": ("sha256", "hash"),
    "url": ("url",),
    "final_url": ("url",),
    "link": ("url",),
    "domain": _DOMAIN,
    "ip": _IP,
    "value": _ANY,
    "indicator": _ANY,
    "vault_id": ("vault id",),
    "analysis_id": ("virustotal analysis id",),
    "comment_id": ("virustotal comment id",),
}
# The kinds of an action's own indicator.
OWN: Mapping[str, tuple[str, ...]] = {
    "lookup_hash": _HASH,
    "rescan_file": _HASH,
    "scan_file": _HASH,
    "lookup_private_file": _HASH,
    "behaviour": _HASH,
    "lookup_url": ("url",),
    "scan_url": ("url",),
    "lookup_private_url": ("url",),
    "lookup_domain": _DOMAIN,
    "lookup_ip": _IP,
}
# The columns of an action's table, in this order.
COLUMNS: Mapping[str, str] = {
    "indicator": "Indicator",
    "verdict": "Verdict",
    "stats.malicious": "Malicious",
    "stats.suspicious": "Suspicious",
    "stats.total": "Engines",
    "label": "Threat",
    "last_analysis": "Last analysis",
    "analysis_id": "Analysis",
    "comment_id": "Comment",
    "vault_id": "Vault id",
    "link": "Link",
}


def name_of(action: str) -> str:
    """The name of an action in playbooks."""
    return NAMES.get(action, action.replace("_", " "))


def type_of(action: str, *, writes: bool) -> str:
    """The platform's type of an action: scans are investigations, although they write."""
    return "generic" if writes and action not in SCANS else "investigate"
