"""Looking up a URL, and submitting it for a scan if VirusTotal does not know it."""

from __future__ import annotations

from ..cache import Entry
from ..contract.documents import CacheMode, Outcome, Request
from ..errors import ConnectorError, RateLimited
from ..indicators import Indicator, parse_as
from ..virustotal.budget import Budget
from ..virustotal.port import Api
from .analysis import wait_for
from .context import Context
from .lookup import noted, outcome, outcome_for, refused, report_on
from .read_through import Query, find


def look_up_url(context: Context, request: Request, budget: Budget) -> Outcome:
    """A lookup. With `scan_if_missing`, an unknown URL is submitted and its report is fetched after the scan; `pending`
    if that takes longer than `max_wait_s`.
    """
    url = parse_as("url", request.params["url"])
    return noted(url, _looked_up(url, context, request, budget))


def _looked_up(url: Indicator, context: Context, request: Request, budget: Budget) -> Outcome:
    found = outcome_for(url, context, request, budget)
    if found.status != "not_found" or not request.params.get("scan_if_missing") or request.options.cache == "only":
        return found
    try:
        entry = _submission(url, context, request, budget)
    except RateLimited as error:
        # Not queued: a drain only looks up and submits nothing.
        raise refused(error, False) from None
    about = {"type": "url", "indicator": url.value}
    object_id = entry.report.get("id")
    if object_id:
        about["id"] = object_id
    patience_s = budget.deadline - context.clock.monotonic()
    scanned = wait_for(entry.report["analysis_id"], about, patience_s, context, request, budget)
    return _report_after(scanned, url, object_id, context, request, budget) if scanned.status == "ok" else scanned


def _submission(url: Indicator, context: Context, request: Request, budget: Budget) -> Entry:
    """The current scan, submitted once for all callers with the same unknown URL, until the URL could be known."""

    def ask(api: Api) -> Entry:
        submitted = api.scan_url(url, budget, only_if_missing=True)
        return Entry("ok", {"analysis_id": submitted.analysis_id, "id": submitted.object_id}, context.clock.now())

    query = Query(f"submission:{url.key}", ask, lives_s=context.freshness.ttl_not_found_s, is_write=True)
    found = find(query, context, _with_cache(request, "off" if request.options.cache == "off" else "default"), budget)
    assert found is not None  # the cache mode allows a request
    return found[0]


def _report_after(
    scanned: Outcome, url: Indicator, object_id: str | None, context: Context, request: Request, budget: Budget
) -> Outcome:
    """The URL's report, or the outcome of the analysis if the report is not available now."""
    report_request = _with_cache(request, "off" if request.options.cache == "off" else "refresh")
    report = report_on(url, context, report_request, budget, object_id)._replace(not_before=scanned.fetched_at or 0.0)
    try:
        found = find(report, context, report_request, budget)
    except ConnectorError:
        return scanned
    if found is None or found[0].status != "ok":
        return scanned
    answer = outcome(url, *found, context, request.options)
    analysis_id = (scanned.data or {})["analysis_id"]
    return answer._replace(data={**(answer.data or {}), "analysis_id": analysis_id})


def _with_cache(request: Request, cache: CacheMode) -> Request:
    return request._replace(options=request.options._replace(cache=cache))
