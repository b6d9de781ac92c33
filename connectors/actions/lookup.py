"""Looking an indicator up: never-query list, cache, one request for all, verdict."""

from __future__ import annotations

from typing import Any

from ..cache import Entry
from ..coalescing.single_flight import Lead
from ..contract import Options, Outcome, Request, Source
from ..indicators import Indicator, Kind, parse_as, recognise
from ..verdict import judge, report_of
from ..verdict.rule import Thresholds, detections
from ..virustotal.budget import Budget
from .context import Context

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
    found = find(indicator, context, request, budget)
    if found is None:
        return skipped(indicator, "not_cached")
    entry, source = found
    return _outcome(indicator, entry, source, request.options, request.options.judged_by(context.thresholds))


def find(indicator: Indicator, context: Context, request: Request, budget: Budget) -> tuple[Entry, Source] | None:
    """The answer and where it came from; None when only the cache may be asked and has none.

    Raises `ConnectorError`.
    """
    return _Search(indicator, context, request, budget).run()


class _Search:
    """One indicator's way through cache, single flight and VirusTotal."""

    def __init__(self, indicator: Indicator, context: Context, request: Request, budget: Budget) -> None:
        self._indicator = indicator
        self._context = context
        self._request = request
        self._options = request.options
        self._budget = budget
        self._key = f"v{context.api_version}:{indicator.key}"
        self._began = context.clock.now()

    def run(self) -> tuple[Entry, Source] | None:
        mode, cache = self._options.cache, self._context.cache
        if mode == "off":
            return self._ask(), "api"
        if mode != "refresh":
            entry = cache.find(self._key, self._will_do)
            if entry is not None:
                return entry, "cache"
            if mode == "only":
                return None
        entry, shared = self._context.single_flight.run(
            self._key,
            lambda: cache.find_shared(self._key, self._will_do),
            self._ask_and_keep,
            self._budget.deadline,
        )
        return entry, "shared" if shared else "api"

    def _will_do(self, entry: Entry) -> bool:
        if not entry.has(self._options.include):
            return False
        if self._options.cache == "refresh":
            return entry.fetched_at >= self._began
        return self._context.freshness.will_do(entry, self._context.clock.now(), self._options.max_age_s)

    def _ask_and_keep(self, lead: Lead) -> Entry:
        self._budget.waiting = lead.waiting
        entry = self._ask()
        self._context.cache.put(self._key, entry)
        return entry

    def _ask(self) -> Entry:
        account = self._context.account(self._request.api_key)
        vt_object = account.ask(
            self._request.action, lambda api: api.lookup(self._indicator, self._budget), self._budget
        )
        now = self._context.clock.now()
        if vt_object is None:
            return Entry("not_found", {"type": self._indicator.kind, "indicator": self._indicator.value}, now)
        return Entry("ok", report_of(vt_object, self._indicator, self._options.include), now)


def _outcome(indicator: Indicator, entry: Entry, source: Source, options: Options, thresholds: Thresholds) -> Outcome:
    report = {name: value for name, value in entry.report.items() if name not in _PARTS or name in options.include}
    verdict = judge(report.get("stats"), thresholds)
    head: dict[str, Any] = {name: report[name] for name in ("type", "indicator", "id") if name in report}
    data = {**head, "verdict": verdict, **report}
    if entry.status == "not_found":
        summary = f"not found: VirusTotal does not know this {indicator.kind}"
    else:
        summary = _summary(verdict, report)
    return Outcome(entry.status, summary, data, source, entry.fetched_at)


def _summary(verdict: str, report: dict[str, Any]) -> str:
    stats = report.get("stats")
    if verdict == "unknown" or not stats:
        return "unknown: no engine has looked"
    label = f" ({report['label']})" if report.get("label") else ""
    return f"{verdict}: {detections(stats)} of {stats['total']} engines{label}"


def skipped(indicator: Indicator, reason: str) -> Outcome:
    """The outcome where nothing may be asked; `reason` is one of `_REASONS`."""
    data = {"type": indicator.kind, "indicator": indicator.value, "verdict": "unknown", "reason": reason}
    return Outcome("skipped", f"skipped: {_REASONS[reason]}; no request was made", data)
