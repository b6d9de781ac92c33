"""A response as Cortex XSOAR knows indicators: a score, the fields of its `Common` classes, and relationships. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .outcome import FOUND, UNKNOWN, detections, is_harmless, message_of, outcome_of, verdict_of

# Kinds of indicators and XSOAR's names for them, which are also names of classes in `Common`.
CLASSES: Mapping[str, str] = {"hash": "File", "url": "URL", "domain": "Domain", "ip": "IP"}
# XSOAR's scores: 0 unknown, 1 good, 2 suspicious, 3 bad.
_SCORES: Mapping[str, int] = {"malicious": 3, "suspicious": 2}
_HASHES = {32: "md5", 40: "sha1", 64: "sha256"}
# Relationships by VirusTotal's name, which every key can read, and XSOAR's name for them.
RELATIONSHIPS: Mapping[str, Mapping[str, str]] = {
    "hash": {
        "contacted_domains": "communicates-with",
        "contacted_ips": "communicates-with",
        "contacted_urls": "communicates-with",
        "dropped_files": "drops",
        "execution_parents": "executed-by",
    },
    "url": {"last_serving_ip_address": "hosted-on", "network_location": "hosted-on"},
    "domain": {
        "resolutions": "resolves-to",
        "subdomains": "supra-domain-of",
        "communicating_files": "communicated-by",
    },
    "ip": {"resolutions": "resolved-from", "communicating_files": "communicated-by"},
}


class Scored(NamedTuple):
    """What XSOAR stores about an indicator. `fields`: what its class in `Common` takes, except the score.

    `relationships`: for each its name, and the value and the type of the other indicator.
    """

    kind: str
    value: str
    score: int
    message: str
    fields: Mapping[str, Any]
    relationships: Sequence[tuple[str, str, str]]


def scored(response: Mapping[str, Any], asked: str | None) -> Scored | None:
    """None without an answer of VirusTotal about an indicator. `asked`: the value that XSOAR has, if it is known."""
    data = response.get("data") or {}
    kind = str(data.get("type"))
    if kind not in CLASSES or outcome_of(response) not in (FOUND, UNKNOWN):
        return None
    canonical = str(data.get("indicator") or asked)
    value = canonical if asked is None or _is_defanged(asked) else asked
    known = {"value": value, "canonical": canonical, **_counts(response), **data}
    fields = {name: found for name, found in _FIELDS[kind](known).items() if found not in (None, "", [])}
    return Scored(kind, value, score_of(response), message_of(response), fields, tuple(_related(kind, data)))


def score_of(response: Mapping[str, Any]) -> int:
    """Good only if engines say harmless. `undetected` alone is unknown."""
    return _SCORES.get(verdict_of(response), 1 if is_harmless(response) else 0)


def entity_type(kind: str, value: str) -> str:
    """XSOAR's name for the type of an indicator."""
    return "IPv6" if kind == "ip" and ":" in value else CLASSES[kind]


def _is_defanged(value: str) -> bool:
    return "[.]" in value or "(.)" in value or value.lower().startswith("hxxp")


def _counts(response: Mapping[str, Any]) -> dict[str, int | None]:
    found = detections(response)
    return {"objecting": found[0] if found else None, "engines_total": found[1] if found else None}


def _file(known: Mapping[str, Any]) -> dict[str, Any]:
    context = known.get("context") or {}
    names = known.get("names") or []
    # An unknown hash has no report that names its other hashes.
    hashes = known.get("hashes") or {_HASHES.get(len(known["canonical"]), "sha256"): known["canonical"]}
    return {
        **{name: hashes.get(name) for name in _HASHES.values()},
        "name": _first(names),
        "associated_file_names": names,
        "size": known.get("size"),
        "file_type": known.get("file_type"),
        "extension": context.get("extension"),
        "ssdeep": context.get("ssdeep"),
        "imphash": context.get("imphash"),
        "malware_family": _first(context.get("malware_families")),
        "digital_signature__publisher": _first(context.get("signers")),
        "tags": _joined(known.get("tags")),
    }


def _url(known: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "url": known["value"],
        "detection_engines": known["engines_total"],
        "positive_detections": known["objecting"],
        "category": _joined((known.get("context") or {}).get("categories")),
        "tags": _joined(known.get("tags")),
    }


def _domain(known: Mapping[str, Any]) -> dict[str, Any]:
    context = known.get("context") or {}
    return {
        "domain": known["value"],
        "detection_engines": known["engines_total"],
        "positive_detections": known["objecting"],
        "registrar_name": context.get("registrar"),
        "creation_date": context.get("created"),
        "updated_date": context.get("updated"),
        "expiration_date": context.get("expires"),
        "tags": _joined(known.get("tags")),
    }


def _ip(known: Mapping[str, Any]) -> dict[str, Any]:
    context = known.get("context") or {}
    return {
        "ip": known["value"],
        "detection_engines": known["engines_total"],
        "positive_engines": known["objecting"],
        "asn": f"AS{context['asn']}" if context.get("asn") else None,
        "as_owner": context.get("owner"),
        "geo_country": context.get("country"),
        "tags": _joined(known.get("tags")),
    }


_FIELDS = {"hash": _file, "url": _url, "domain": _domain, "ip": _ip}


def _related(kind: str, data: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, rows in (data.get("relationships") or {}).items():
        means = RELATIONSHIPS[kind].get(name, "related-to")
        for row in rows:
            # A resolution names both the domain and the address: one of them is what was asked about.
            if row.get("type") == "resolution":
                other, value = ("ip", row.get("ip")) if kind == "domain" else ("domain", row.get("host"))
            else:
                other, value = row.get("type"), row.get("indicator")
            if other in CLASSES and value:
                yield means, str(value), entity_type(other, str(value))


def _first(values: Sequence[str] | None) -> str | None:
    return values[0] if values else None


def _joined(values: Sequence[str] | None) -> str:
    return ",".join(values or ())
