"""The state of a scan, and waiting for its end. Only the status shows whether a scan has ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Callable

from ..cache import Entry
from ..contract.documents import Outcome, Request
from ..errors import Cancelled, ConnectorError, InvalidResponse, RateLimited
from ..indicators import without_recorded_credentials
from ..indicators.indicator import checked_text, refuse
from ..verdict.report import analysis_report
from ..virustotal.budget import Budget
from ..virustotal.identity import is_of_private_scan, time_of_analysis
from ..virustotal.port import Api
from .answer_parts import has_detections, judged_data, needed_parts, shown
from .context import Context
from .lookup import summary_of
from .read_through import Query, find
from .same_object import forget_older

_LONGEST_ID = 512
MOMENT_S = 1.0
# For this time after a scan was submitted, a 404 means that it is not known yet. Clocks may differ by the same amount.
_NEW_S = 600.0


def get_analysis(context: Context, request: Request, budget: Budget) -> Outcome:
    """`ok` with the verdict if the analysis is completed; `pending` if it is not, or if it is too new to be known;
    `not_found` if no analysis has this id.
    """
    if request.params.get("private"):
        from .private_analysis import get_private_analysis

        return get_private_analysis(context, request, budget)
    return state_of(checked_id(request.params["analysis_id"]), {}, context, request, budget)


def checked_id(value: object) -> str:
    """`value` as an analysis id. Raises `InvalidIndicator`."""
    analysis_id = checked_text(value)
    if len(analysis_id) > _LONGEST_ID or any(char.isspace() for char in analysis_id) or set(analysis_id) <= {"."}:
        raise refuse(analysis_id, "is not an analysis id")
    return analysis_id


StateOf = Callable[[str, Mapping[str, Any], Context, Request, Budget], Outcome]


def wait_for(
    analysis_id: str,
    about: Mapping[str, Any],
    wait_s: float,
    context: Context,
    request: Request,
    budget: Budget,
    state: StateOf | None = None,
) -> Outcome:
    """Like `get_analysis`, but polls for at most `wait_s` seconds. Never an error, because the scan was accepted.

    `about`: the fields of the file or URL that are known already. `state`: how to poll; `state_of` by default.
    """
    look = state or state_of
    clock = context.clock
    end = budget.deadline = clock.monotonic() + wait_s
    analysis_request = request._replace(action="get_analysis")
    latest = pending(analysis_id, about, "queued", context, request)
    for interval in intervals(_pace_s(context, request)):
        left = end - clock.monotonic()
        if left <= 0:
            return latest
        try:
            clock.sleep(min(interval, left))
            outcome = look(analysis_id, about, context, analysis_request, budget)
        except ConnectorError as error:
            if not error.retryable or isinstance(error, (Cancelled, RateLimited)):
                return _interrupted(latest, error)
            continue
        if outcome.status == "ok":
            return outcome
        latest = outcome if outcome.status == "pending" else latest
    return latest


def _interrupted(latest: Outcome, error: ConnectorError) -> Outcome:
    """The outcome of an accepted scan if polling failed."""
    after = max(latest.poll_after_s or 0.0, error.retry_after or 0.0)
    return latest._replace(summary=f"{latest.summary} (polling stopped: {error.message})", poll_after_s=after)


def state_of(analysis_id: str, about: Mapping[str, Any], context: Context, request: Request, budget: Budget) -> Outcome:
    """Like `get_analysis`. Raises `ConnectorError`."""
    found = find(_query(analysis_id, context, request, budget), context, request, budget)
    if found is None:
        data = {**about, "analysis_id": analysis_id, "verdict": "unknown", "reason": "not_cached"}
        return Outcome("skipped", "skipped: it is not in the cache, and cache=only allows no request", data)
    entry, source = found
    object_id = entry.report.get("id")
    if "id" in about and object_id not in (None, about["id"]):
        raise InvalidResponse(
            f"VirusTotal's response for the analysis {analysis_id[:80]!r} is about {object_id}, not {about['id']}",
            http_status=200,
        )
    is_private = is_of_private_scan(analysis_id)
    if entry.status == "not_found" and not is_private and is_new(analysis_id, context):
        queued = pending(analysis_id, about, "queued", context, request)
        return queued._replace(source=source, fetched_at=entry.fetched_at)
    if entry.status == "not_found":
        data = {**about, "analysis_id": analysis_id}
        hint = "; its id has the form of a private scan's: add private: true" if is_private else ""
        summary = f"not found: VirusTotal does not know this analysis{hint}"
        return Outcome("not_found", summary, data, source, entry.fetched_at)
    report = shown(entry.report, request.options)
    if report["analysis_status"] != "completed":
        unfinished = pending(analysis_id, {**report, **about}, report["analysis_status"], context, request)
        return unfinished._replace(source=source, fetched_at=entry.fetched_at)
    data = {**judged_data(entry.report, context.rules, request.options), **about, "analysis_id": analysis_id}
    if "last_analysis" in report and "type" in data:
        forget_older(context, data, report["last_analysis"])
    return Outcome("ok", summary_of(data["verdict"], data), data, source, entry.fetched_at)


def is_new(analysis_id: str, context: Context) -> bool:
    """Whether the scan was submitted recently, by the time in its id: VirusTotal does not know a new id immediately."""
    began = time_of_analysis(analysis_id)
    return began is not None and abs(context.clock.now() - began) < _NEW_S


def pending(analysis_id: str, about: Mapping[str, Any], status: str, context: Context, request: Request) -> Outcome:
    """The outcome of a scan that was accepted and has not ended."""
    after = first_interval(_pace_s(context, request))
    data = {**about, "analysis_id": analysis_id, "analysis_status": status, "verdict": "unknown"}
    how = ", with private: true" if about.get("private") else ""
    summary = f"{status}: get the analysis again in {after:.0f} s{how}"
    return Outcome("pending", summary, data, "api", context.clock.now(), after)


def _query(analysis_id: str, context: Context, request: Request, budget: Budget) -> Query:
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
        # A completed analysis does not change. Any other answer is valid only for requests made at the same moment.
        over = entry.report.get("analysis_status") == "completed" and has_detections(entry, request.options)
        return over or context.clock.now() - entry.fetched_at < MOMENT_S

    return Query(f"analysis:{analysis_id}", ask, needed_parts(context, request.options), covers=covers)


def _pace_s(context: Context, request: Request) -> float:
    return context.account(request.api_key).limiter.quota.pace_s


_FIRST_S = 5.0
_GROWTH = 1.5
_LONGEST_S = 60.0
# Polling uses at most every second request of the quota.
_SHARE = 2


def intervals(quota_pace_s: float) -> Iterator[float]:
    """An endless series of seconds between polls. `quota_pace_s`: the seconds in which the quota allows one request."""
    interval = _FIRST_S
    while True:
        yield max(interval, _SHARE * quota_pace_s)
        interval = min(interval * _GROWTH, _LONGEST_S)


def first_interval(quota_pace_s: float) -> float:
    """The seconds after which a caller should poll again."""
    return next(intervals(quota_pace_s))
