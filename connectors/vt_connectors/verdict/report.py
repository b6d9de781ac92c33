"""VirusTotal's v3 object to the contract's `data`, without the verdict. Pure. It relies only on `type` and `id`.

Missing values are left out, never invented. Counts come from the object's statistics, because counts of the results
differ from them in recorded responses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..clock import iso
from ..indicators import Indicator, Kind, object_page
from ..light_typing import Any, Callable
from .opinions import opinions_of
from .rule import OPINIONS

Report = dict[str, Any]
_MOST_NAMES = 50
_OPINIONS = ("malicious", "suspicious", "harmless", "undetected")
LATEST_EPOCH = 253402300799  # the end of the year 9999


def report_of(
    vt_object: Mapping[str, Any],
    indicator: Indicator,
    parts: Iterable[str] = (),
    raw: Mapping[str, Any] | None = None,
) -> Report:
    """`parts`: `raw` adds VirusTotal's response (argument `raw`, else the object), `engines` the category and result
    of each engine. `opinions` is always there, because each reader ignores and trusts other engines.
    """
    attributes = mapping(vt_object.get("attributes"))
    report: Report = {
        "type": indicator.kind,
        "indicator": indicator.value,
        "id": str(vt_object.get("id", "")),
        **_common(attributes),
        **_SPECIFIC[indicator.kind](attributes),
    }
    report["link"] = object_page(indicator.kind, report["id"])
    report[OPINIONS] = opinions_of(attributes.get("last_analysis_results"))
    if "engines" in parts:
        report["engines"] = _engines(attributes.get("last_analysis_results"))
    if "raw" in parts:
        report["raw"] = dict(vt_object if raw is None else raw)
    return {name: value for name, value in report.items() if value is not None}


def analysis_report(
    kind: Kind | None,
    analysis: Mapping[str, Any],
    object_id: str | None,
    indicator: str | None,
    parts: Iterable[str] = (),
    raw: Mapping[str, Any] | None = None,
) -> Report:
    """The report of an analysis. `analysis` are its attributes: `stats`, `results`, `date`; `object_id` is the SHA-256
    of the file or URL.
    """
    value = indicator or object_id
    report: Report = {"type": kind, "indicator": value, "id": object_id, "stats": _stats(analysis.get("stats"))}
    report["last_analysis"] = time_of(analysis.get("date"))
    report["link"] = object_page(kind, object_id) if kind and object_id else None
    report[OPINIONS] = opinions_of(analysis.get("results"))
    if "engines" in parts:
        report["engines"] = _engines(analysis.get("results"))
    if "raw" in parts:
        report["raw"] = dict(raw or {})
    return {name: value for name, value in report.items() if value is not None}


def _common(attributes: Mapping[str, Any]) -> Report:
    return {
        "stats": _stats(attributes.get("last_analysis_stats")),
        "reputation": _integer(attributes.get("reputation")),
        "votes": _counts(attributes.get("total_votes"), ("harmless", "malicious")),
        "tags": texts(attributes.get("tags")),
        "first_seen": time_of(attributes.get("first_submission_date")),
        "last_analysis": time_of(attributes.get("last_analysis_date")),
    }


def _file(attributes: Mapping[str, Any]) -> Report:
    classification = mapping(attributes.get("popular_threat_classification"))
    hashes = {name: attributes[name] for name in ("md5", "sha1", "sha256") if text(attributes.get(name))}
    return {
        "label": text(classification.get("suggested_threat_label")),
        "names": _names(attributes),
        "hashes": hashes or None,
        "size": _integer(attributes.get("size")),
        "file_type": text(attributes.get("type_description")),
    }


def _url(attributes: Mapping[str, Any]) -> Report:
    threats = texts(attributes.get("threat_names"))
    return {
        "label": threats[0] if threats else None,
        "url": text(attributes.get("url")),
        "final_url": text(attributes.get("last_final_url")),
        "title": text(attributes.get("title")),
        "categories": _categories(attributes.get("categories")),
    }


def _domain(attributes: Mapping[str, Any]) -> Report:
    return {
        "registrar": text(attributes.get("registrar")),
        "created": time_of(attributes.get("creation_date")),
        "categories": _categories(attributes.get("categories")),
    }


def _ip(attributes: Mapping[str, Any]) -> Report:
    return {
        "country": text(attributes.get("country")),
        "asn": _integer(attributes.get("asn")),
        "owner": text(attributes.get("as_owner")),
        "network": text(attributes.get("network")),
    }


_SPECIFIC: dict[Kind, Callable[[Mapping[str, Any]], Report]] = {
    "hash": _file,
    "url": _url,
    "domain": _domain,
    "ip": _ip,
}


def _stats(value: object) -> dict[str, int] | None:
    """Counts of results only, without timeouts, failures and unsupported types. None if a count cannot be read,
    because without it an object with many detections could look clean.
    """
    if not isinstance(value, Mapping):
        return None
    stats: dict[str, int] = {}
    for name in _OPINIONS:
        count = _integer(value.get(name, 0))
        if count is None or count < 0:
            return None
        stats[name] = count
    return {**stats, "total": sum(stats.values())}


def _counts(value: object, names: Iterable[str]) -> dict[str, int] | None:
    if not isinstance(value, Mapping):
        return None
    counts = {name: _integer(value.get(name)) for name in names}
    return {name: count for name, count in counts.items() if count is not None}


def _names(attributes: Mapping[str, Any]) -> list[str] | None:
    """The most meaningful name first, without duplicates."""
    names = texts(attributes.get("names"))
    telling = text(attributes.get("meaningful_name"))
    if names is None and telling is None:
        return None
    return list(dict.fromkeys([*([telling] if telling else []), *(names or [])]))[:_MOST_NAMES]


def _categories(value: object) -> list[str] | None:
    """VirusTotal's mapping has vendors as keys and their categories as values."""
    if not isinstance(value, Mapping):
        return None
    return list(dict.fromkeys(texts(list(value.values())) or []))


def _engines(value: object) -> dict[str, dict[str, Any]]:
    return {
        str(name): {"category": text(result.get("category")), "result": text(result.get("result"))}
        for name, result in mapping(value).items()
        if isinstance(result, Mapping)
    }


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def texts(value: object) -> list[str] | None:
    """A list of texts, without its other elements."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else None


def _integer(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value == value and abs(value) < 1e15 else None
    return value if isinstance(value, int) else None


def time_of(value: object) -> str | None:
    """VirusTotal's epoch seconds as text (ISO, UTC)."""
    epoch = _integer(value)
    return iso(epoch) if epoch is not None and 0 < epoch <= LATEST_EPOCH else None
