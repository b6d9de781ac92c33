"""The fields that `context=true` adds, by kind of indicator. Imported only by searches with this option.

They are those of `data.context`, which `vt_connectors.virustotal.object_context` makes.
"""

from __future__ import annotations

CONTEXT = "context_"
_OF_KIND = {
    "hash": (
        *("meaningful_name", "magic", "extension", "created", "first_seen_itw", "last_submitted"),
        *("times_submitted", "unique_sources", "threat_categories", "threat_names", "malware_families"),
        *("yara_rules", "sigma_rules", "sigma_critical", "sigma_high", "sigma_medium", "sigma_low"),
        *("ids_rules", "ids_high", "ids_medium", "ids_low", "ids_info", "sandbox_verdicts"),
        *("sandbox_malware", "signature", "signers", "signature_product", "signature_description"),
        *("signature_original_name", "signature_date", "known_distributors", "known_products"),
        *("trusted_verdict", "nsrl_products", "threat_severity", "threat_severity_description", "imphash"),
        *("authentihash", "vhash", "tlsh", "ssdeep", "icon_md5", "icon_dhash"),
    ),
    "url": (
        *("title", "final_url", "redirects", "http_status", "content_length", "content_sha256", "categories"),
        *("threat_names", "targeted_brands", "trackers", "outgoing_links", "first_seen_itw"),
        *("last_submitted", "times_submitted", "threat_severity", "threat_severity_description", "icon_md5"),
        *("icon_dhash",),
    ),
    "domain": (
        *("registrar", "created", "updated", "expires", "whois_date", "categories", "popularity_rank"),
        *("popularity", "dns_records", "dns_date", "jarm", "certificate_subject", "certificate_issuer"),
        *("certificate_valid_from", "certificate_valid_until", "certificate_sha256", "certificate_names"),
        *("certificate_date", "reports", "threat_severity", "threat_severity_description", "icon_md5"),
        *("icon_dhash",),
    ),
    "ip": (
        *("owner", "asn", "country", "continent", "network", "registry", "whois_date", "jarm"),
        *("certificate_subject", "certificate_issuer", "certificate_valid_from", "certificate_valid_until"),
        *("certificate_sha256", "certificate_names", "certificate_date", "reports", "threat_severity"),
        *("threat_severity_description",),
    ),
}
# Multivalue fields.
_LISTS = frozenset(
    (
        *("threat_categories", "threat_names", "malware_families", "yara_rules", "sigma_rules", "ids_rules"),
        *("sandbox_verdicts", "sandbox_malware", "signers", "known_distributors", "known_products"),
        *("nsrl_products", "redirects", "categories", "targeted_brands", "trackers", "outgoing_links"),
        *("popularity", "dns_records", "certificate_names", "reports"),
    )
)


def names(kind: str | None) -> tuple[str, ...]:
    """The fields' names without the prefix, but with `context_`, in order. None: of all kinds."""
    kinds = _OF_KIND if kind is None else (kind,)
    return tuple(dict.fromkeys(CONTEXT + name for each in kinds for name in _OF_KIND[each]))


def is_list(name: str) -> bool:
    return name[len(CONTEXT) :] in _LISTS
