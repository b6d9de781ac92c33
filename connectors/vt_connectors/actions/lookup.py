"""Looking up an indicator: never-query list, cache, one request for all callers, verdict."""

from __future__ import annotations

from collections.abc import Mapping

from ..cache import Entry
from ..contract.documents import Options, Outcome, Request, Source
from ..errors import InvalidIndicator, RateLimited
from ..indicators import Indicator, Kind, parse_as, recognise
from ..light_typing import TYPE_CHECKING, Any
from ..verdict.rule import detections
from .answer_parts import has_detections, judged_data, needed_parts, own_parts
from .context import Context
from .read_through import Query, find

if TYPE_CHECKING:
    from ..api_key import ApiKey
    from ..indicators import NeverQuery
    from ..virustotal.budget import Budget
    from ..virustotal.port import Api

_REASONS = {
    "private_address": "it is a private or reserved address",
    "internal_name": "it is an internal name, or one outside the public DNS",
    "never_query": "it is on the never-query list",
    "not_cached": "it is not in the cache, and cache=only allows no request",
}


def look_up(kind: Kind, param: str, context: Context, request: Request, budget: Budget) -> Outcome:
    """The action: `request.params[param]` as an indicator of `kind`."""
    indicator = parse_as(kind, request.params[param])
    return outcome_for(indicator, context, request, budget)


def look_up_any(context: Context, request: Request, budget: Budget) -> Outcome:
    """The action for any indicator: `params["value"]` of kind `params["type"]`, which is recognised if it is absent."""
    indicator = any_indicator(request.params, context.never_query)
    return outcome_for(indicator, context, request._replace(action=f"lookup_{indicator.kind}"), budget)


def any_indicator(params: Mapping[str, Any], never_query: NeverQuery) -> Indicator:
    """Raises `InvalidIndicator`."""
    kind, value = params.get("type"), params["value"]
    return parse_as(kind, value) if kind is not None else recognise(value, never_query)


def request_for(kind: Kind | None, value: str, options: Options, never_query: NeverQuery | None = None) -> Request:
    """The lookup of `value`. The kind is recognised if `kind` is None. Raises `InvalidIndicator`."""
    kind = kind or recognise(value, never_query).kind
    return Request(f"lookup_{kind}", {kind: value}, options)


def outcome_for(indicator: Indicator, context: Context, request: Request, budget: Budget) -> Outcome:
    # The rule is about hosts; a process that looks up hashes does not need it.
    reason = context.never_query.reason(indicator) if indicator.host else None
    if reason is not None:
        return skipped(indicator, reason)
    related = related_names(request.params)
    try:
        found = find(report_on(indicator, context, request, budget), context, request, budget)
    except InvalidIndicator as error:
        if not related:
            raise
        from .inline_relationships import refused_name

        raise refused_name(error, related, indicator) from None
    except RateLimited as error:
        # A drain asks for no relationships.
        may_queue = may_be_queued(request.api_key, request.options) and not related
        raise refused(error, may_queue and context.pending.put(indicator.key, request.options.include)) from None
    if found is None:
        return skipped(indicator, "not_cached")
    if found[1] != "cache" and request.options.cache != "off" and context.cache.is_shared:
        context.pending.answered(indicator.key, request.options.include)
    return outcome(indicator, *found, context, request.options)


def related_names(params: Mapping[str, Any]) -> list[str]:
    """The relationships that a lookup asks for, each once."""
    return sorted(set(params.get("relationships", ())))


def may_be_queued(key: ApiKey | None, options: Options) -> bool:
    """Whether a drain can help: not if the answer must not be cached, nor with a key that only the request has."""
    return options.cache != "off" and key is None


def refused(error: RateLimited, queued: bool) -> RateLimited:
    """`error` with `details.queued`: whether the indicator is in the queue."""
    return RateLimited(
        error.message,
        retry_after=error.retry_after,
        http_status=error.http_status,
        vt_code=error.vt_code,
        details={**error.details, "queued": queued},
    )


def report_on(
    indicator: Indicator, context: Context, request: Request, budget: Budget, object_id: str | None = None
) -> Query:
    """The query for VirusTotal's report on `indicator`; `object_id` is VirusTotal's own id of it, if known."""

    def ask(api: Api) -> Entry:
        from ..indicators import without_recorded_credentials
        from ..verdict import report_of
        from .same_object import awaits_scan, note_spelling

        known = api.lookup(indicator, budget, object_id, related)
        now = context.clock.now()
        if known is None:
            return Entry("not_found", {"type": indicator.kind, "indicator": indicator.value}, now)
        include = request.options.include | ({"raw"} if context.keeps_raw else frozenset())
        report = report_of(known.vt_object, indicator, include, known.raw)
        report.update(own_parts(known.vt_object, indicator.kind, parts, context, request))
        if related:
            from .inline_relationships import rows_in

            report.update(rows_in(known.vt_object, related, indicator))
        report = without_recorded_credentials(report)
        if request.options.cache == "off":
            return Entry("ok", report, now)
        note_spelling(context, indicator, report)
        return Entry("ok", report, now, awaits_scan(context, indicator, report))

    def also(entry: Entry) -> Mapping[str, Entry]:
        from .same_object import under_other_names

        return under_other_names(indicator, entry)

    related = related_names(request.params)
    parts = needed_parts(context, request.options, request.api_key)
    query = Query(indicator.key, ask, parts, covers=lambda entry: has_detections(entry, request.options), also=also)
    if not related:
        return query
    from .inline_relationships import asked_with

    return asked_with(query, related, indicator, context, request.options)


def outcome(indicator: Indicator, entry: Entry, source: Source, context: Context, options: Options) -> Outcome:
    """The answer to a lookup of `indicator`, judged by the request's rules."""
    if entry.status == "not_found":
        summary = f"not found: VirusTotal does not know this {indicator.kind}"
        data = {**entry.report, "verdict": "unknown"}
    else:
        data = judged_data(entry.report, context.rules, options)
        summary = summary_of(data["verdict"], data)
    return noted(indicator, Outcome(entry.status, summary, data, source, entry.fetched_at))


def noted(indicator: Indicator, outcome: Outcome) -> Outcome:
    """`outcome` with the parts that were removed from the value before the lookup. Cache entries do not have them,
    because all callers share the entries.
    """
    if not indicator.removed:
        return outcome
    return outcome._replace(data={**(outcome.data or {}), "removed": list(indicator.removed)})


def summary_of(verdict: str, report: dict[str, Any]) -> str:
    """One line: the verdict, how many of the engines with a result detect the indicator, and GTI's assessment."""
    stats, gti = report.get("stats"), report.get("gti")
    label = f" ({report['label']})" if report.get("label") else ""
    if not stats:
        engines = "no engine results"
    elif stats["total"] == 0:
        engines = "no engine has scanned it"
    else:
        engines = f"{detections(stats)} of {stats['total']} engines{label}"
    if not gti:
        return f"{verdict}: {engines}"
    score = f", score {gti['score']}" if "score" in gti else ""
    told = f"severity {gti['severity']}{score}"
    if report.get("verdict_by") == "gti":
        return f"{verdict} by Google Threat Intelligence ({told}); {engines}"
    return f"{verdict}: {engines}; Google Threat Intelligence: {gti['verdict']}, {told}"


def skipped(indicator: Indicator, reason: str) -> Outcome:
    """The outcome if no request may be sent; `reason` is one of `_REASONS`."""
    data = {"type": indicator.kind, "indicator": indicator.value, "verdict": "unknown", "reason": reason}
    return noted(indicator, Outcome("skipped", f"skipped: {_REASONS[reason]}; no request was made", data))
