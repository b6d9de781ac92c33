"""The state of a private scan. It has no results: after its end, the verdict is in the object's report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..cache import Entry
from ..contract.documents import Outcome, Request
from ..errors import InvalidIndicator, InvalidResponse
from ..indicators import Indicator, parse_as, without_recorded_credentials
from ..virustotal import endpoints
from ..virustotal.v3_private import private_analysis
from .analysis import MOMENT_S, checked_id, is_new, pending
from .private_report import private_key, private_report
from .read_through import Query, find

if TYPE_CHECKING:
    from ..virustotal.budget import Budget
    from ..virustotal.port import Api
    from .context import Context

_COMPLETED = "completed"
# VirusTotal answers an id that is too new and the id of another key's scan in the same way.
_UNSEEN = "it is new, or another key's; if it is another's, it is not found ten minutes after it was submitted"
# States in which a scan has ended without a report, in VirusTotal's words: the reason, and how it is said.
_FAILED = {
    "error": ("scan_failed", "the scan failed"),
    "unsupported file type": ("unsupported_file_type", "it cannot scan files of this type"),
    "corrupted file": ("corrupted_file", "the file is damaged"),
}


def get_private_analysis(context: Context, request: Request, budget: Budget) -> Outcome:
    """As `get_analysis`, for a private scan of this key."""
    return private_state(checked_id(request.params["analysis_id"]), {"private": True}, context, request, budget)


def private_state(
    analysis_id: str, about: Mapping[str, Any], context: Context, request: Request, budget: Budget
) -> Outcome:
    """`ok` with the report if the scan is completed, or with the verdict unknown and a `reason` if VirusTotal could not
    scan the object; `pending` if it has not ended; `not_found` if this key has no such scan, or no report any more.

    `about`: the fields of the file or URL that are known already. Raises `ConnectorError`.
    """
    found = find(_query(analysis_id, context, request, budget), context, request, budget)
    known = {**about, "private": True}
    if found is None:
        data = {**known, "analysis_id": analysis_id, "verdict": "unknown", "reason": "not_cached"}
        return Outcome("skipped", "skipped: it is not in the cache, and cache=only allows no request", data)
    entry, source = found
    if entry.status == "not_found" and is_new(analysis_id, context):
        queued = pending(analysis_id, known, "queued", context, request)
        summary = f"{queued.summary}. VirusTotal does not show this key such a scan yet: {_UNSEEN}"
        return queued._replace(summary=summary, source=source, fetched_at=entry.fetched_at)
    if entry.status == "not_found":
        summary = "not found: this key has no such private scan, or VirusTotal has deleted it"
        data = {**known, "analysis_id": analysis_id, "reason": "no_private_analysis"}
        return Outcome("not_found", summary, data, source, entry.fetched_at)
    report = entry.report
    status, known = report["analysis_status"], _identified(known, report, analysis_id)
    if status in _FAILED:
        reason, said = _FAILED[status]
        data = {**known, "analysis_id": analysis_id, "analysis_status": status, "verdict": "unknown", "reason": reason}
        return Outcome("ok", f"unknown: VirusTotal could not scan it: {said}", data, source, entry.fetched_at)
    if status != _COMPLETED:
        state = "queued" if status == "queued" else "in-progress"
        unfinished = pending(analysis_id, known, state, context, request)
        return unfinished._replace(source=source, fetched_at=entry.fetched_at)
    answer = private_report(_indicator(known), context, request, budget, known.get("id"), not_before=entry.fetched_at)
    ended = {"analysis_id": analysis_id, "analysis_status": _COMPLETED}
    return answer._replace(data={**(answer.data or {}), **ended})


def _query(analysis_id: str, context: Context, request: Request, budget: Budget) -> Query:
    def ask(api: Api) -> Entry:
        answer = api.document(endpoints.PRIVATE_ANALYSIS, {"id": analysis_id}, budget)
        now = context.clock.now()
        if answer is None:
            return Entry("not_found", {}, now)
        seen = private_analysis(answer, analysis_id)
        report = {"type": seen.kind, "id": seen.object_id, "indicator": seen.indicator, "analysis_status": seen.status}
        return Entry("ok", without_recorded_credentials(report), now)

    def covers(entry: Entry) -> bool:
        # A scan that has ended does not change. Any other answer is valid only for requests made at the same moment.
        is_over = entry.report.get("analysis_status") in (_COMPLETED, *_FAILED)
        return is_over or context.clock.now() - entry.fetched_at < MOMENT_S

    return Query(
        private_key("private-analysis", analysis_id),
        ask,
        parts=frozenset(),
        covers=covers,
        purpose="private_analysis",
        licence="private",
        is_per_key=True,
    )


def _identified(about: Mapping[str, Any], report: Mapping[str, Any], analysis_id: str) -> dict[str, Any]:
    """The fields of the scanned object. Raises `InvalidResponse` if VirusTotal names another one than was sent."""
    told = {name: report[name] for name in ("type", "id", "indicator") if report.get(name)}
    for name in ("type", "id"):
        if name in about and told.get(name, about[name]) != about[name]:
            raise InvalidResponse(
                f"VirusTotal's response for the private analysis {analysis_id[:80]!r} is about another object",
                http_status=200,
            )
    return {**told, **about}


def _indicator(known: Mapping[str, Any]) -> Indicator:
    """The scanned object. Raises `InvalidResponse` if it is not known."""
    try:
        return parse_as(known["type"], known["indicator"])
    except (KeyError, InvalidIndicator):
        raise InvalidResponse("VirusTotal's private analysis names neither file nor URL", http_status=200) from None
