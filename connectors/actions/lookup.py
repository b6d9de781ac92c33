"""Looking an indicator up: never-query list, cache, one request for all, verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..cache import Entry
from ..contract import Options, Outcome, Request, Source
from ..errors import InvalidIndicator, RateLimited
from ..indicators import Indicator, Kind, parse_as, recognise
from ..verdict import judge, report_of
from ..verdict.rule import detections
from .asking import Question, find, find_kept, report_key
from .context import Context

if TYPE_CHECKING:
    from ..virustotal.api import Api
    from ..virustotal.budget import Budget

_REASONS = {
    "private_address": "it is a private or reserved address",
    "internal_name": "it is a name of the internal network",
    "never_query": "it is on the never-query list",
    "not_cached": "it is not in the cache, and cache=only forbids asking",
}
_PARTS = ("engines", "raw")


def look_up(kind: Kind, param: str, context: Context, request: Request, budget: Budget) -> Outcome:
    """The action: `request.params[param]` as an indicator of `kind`."""
    indicator = parse_as(kind, request.params[param])
    return outcome_for(indicator, context, request, budget)


def request_for(kind: Kind | None, value: str, options: Options) -> Request:
    """The lookup of `value`, whose kind is recognised where it is not given. Raises `InvalidIndicator`."""
    kind = kind or recognise(value).kind
    return Request(f"lookup_{kind}", {kind: value}, options)


def outcome_for(indicator: Indicator, context: Context, request: Request, budget: Budget) -> Outcome:
    reason = context.never_query.reason(indicator)
    if reason is not None:
        return skipped(indicator, reason)
    try:
        found = find(report_on(indicator, context, request, budget), context, request, budget)
    except RateLimited:
        _queue(indicator, context, request)
        raise
    if found is None:
        return skipped(indicator, "not_cached")
    return outcome(indicator, *found, context, request.options)


def _queue(indicator: Indicator, context: Context, request: Request) -> None:
    """For a drain to ask. Not what would be no use: whose answer is not to be kept, or is to be had by a key that is
    not kept.
    """
    if request.options.cache != "off" and request.api_key is None:
        context.pending.put(indicator.key, request.options.include)


def cached_outcomes(
    kind: Kind | None, values: Iterable[str], context: Context, options: Options
) -> Iterator[tuple[str, Kind, Outcome]]:
    """Those of `values` that the cache answers, each with its kind. The others need `look_up`, whatever comes of it."""
    keys: dict[str, tuple[Indicator, str]] = {}
    for value in values:
        try:
            indicator = recognise(value) if kind is None else parse_as(kind, value)
        except InvalidIndicator:
            continue
        if context.never_query.reason(indicator) is None:
            keys[value] = indicator, report_key(context, indicator)
    kept = find_kept({key for _, key in keys.values()}, context, options)
    for value, (indicator, key) in keys.items():
        if key in kept:
            yield value, indicator.kind, outcome(indicator, kept[key], "cache", context, options)


def report_on(
    indicator: Indicator, context: Context, request: Request, budget: Budget, object_id: str | None = None
) -> Question:
    """The question what VirusTotal knows of `indicator`; `object_id` is VirusTotal's own id of it, where known."""

    def ask(api: Api) -> Entry:
        known = api.lookup(indicator, budget, object_id)
        now = context.clock.now()
        if known is None:
            return Entry("not_found", {"type": indicator.kind, "indicator": indicator.value}, now)
        return Entry("ok", report_of(known.vt_object, indicator, request.options.include, known.raw), now)

    return Question(indicator.key, ask)


def outcome(indicator: Indicator, entry: Entry, source: Source, context: Context, options: Options) -> Outcome:
    """The answer to a lookup of `indicator`, judged by the request's thresholds."""
    report = entry.report
    if any(part in report and part not in options.include for part in _PARTS):
        report = {name: value for name, value in report.items() if name not in _PARTS or name in options.include}
    verdict = judge(report.get("stats"), options.judged_by(context.thresholds))
    head: dict[str, Any] = {name: report[name] for name in ("type", "indicator", "id") if name in report}
    data = {**head, "verdict": verdict, **report}
    if entry.status == "not_found":
        summary = f"not found: VirusTotal does not know this {indicator.kind}"
    else:
        summary = summary_of(verdict, report)
    return Outcome(entry.status, summary, data, source, entry.fetched_at)


def summary_of(verdict: str, report: dict[str, Any]) -> str:
    """In a line: the verdict, and how many engines of those that gave an opinion object."""
    stats = report.get("stats")
    if not stats:
        return "unknown: VirusTotal tells no engine's opinion"
    if verdict == "unknown":
        return "unknown: no engine has looked"
    label = f" ({report['label']})" if report.get("label") else ""
    return f"{verdict}: {detections(stats)} of {stats['total']} engines{label}"


def skipped(indicator: Indicator, reason: str) -> Outcome:
    """The outcome where nothing may be asked; `reason` is one of `_REASONS`."""
    data = {"type": indicator.kind, "indicator": indicator.value, "verdict": "unknown", "reason": reason}
    return Outcome("skipped", f"skipped: {_REASONS[reason]}; no request was made", data)
