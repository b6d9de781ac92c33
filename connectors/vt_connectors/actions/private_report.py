"""The reports on private scans. They belong to the key that made the scan: no other key is answered with them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..cache import Entry, any_entry
from ..clock import iso
from ..contract.documents import Outcome, Request, Source
from ..indicators import Indicator, parse_as, without_recorded_credentials
from ..indicators.indicator import refuse
from ..verdict.private_report import private_report_of
from ..verdict.rule import detections
from ..virustotal import endpoints
from ..virustotal.v3_private import private_object
from .answer_parts import judged_data, needed_parts, own_key, own_parts
from .lookup import noted, skipped
from .read_through import Query, cache_key, find, forget, query_key

if TYPE_CHECKING:
    from ..virustotal.budget import Budget
    from ..virustotal.endpoints import Endpoint
    from ..virustotal.port import Api
    from .context import Context

_SHA256 = 64
_INNER = ("has_verdict", "verdict_by")
_ENDPOINTS: dict[str, Endpoint] = {"hash": endpoints.PRIVATE_FILE, "url": endpoints.PRIVATE_URL}
_KINDS = {"hash": "file", "url": "URL"}
# The longest time for a scan; an older report is accepted as the latest after it.
_LONGEST_SCAN_S = 6 * 3600.0


def lookup_private_file(context: Context, request: Request, budget: Budget) -> Outcome:
    """`ok` with the report; `not_found` if this key has none. Then `reason` is `expired` if it had one, and
    `no_private_report` if that is not known. Raises `InvalidIndicator` for other hashes than SHA-256.
    """
    file = private_file(request.params["hash"])
    return private_report(file, context, request, budget)


def private_file(value: object) -> Indicator:
    """Raises `InvalidIndicator` for other hashes than SHA-256."""
    file = parse_as("hash", value)
    if len(file.value) != _SHA256:
        raise refuse(file.value, "is not a SHA-256, by which alone VirusTotal finds private files")
    return file


def lookup_private_url(context: Context, request: Request, budget: Budget) -> Outcome:
    """Like `lookup_private_file`, for a URL; `skipped` for internal ones."""
    url = parse_as("url", request.params["url"])
    reason = context.never_query.reason(url)
    return skipped(url, reason) if reason is not None else private_report(url, context, request, budget)


def private_report(
    indicator: Indicator,
    context: Context,
    request: Request,
    budget: Budget,
    object_id: str | None = None,
    not_before: float = 0.0,
) -> Outcome:
    """The report on a file or URL. `object_id`: VirusTotal's id, if known. Reports fetched before `not_before` (epoch
    seconds) are not accepted.
    """
    query = _query(indicator, context, request, budget, object_id)._replace(not_before=not_before)
    had_expired = _forget_expired(query, context, request)
    found = find(query, context, request, budget)
    if found is None:
        return skipped(indicator, "not_cached")
    entry, source = found
    if entry.status == "not_found" or context.freshness.is_expired(entry, context.clock.now()):
        return noted(indicator, _missing(indicator, entry, source, had_expired or entry.status == "ok"))
    data = {**judged_data(entry.report, context.rules, request.options), "private": True}
    # The report's own verdict took the place of the one by rules.
    for name in _INNER:
        del data[name]
    return noted(indicator, Outcome("ok", _summary(entry.report), data, source, entry.fetched_at))


def forget_private(indicator: Indicator, context: Context, request: Request, budget: Budget) -> None:
    """Remove the report of this key on an object that is scanned now. From now on, older ones are cached briefly."""
    query = _query(indicator, context, request, budget)
    forget(context, query_key(context, query, request.api_key))
    context.cache.put(_mark(query.key, context, request), Entry("ok", {}, context.clock.now()))


def private_key(name: str, value: str) -> str:
    """The key of a query about something private: it does not show what, as lists of the cache show keys."""
    digest = hashlib.sha256(f"vt-connectors {name} {value}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"{name}:{digest}"


def _query(
    indicator: Indicator, context: Context, request: Request, budget: Budget, object_id: str | None = None
) -> Query:
    key = private_key("private", indicator.key)

    def ask(api: Api) -> Entry:
        answer = api.document(_ENDPOINTS[indicator.kind], {"id": object_id or indicator.vt_id}, budget)
        now = context.clock.now()
        if answer is None:
            return Entry("not_found", {"type": indicator.kind, "indicator": indicator.value}, now)
        vt_object = private_object(answer, indicator, object_id)
        report = private_report_of(vt_object, indicator, request.options.include)
        report.update(own_parts(vt_object, indicator.kind, parts, context, request))
        report = without_recorded_credentials(report)
        return Entry("ok", report, now, not report["has_verdict"] or _awaits_scan(key, report, context, request))

    purpose = f"lookup_private_{_KINDS[indicator.kind].lower()}"
    parts = needed_parts(context, request.options, request.api_key)
    return Query(key, ask, parts, purpose=purpose, licence="private", is_per_key=True)


def _mark(key: str, context: Context, request: Request) -> str:
    """The cache key of the note that an object is scanned."""
    return own_key(cache_key(context, f"scan:{key}"), context.owner(request.api_key) or "none")


def _awaits_scan(key: str, report: Mapping[str, Any], context: Context, request: Request) -> bool:
    """Whether the object was submitted recently, and the report is older than that."""
    mark = context.cache.peek(_mark(key, context, request), any_entry)
    if mark is None or context.clock.now() - mark.fetched_at >= _LONGEST_SCAN_S:
        return False
    return bool(report.get("last_analysis", "") < iso(mark.fetched_at))


def _forget_expired(query: Query, context: Context, request: Request) -> bool:
    """Remove the cached report if VirusTotal has deleted it by now. Returns whether there was one."""
    key, now = query_key(context, query, request.api_key), context.clock.now()
    expired = context.cache.peek(key, lambda entry: context.freshness.is_expired(entry, now))
    if expired is not None:
        forget(context, key)
    return expired is not None


def _missing(indicator: Indicator, entry: Entry, source: Source, is_expired: bool) -> Outcome:
    kind = _KINDS[indicator.kind]
    why = (
        f"VirusTotal has deleted the private report on this {kind}, because its retention is over"
        if is_expired
        else f"this key has no private report on this {kind}; there was no private scan, or its report was deleted"
    )
    reason = "expired" if is_expired else "no_private_report"
    data = {"type": indicator.kind, "indicator": indicator.value, "private": True, "reason": reason}
    return Outcome("not_found", f"not found: {why}", data, source, entry.fetched_at)


def _summary(report: Mapping[str, Any]) -> str:
    """One line: the verdict, its severity, and when the report expires."""
    if not report["has_verdict"]:
        stats = report.get("stats") or {"total": 0}
        seen = f"; {detections(stats)} of {stats['total']} engines detect it" if stats["total"] else ""
        return f"unknown: the private scan has no verdict{seen}"
    severity = f", severity {report['threat_severity']}" if "threat_severity" in report else ""
    expires = f"; the report expires at {report['expires']}" if "expires" in report else ""
    return f"{report['verdict']}{severity} (private scan{expires})"
