"""Rows of relationships that are not reports: whois and certificates of the past, graphs, references and the like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable

from .deterministic import digest, draw, pick
from .kinds import Item
from .web_attributes import REFERENCE_TIME

_DAY_S = 86400
_TOPICS = ("A campaign of invented invoices", "Notes on a loader", "What a honeypot saw")
_PLACES = ("US", "DE", "NL", "JP", "BR", "ZA")


@dataclass(frozen=True)
class Row:
    """One object of a relationship; `attributes` makes those of the full object. `context` is in both forms."""

    type: str
    id: str
    attributes: Callable[[], Mapping[str, Any]]
    context: Mapping[str, Any] = field(default_factory=dict)


def historical_whois(item: Item) -> list[Row]:
    """The whois records of a domain or address, the newest first."""
    rows = []
    for number in range(1 + draw(item.value, "whois records", 4)):
        seen = REFERENCE_TIME - number * 400 * _DAY_S - draw(item.value, f"whois {number}", 90 * _DAY_S)
        rows.append(_row("whois", digest(item.value, f"whois {number}"), _whois(item, number, seen)))
    return rows


def historical_certificates(item: Item) -> list[Row]:
    """The TLS certificates of a domain or address, the newest first."""
    rows = []
    for number in range(draw(item.value, "certificates", 5)):
        start = REFERENCE_TIME - number * 90 * _DAY_S
        ident = digest(item.value, f"certificate {number}")
        first = {"first_seen_date": start}
        rows.append(_row("ssl_cert", ident, _certificate(item, ident), first))
    return rows


def graphs(item: Item) -> list[Row]:
    """The public graphs that an item is in. One of them is large."""
    rows = []
    for number in range(draw(item.value, "graphs", 3)):
        ident = "g" + digest(item.value, f"graph {number}")
        rows.append(_row("graph", ident, _graph(item, ident, 400 if number == 0 else 3)))
    return rows


def references(item: Item) -> list[Row]:
    """Articles that mention an item."""
    rows = []
    for number in range(draw(item.value, "references", 3)):
        ident = digest(item.value, f"reference {number}")
        attributes = {
            "title": pick(ident, "title", _TOPICS),
            "url": f"https://articles.example/{ident[:8]}",
            "author": "Sandbox Press",
            "creation_date": REFERENCE_TIME - draw(ident, "age", 300 * _DAY_S),
        }
        rows.append(_row("reference", ident, attributes))
    return rows


def screenshots(item: Item) -> list[Row]:
    """Screenshots of a file's detonation."""
    rows = []
    for number in range(draw(item.value, "screenshots", 4)):
        attributes = {"date": REFERENCE_TIME - number * 5, "sandbox_name": "Sandbox One", "dhash": "0" * 16}
        rows.append(_row("screenshot", f"{item.id}_{number}", attributes))
    return rows


def submissions(item: Item) -> list[Row]:
    """Submissions of a file or a URL, the newest first."""
    rows = []
    for number in range(1 + draw(item.value, "shown submissions", 5)):
        date = REFERENCE_TIME - number * 9 * _DAY_S
        attributes = {
            "date": date,
            "interface": pick(item.value, f"interface {number}", ("web", "api", "email")),
            "country": pick(item.value, f"country {number}", _PLACES),
            "source_key": digest(item.value, f"source {number}")[:8],
        }
        rows.append(_row("submission", f"{item.kind.letter}-{item.id}-{date}", attributes))
    return rows


def _row(kind: str, ident: str, attributes: Mapping[str, Any], context: Mapping[str, Any] | None = None) -> Row:
    return Row(kind, ident, lambda: attributes, context or {})


def _whois(item: Item, number: int, seen: int) -> dict[str, Any]:
    place = pick(item.value, f"whois place {number}", _PLACES)
    registrar = pick(item.value, f"whois registrar {number}", ("Nowhere Names Ltd.", "Clover Names Ltd."))
    return {
        "first_seen_date": seen,
        "last_updated": seen - 10 * _DAY_S,
        "registrant_country": place,
        "registrar_name": registrar,
        "whois_map": {"Registrar": registrar, "Registrant Country": place, "Name Server": "ns1.names.example"},
    }


def _certificate(item: Item, ident: str) -> dict[str, Any]:
    return {
        "serial_number": ident[:31],
        "thumbprint": ident[:40],
        "thumbprint_sha256": ident,
        "version": "V3",
        "size": 900 + draw(ident, "size", 900),
        "signature_algorithm": "sha256RSA",
        "issuer": {"C": "US", "O": "Sandbox Trust", "CN": "Sandbox Trust R1"},
        "subject": {"CN": item.value},
        "validity": {"not_before": "2025-03-01 00:00:00", "not_after": "2025-05-30 00:00:00"},
        "public_key": {"algorithm": "RSA", "rsa": {"key_size": 2048, "exponent": "010001"}},
        "extensions": {"CA": False, "subject_alternative_name": [item.value], "tags": []},
        "tags": [],
    }


def _graph(item: Item, ident: str, nodes: int) -> dict[str, Any]:
    made = [{"entity_id": item.id, "type": item.kind.value, "index": 0, "text": "", "x": 0, "y": 0}]
    for number in range(1, nodes):
        made.append(
            {"entity_id": digest(ident, str(number)), "type": "file", "index": number, "text": "", "x": 0, "y": 0}
        )
    return {
        "creation_date": REFERENCE_TIME - draw(ident, "age", 500 * _DAY_S),
        "last_modified_date": REFERENCE_TIME,
        "graph_data": {"description": "What belongs together", "version": "5.0.0"},
        "nodes": made,
        "links": [{"source": item.id, "target": node["entity_id"], "connection_type": "related"} for node in made[1:]],
        "private": False,
        "comments_count": 0,
        "views_count": draw(ident, "views", 90),
    }
