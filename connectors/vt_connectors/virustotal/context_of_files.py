"""Further facts of a file's object. Pure. https://docs.virustotal.com/reference/files"""

from __future__ import annotations

from collections.abc import Iterator

from .coerce import mapping
from .context_readers import (
    Attributes,
    Value,
    favicon,
    items,
    levels,
    rows,
    severity,
    short,
    shorts,
    time,
    values_of,
    whole,
)

_SIGMA_LEVELS = ("critical", "high", "medium", "low")
_IDS_LEVELS = ("high", "medium", "low", "info")


def of_file(attributes: Attributes) -> dict[str, Value]:
    """The fields of `data.context`; None for what cannot be read."""
    threat = mapping(attributes.get("popular_threat_classification"))
    return {
        "meaningful_name": short(attributes.get("meaningful_name")),
        "magic": short(attributes.get("magic")),
        "extension": short(attributes.get("type_extension")),
        "created": time(attributes.get("creation_date")),
        "first_seen_itw": time(attributes.get("first_seen_itw_date")),
        "last_submitted": time(attributes.get("last_submission_date")),
        "times_submitted": whole(attributes.get("times_submitted")),
        "unique_sources": whole(attributes.get("unique_sources")),
        "threat_categories": shorts(row.get("value") for row in rows(threat.get("popular_threat_category"))),
        "threat_names": shorts(row.get("value") for row in rows(threat.get("popular_threat_name"))),
        "malware_families": shorts(
            row.get("family") for row in rows(mapping(attributes.get("malware_config")).get("families"))
        ),
        **_rules(attributes),
        **_sandboxes(attributes),
        **_signature(attributes),
        **_distribution(attributes),
        **severity(attributes),
        **_similarity(attributes),
    }


def _rules(attributes: Attributes) -> dict[str, Value]:
    """One rule may match several times."""
    yara = rows(attributes.get("crowdsourced_yara_results"))
    sigma = rows(attributes.get("sigma_analysis_results"))
    ids = rows(attributes.get("crowdsourced_ids_results"))
    return {
        "yara_rules": shorts(row.get("rule_name") for row in yara),
        "sigma_rules": shorts(row.get("rule_title") for row in _worst_first(sigma, "rule_level")),
        **levels("sigma", attributes.get("sigma_analysis_stats"), _SIGMA_LEVELS),
        "ids_rules": shorts(row.get("rule_msg") for row in _worst_first(ids, "alert_severity")),
        **levels("ids", attributes.get("crowdsourced_ids_stats"), _IDS_LEVELS),
    }


def _worst_first(found: list[Attributes], name: str) -> list[Attributes]:
    ranks = {level: rank for rank, level in enumerate(("critical", "high", "medium", "low", "info"))}
    return sorted(found, key=lambda row: ranks.get(str(row.get(name)).lower(), len(ranks)))


def _sandboxes(attributes: Attributes) -> dict[str, Value]:
    told = [(str(name), mapping(row)) for name, row in list(mapping(attributes.get("sandbox_verdicts")).items())]
    words = [word for _, row in told for word in (*items(row.get("malware_names")), *_classes(row))]
    return {
        "sandbox_verdicts": shorts(
            f"{name}: {category}" for name, row in told if (category := short(row.get("category")))
        ),
        "sandbox_malware": shorts(words),
    }


def _classes(row: Attributes) -> Iterator[object]:
    """What a sandbox calls the file, without what says nothing."""
    return (word for word in items(row.get("malware_classification")) if word not in ("CLEAN", "UNKNOWN_VERDICT"))


def _signature(attributes: Attributes) -> dict[str, Value]:
    """Its keys have blanks."""
    found = mapping(attributes.get("signature_info"))
    return {
        "signature": short(found.get("verified")),
        "signers": shorts(part for part in str(found.get("signers") or "").split(";")),
        "signature_product": short(found.get("product")),
        "signature_description": short(found.get("description")),
        "signature_original_name": short(found.get("original name")),
        "signature_date": short(found.get("signing date")),
    }


def _distribution(attributes: Attributes) -> dict[str, Value]:
    known = mapping(attributes.get("known_distributors"))
    return {
        "known_distributors": shorts(items(known.get("distributors"))),
        "known_products": shorts(items(known.get("products"))),
        "trusted_verdict": short(mapping(attributes.get("trusted_verdict")).get("verdict")),
        "nsrl_products": shorts(_nsrl(attributes)),
    }


def _nsrl(attributes: Attributes) -> list[object]:
    products = mapping(attributes.get("nsrl_info")).get("products")
    return items(products) or values_of(products)


def _similarity(attributes: Attributes) -> dict[str, Value]:
    return {
        "imphash": short(mapping(attributes.get("pe_info")).get("imphash")),
        "authentihash": short(attributes.get("authentihash")),
        "vhash": short(attributes.get("vhash")),
        "tlsh": short(attributes.get("tlsh")),
        "ssdeep": short(attributes.get("ssdeep")),
        **favicon(attributes, "main_icon"),
    }
