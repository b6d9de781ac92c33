"""How a scan stands, and waiting for its end. Only its status says whether it has ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..cache import Entry
from ..contract.documents import Outcome, Request
from ..errors import Cancelled, ConnectorError, InvalidResponse, RateLimited
from ..indicators import without_recorded_credentials
from ..indicators.indicator import checked_text, refuse
from ..verdict import judge
from ..verdict.report import analysis_report
from ..virustotal.budget import Budget
from ..virustotal.identity import time_of_analysis
from ..virustotal.port import Api
from .context import Context
from .lookup import summary_of
from .polling import first_interval, intervals
from .read_through import Query, find
from .same_object import forget_older

_LONGEST_ID = 512
_MOMENT_S = 1.0
# For so long after a scan was asked for a 404 means that it is not known yet. Clocks may differ by as much.
_NEW_S = 600.0
_PARTS = ("engines", "raw")


def get_analysis(context: Context, request: Request, budget: Budget) -> Outcome:
    """`ok` with the verdict when it is completed, `pending` while it is not, or is too new to be known; `not_found` for
    an id of no analysis.
    """
    return state_of(checked_id(request.params["analysis_id"]), {}, context, request, budget)


def checked_id(value: object) -> str:
    """`value` as an analysis id. Raises `InvalidIndicator`."""
    analysis_id = checked_text(value)
    if len(analysis_id) > _LONGEST_ID or any(char.isspace() for char in analysis_id) or set(analysis_id) <= {"."}:
        raise refuse(analysis_id, "is not an analysis id")
    return analysis_id


def wait_for(
    analysis_id: str, about: Mapping[str, Any], wait_s: float, context: Context, request: Request, budget: Budget
) -> Outcome:
    """As `get_analysis`, looking again and again for `wait_s` at most; never an error: the scan was accepted.

    `about` is what is known of the file or URL already.
    """
    clock = context.clock
    end = budget.deadline = clock.monotonic() + wait_s
    asking = request._replace(action="get_analysis")
    standing = pending(analysis_id, about, "queued", context, request)
    for interval in intervals(_pace_s(context, request)):
        left = end - clock.monotonic()
        if left <= 0:
            return standing
        try:
            clock.sleep(min(interval, left))
            outcome = state_of(analysis_id, about, context, asking, budget)
        except ConnectorError as error:
            if not error.retryable or isinstance(error, (Cancelled, RateLimited)):
                return _interrupted(standing, error)
            continue
        if outcome.status == "ok":
            return outcome
        standing = outcome if outcome.status == "pending" else standing
    return standing


def _interrupted(standing: Outcome, error: ConnectorError) -> Outcome:
    """What to tell of a scan that was accepted, and whose state could not be learned."""
    after = max(standing.poll_after_s or 0.0, error.retry_after or 0.0)
    return standing._replace(summary=f"{standing.summary} (asking broke off: {error.message})", poll_after_s=after)


def state_of(analysis_id: str, about: Mapping[str, Any], context: Context, request: Request, budget: Budget) -> Outcome:
    """As `get_analysis`. Raises `ConnectorError`."""
    found = find(_question(analysis_id, context, request, budget), context, request, budget)
    if found is None:
        data = {**about, "analysis_id": analysis_id, "verdict": "unknown", "reason": "not_cached"}
        return Outcome("skipped", "skipped: it is not in the cache, and cache=only forbids asking", data)
    entry, source = found
    told = entry.report.get("id")
    if "id" in about and told not in (None, about["id"]):
        raise InvalidResponse(
            f"VirusTotal's answer on the analysis {analysis_id[:80]!r} is not about {about['id']} but about {told}",
            http_status=200,
        )
    if entry.status == "not_found" and _is_new(analysis_id, context):
        standing = pending(analysis_id, about, "queued", context, request)
        return standing._replace(source=source, fetched_at=entry.fetched_at)
    if entry.status == "not_found":
        data = {**about, "analysis_id": analysis_id}
        return Outcome("not_found", "not found: VirusTotal does not know this analysis", data, source, entry.fetched_at)
    report = {
        name: value for name, value in entry.report.items() if name not in _PARTS or name in request.options.include
    }
    if report["analysis_status"] != "completed":
        standing = pending(analysis_id, {**report, **about}, report["analysis_status"], context, request)
        return standing._replace(source=source, fetched_at=entry.fetched_at)
    data = {**report, **about, "analysis_id": analysis_id}
    data["verdict"] = judge(report.get("stats"), request.options.judged_by(context.thresholds))
    if "last_analysis" in report and "type" in data:
        forget_older(context, data, report["last_analysis"])
    return Outcome("ok", summary_of(data["verdict"], report), data, source, entry.fetched_at)


def _is_new(analysis_id: str, context: Context) -> bool:
    """Whether it was asked for a moment ago, as the id itself says: VirusTotal does not know it at once."""
    began = time_of_analysis(analysis_id)
    return began is not None and abs(context.clock.now() - began) < _NEW_S


def pending(analysis_id: str, about: Mapping[str, Any], status: str, context: Context, request: Request) -> Outcome:
    """A scan that was accepted and is not over."""
    after = first_interval(_pace_s(context, request))
    data = {**about, "analysis_id": analysis_id, "analysis_status": status, "verdict": "unknown"}
    said = f"{status}: ask for the analysis again in {after:.0f} s"
    return Outcome("pending", said, data, "api", context.clock.now(), after)


def _question(analysis_id: str, context: Context, request: Request, budget: Budget) -> Query:
    def ask(api: Api) -> Entry:
        found = api.analysis(analysis_id, budget)
        now = context.clock.now()
        if found is None:
            return Entry("not_found", {"analysis_id": analysis_id}, now)
        report = analysis_report(
            found.kind, found.attributes, found.object_id, found.indicator, request.options.include, found.raw
        )
        return Entry("ok", without_recorded_credentials({**report, "analysis_status": found.status}), now)

    def covers(entry: Entry) -> bool:
        # A completed analysis stays as it is. Any other answer is good for those who asked at the same moment.
        over = entry.report.get("analysis_status") == "completed"
        return over or context.clock.now() - entry.fetched_at < _MOMENT_S

    return Query(f"analysis:{analysis_id}", ask, covers=covers)


def _pace_s(context: Context, request: Request) -> float:
    return context.account(request.api_key).limiter.quota.pace_s
