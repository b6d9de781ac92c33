"""An answer as flat fields of an event, with the same names on all platforms that add fields to events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import itemgetter

from .contract.documents import WORST_FIRST
from .indicators import search_page
from .light_typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from .contract.response import Response

Field = Union[str, int, float, bool, "list[str]"]
Fields = dict[str, Field]

# All names except those of the context, in an order for people.
NAMES = (
    *("status", "verdict", "malicious", "suspicious", "harmless", "undetected", "total", "detections", "detected_by"),
    *("reputation", "label", "names", "tags", "type", "country", "asn", "owner", "registrar", "categories"),
    *("first_seen", "last_analysis", "link", "source", "age", "error", "reason", "queued", "worst_verdict"),
    *("gti_verdict", "gti_severity", "gti_score"),
)
_counted = itemgetter("malicious", "suspicious", "harmless", "undetected", "total")
_AS_THEY_ARE = ("reputation", "label", "type", "country", "asn", "owner", "registrar")
_LISTS = ("names", "tags", "categories")
_TIMES = ("first_seen", "last_analysis")
_GTI = ("verdict", "severity", "score")
# Before the names of the context.
CONTEXT = "context_"
# The times of `data.context`, which `virustotal.object_context` makes.
_CONTEXT_TIMES = frozenset(
    (
        *("created", "updated", "expires", "first_seen_itw", "last_submitted", "dns_date", "whois_date"),
        *("certificate_date",),
    )
)
_EPOCH = datetime(1970, 1, 1)


def fields_of(response: Response) -> Fields:
    """The fields of one indicator, without a prefix; those without a value are left out. Times are epoch seconds.

    `status` is that of the response, but `pending` if the lookup waits for quota, or if the process ended before it.
    `queued` says whether `vtaction drain` will look up a pending one. `error` is "code: message".
    """
    data, meta = response["data"] or {}, response["meta"]
    fields: Fields = _status(response)
    if data:
        _add_report(data, fields)
        _add_further(data, fields)
    if link := _link(response["status"], data):
        fields["link"] = link
    if response["status"] == "skipped":
        fields["reason"] = data["reason"]
    if meta["source"] is not None:
        fields["source"] = meta["source"]
    if meta["age_s"] is not None:
        fields["age"] = meta["age_s"]
    return fields


def _add_report(data: Mapping[str, Any], fields: Fields) -> None:
    """What nearly all reports have. Loops without calls, because most of the time is spent here."""
    if (verdict := data.get("verdict")) is not None:
        fields["verdict"] = fields["worst_verdict"] = verdict
    if data.get("stats") is not None:
        fields.update(counts_of(data["stats"]))
    for name in _AS_THEY_ARE:
        if (value := data.get(name)) is not None:
            fields[name] = value
    for name in _LISTS:
        if value := data.get(name):
            fields[name] = value
    for name in _TIMES:
        if value := data.get(name):
            fields[name] = epoch_seconds(value)


def _add_further(data: Mapping[str, Any], fields: Fields) -> None:
    """What only some reports have: detections, and what only some keys get or some requests ask for."""
    if engines := data.get("detected_by"):
        # Without calls, because there may be many.
        fields["detected_by"] = [
            f"{row['engine']}: {result}" if (result := row["result"]) else row["engine"] for row in engines
        ]
    if "gti" in data:
        fields.update((f"gti_{name}", value) for name in _GTI if (value := data["gti"].get(name)) is not None)
    if "context" in data:
        fields.update(_context(data["context"]))


def _status(response: Response) -> Fields:
    error = response["error"]
    if error is None:
        return {"status": response["status"]}
    text = f"{error['code']}: {error['message']}"
    if error["code"] in ("rate_limited", "cancelled"):
        return {"status": "pending", "error": text, "queued": bool(error["details"].get("queued"))}
    return {"status": "error", "error": text}


def _link(status: str, data: Mapping[str, Any]) -> str:
    """The report's page, or VirusTotal's search page for an indicator that has no report here."""
    if data.get("link"):
        return str(data["link"])
    if status == "not_found" or (status == "skipped" and data.get("reason") == "not_cached"):
        return search_page(str(data.get("indicator", "")))
    return ""


def _context(found: Mapping[str, Any]) -> Fields:
    return {CONTEXT + name: epoch_seconds(value) if name in _CONTEXT_TIMES else value for name, value in found.items()}


def counts_of(stats: Mapping[str, int]) -> Fields:
    """The numbers of engines, and `detections`, which is for example "5/70"."""
    malicious, suspicious, harmless, undetected, total = _counted(stats)
    return {
        "malicious": malicious,
        "suspicious": suspicious,
        "harmless": harmless,
        "undetected": undetected,
        "total": total,
        "detections": f"{malicious + suspicious}/{total}",
    }


def worst_of(verdicts: Iterable[object]) -> str | None:
    """The worst of the verdicts of several indicators; None if there is none."""
    found = set(verdicts)
    return next((verdict for verdict in WORST_FIRST if verdict in found), None)


def epoch_seconds(text: str) -> int:
    """Epoch seconds of the contract's `2026-01-02T03:04:05Z`; `strptime` takes twenty times as long."""
    return int((datetime.fromisoformat(text[:19]) - _EPOCH).total_seconds())
