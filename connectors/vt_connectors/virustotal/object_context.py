"""Further facts of an object that a lookup fetches anyway, as one flat block: `data.context`. Pure.

Every attribute may be missing, and none is trusted to have the type that VirusTotal documents
(https://docs.virustotal.com/reference/files, /urls, /domains and /ip-addresses).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Callable

from ..indicators import Kind
from .coerce import mapping
from .context_of_files import of_file
from .context_readers import (
    LONGEST,
    MOST,
    Attributes,
    Value,
    certificate,
    favicon,
    items,
    rows,
    severity,
    short,
    shorts,
    time,
    values_of,
    whole,
)


def context_of(kind: Kind, vt_object: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that could be read."""
    found = _OF_KIND[kind](mapping(vt_object.get("attributes")))
    return {name: value for name, value in found.items() if value is not None}


def field_names(kind: Kind) -> tuple[str, ...]:
    """All fields that `context_of` may have for `kind`, in order."""
    # Counts have a field for each level only if there are counts.
    counted: dict[str, Any] = {"sigma_analysis_stats": {}, "crowdsourced_ids_stats": {}}
    return tuple(_OF_KIND[kind](counted))


def _url(attributes: Attributes) -> dict[str, Value]:
    brands = mapping(attributes.get("targeted_brand"))
    return {
        "title": short(attributes.get("title")),
        "final_url": _long(attributes.get("last_final_url")),
        "redirects": _links(attributes.get("redirection_chain")),
        "http_status": whole(attributes.get("last_http_response_code")),
        "content_length": whole(attributes.get("last_http_response_content_length")),
        "content_sha256": short(attributes.get("last_http_response_content_sha256")),
        "categories": shorts(values_of(attributes.get("categories"))),
        "threat_names": shorts(items(attributes.get("threat_names"))),
        "targeted_brands": shorts(values_of(brands)),
        "trackers": shorts(list(mapping(attributes.get("trackers")))[:MOST]),
        "outgoing_links": _links(attributes.get("outgoing_links")),
        "first_seen_itw": time(attributes.get("first_seen_itw_date")),
        "last_submitted": time(attributes.get("last_submission_date")),
        "times_submitted": whole(attributes.get("times_submitted")),
        **severity(attributes),
        **favicon(attributes),
    }


def _domain(attributes: Attributes) -> dict[str, Value]:
    ranks = mapping(attributes.get("popularity_ranks"))
    places = {str(name): whole(mapping(rank).get("rank")) for name, rank in list(ranks.items())[:MOST]}
    known = {name: place for name, place in places.items() if place is not None}
    return {
        "registrar": short(attributes.get("registrar")),
        "created": time(attributes.get("creation_date")),
        "updated": time(attributes.get("last_update_date")),
        "expires": time(attributes.get("expiration_date")),
        "whois_date": time(attributes.get("whois_date")),
        "categories": shorts(values_of(attributes.get("categories"))),
        "popularity_rank": min(known.values(), default=None),
        "popularity": shorts(f"{name}: {place}" for name, place in known.items()),
        "dns_records": shorts(_records(attributes.get("last_dns_records"))),
        "dns_date": time(attributes.get("last_dns_records_date")),
        "jarm": short(attributes.get("jarm")),
        **certificate(attributes),
        **_reports(attributes),
        **severity(attributes),
        **favicon(attributes),
    }


def _ip(attributes: Attributes) -> dict[str, Value]:
    return {
        "owner": short(attributes.get("as_owner")),
        "asn": whole(attributes.get("asn")),
        "country": short(attributes.get("country")),
        "continent": short(attributes.get("continent")),
        "network": short(attributes.get("network")),
        "registry": short(attributes.get("regional_internet_registry")),
        "whois_date": time(attributes.get("whois_date")),
        "jarm": short(attributes.get("jarm")),
        **certificate(attributes),
        **_reports(attributes),
        **severity(attributes),
    }


_OF_KIND: dict[Kind, Callable[[Attributes], dict[str, Value]]] = {
    "hash": of_file,
    "url": _url,
    "domain": _domain,
    "ip": _ip,
}


def _long(value: object) -> str | None:
    """A URL is cut later than other texts."""
    return value[: 4 * LONGEST] if isinstance(value, str) and value else None


def _links(value: object) -> list[str] | None:
    return list(dict.fromkeys(filter(None, map(_long, items(value)))))[:MOST] or None


def _records(value: object) -> Iterator[str]:
    """DNS records, such as `A 203.0.113.5`."""
    for row in rows(value):
        kind, content = short(row.get("type")), short(row.get("value"))
        if kind and content:
            yield f"{kind} {content}"


def _reports(attributes: Attributes) -> dict[str, Value]:
    """What others report about it. A clean address may have such reports too."""
    found = rows(attributes.get("crowdsourced_context"))
    titles = ((short(row.get("title")), short(row.get("severity"))) for row in found)
    return {
        "reports": shorts(f"{title} ({level.lower()})" if level else title for title, level in titles if title),
    }
