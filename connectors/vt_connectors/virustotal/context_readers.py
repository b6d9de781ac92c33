"""Reads attributes into short texts, numbers and lists for `object_context`. Pure.

Everything is bounded, because VirusTotal's objects may have megabytes. What cannot be read is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Union

from ..clock import iso
from .coerce import epoch, mapping, number, text

Value = Union[str, int, "list[str]", None]
Attributes = Mapping[str, Any]
# Characters and items.
LONGEST, MOST = 300, 20
# Rows that are looked at.
_MOST_ROWS = 500


def short(value: object) -> str | None:
    """A text, cut; blanks around it are left out."""
    found = text(value)
    return (found.strip()[:LONGEST] or None) if found else None


def shorts(values: Iterable[object]) -> list[str] | None:
    """The texts among `values`, each once. None if there is none."""
    found = dict.fromkeys(filter(None, map(short, values)))
    return list(found)[:MOST] or None


def whole(value: object) -> int | None:
    """A number, also as text or with a fraction."""
    if isinstance(value, float):
        return int(value) if abs(value) < 1e15 else None
    return number(value)


def time(value: object) -> str | None:
    """ISO 8601 in UTC, of epoch seconds, also as text."""
    found = epoch(value)
    return iso(found) if found else None


def rows(value: object) -> list[Attributes]:
    """The objects in a list."""
    return [row for row in value[:_MOST_ROWS] if isinstance(row, Mapping)] if isinstance(value, list) else []


def items(value: object) -> list[Any]:
    return value[:_MOST_ROWS] if isinstance(value, list) else []


def values_of(value: object) -> list[Any]:
    """The values of a mapping, such as a site's category by each vendor."""
    return list(mapping(value).values())[:_MOST_ROWS]


def levels(prefix: str, stats: object, names: Iterable[str]) -> dict[str, Value]:
    """`{prefix}_{name}` for each level of severity; a missing one is 0. Empty if there are no counts at all."""
    if not isinstance(stats, Mapping):
        return {}
    return {f"{prefix}_{name}": whole(stats.get(name, 0)) for name in names}


def severity(attributes: Attributes) -> dict[str, Value]:
    """VirusTotal's own severity, which keys with a licence get."""
    found = mapping(attributes.get("threat_severity"))
    level = short(found.get("threat_severity_level"))
    return {
        "threat_severity": level and level.upper().replace("SEVERITY_", "").lower(),
        "threat_severity_description": short(found.get("level_description")),
    }


def certificate(attributes: Attributes) -> dict[str, Value]:
    """The last certificate that a server showed for HTTPS."""
    found = mapping(attributes.get("last_https_certificate"))
    validity, extensions = mapping(found.get("validity")), mapping(found.get("extensions"))
    return {
        "certificate_subject": _name(found.get("subject")),
        "certificate_issuer": _name(found.get("issuer")),
        # VirusTotal has these as text, in UTC.
        "certificate_valid_from": short(validity.get("not_before")),
        "certificate_valid_until": short(validity.get("not_after")),
        "certificate_sha256": short(found.get("thumbprint_sha256")),
        "certificate_names": shorts(items(extensions.get("subject_alternative_name"))),
        "certificate_date": time(attributes.get("last_https_certificate_date")),
    }


def _name(value: object) -> str | None:
    """A distinguished name, such as `CN=example.com, O=Example`."""
    parts = [
        f"{key}={found}"
        for key, part in list(mapping(value).items())[:MOST]
        if (found := short(part[0] if isinstance(part, list) and part else part))
    ]
    return ", ".join(parts)[:LONGEST] or None


def favicon(attributes: Attributes, name: str = "favicon") -> dict[str, Value]:
    """The hashes of an icon, for a search for similar ones."""
    found = mapping(attributes.get(name))
    return {"icon_md5": short(found.get("raw_md5")), "icon_dhash": short(found.get("dhash"))}
