"""Relationships: rows that belong to one indicator, such as comments and resolutions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable

from ..cache import Entry
from ..contract.documents import Outcome, Request
from ..errors import InvalidIndicator
from ..indicators import Indicator, Kind, NeverQuery, parse_as, recognise
from ..virustotal.budget import Budget
from ..virustotal.endpoints import Endpoint
from ..virustotal.licences import Licence
from ..virustotal.port import Api, Rows
from .context import Context
from .lookup import noted, skipped
from .read_through import Query, find

# The endings of plurals with their singular; the first that fits. `last_serving_ip_address` is one already.
_SINGULAR = {"ss": "ss", "whois": "whois", "sses": "ss", "lyses": "lysis", "ies": "y", "s": ""}
_EVERY_KIND: tuple[Kind, ...] = ("hash", "url", "domain", "ip")


@dataclass(frozen=True)
class Listing:
    """`name`: the field of the answer that has the rows. `row` makes a row from an object of VirusTotal's.

    `about`: further fields of the answer. `noun`: what the rows are, for the summary; None: `name`. `key`: the name in
    the cache; None: `name`. `shown` makes the row of the answer from a cached one. `purpose`, `licence` and
    `is_per_key`: as in `Query`.
    """

    name: str
    fetch: Callable[[Api], Rows | None]
    row: Callable[[Any], dict[str, Any]]
    limit: int
    about: Mapping[str, Any] = field(default_factory=dict)
    noun: str | None = None
    key: str | None = None
    shown: Callable[[dict[str, Any]], dict[str, Any]] = dict
    purpose: str | None = None
    licence: Licence = "free"
    is_per_key: bool = False


@dataclass(frozen=True)
class Relationship:
    """An action: the rows that one endpoint of API v3 has for `params["indicator"]`, the newest first.

    `name`: the field of the answer that has the rows. `vt_type`: the type of VirusTotal's objects. `row` makes a row
    from one of them; it raises `InvalidResponse` if the object is not about the indicator.

    `default_limit`: the number of rows without `params["limit"]`. `kinds`: the kinds of indicators with such rows.
    `changes_often`: rows are cached only as long as an unknown indicator.
    """

    name: str
    endpoint: Endpoint
    vt_type: str
    row: Callable[[Mapping[str, Any], Indicator], dict[str, Any]]
    default_limit: int = 10
    kinds: tuple[Kind, ...] = _EVERY_KIND
    changes_often: bool = True

    def __call__(self, context: Context, request: Request, budget: Budget) -> Outcome:
        indicator, limit = self.indicator_of(request.params, context.never_query), self.limit_of(request.params)
        listing = Listing(
            self.name,
            lambda api: api.related(self.endpoint, self.vt_type, indicator, limit, budget),
            lambda item: self.row(item, indicator),
            limit,
        )
        lives_s = context.freshness.ttl_not_found_s if self.changes_often else None
        return listed(indicator, listing, context, request, budget, lives_s)

    def indicator_of(self, params: Mapping[str, Any], never_query: NeverQuery) -> Indicator:
        """Raises `InvalidIndicator`."""
        indicator = indicator_of(params, never_query)
        if indicator.kind not in self.kinds:
            raise InvalidIndicator(f"{self.name} exist for {' or '.join(self.kinds)}, not for {indicator.kind}")
        return indicator

    def limit_of(self, params: Mapping[str, Any]) -> int:
        """The maximum number of rows."""
        return int(params.get("limit", self.default_limit))


def indicator_of(params: Mapping[str, Any], never_query: NeverQuery) -> Indicator:
    """The indicator in `params`. Its kind is `params["type"]`, else recognised. Raises `InvalidIndicator`."""
    value, kind = params["indicator"], params.get("type")
    return parse_as(kind, value) if kind else recognise(value, never_query)


def rows_key(name: str, indicator: Indicator) -> str:
    """The key of the query for the rows of an indicator."""
    return f"{name}:{indicator.key}"


def listed(
    indicator: Indicator,
    listing: Listing,
    context: Context,
    request: Request,
    budget: Budget,
    lives_s: float | None = None,
) -> Outcome:
    """`ok` with at most `listing.limit` rows and `more`, if there are more; `not_found` and `skipped` as in lookups."""
    reason = context.never_query.reason(indicator)
    if reason is not None:
        return skipped(indicator, reason)
    query = Query(
        rows_key(listing.key or listing.name, indicator),
        lambda api: _entry(indicator, listing, api, context, request),
        parts=request.options.include & {"raw"},
        lives_s=lives_s,
        covers=lambda entry: entry.status != "ok" or entry.report["limit"] >= listing.limit or not entry.report["more"],
        purpose=listing.purpose,
        licence=listing.licence,
        is_per_key=listing.is_per_key,
    )
    found = find(query, context, request, budget)
    if found is None:
        return skipped(indicator, "not_cached")
    entry, source = found
    if entry.status == "not_found":
        summary = f"not found: VirusTotal does not know this {indicator.kind}"
        data = {**entry.report, **listing.about}
        return noted(indicator, Outcome("not_found", summary, data, source, entry.fetched_at))
    data = _cut(entry.report, listing, with_raw="raw" in request.options.include)
    count = len(data[listing.name])
    many = "more than " if data["more"] else ""
    summary = f"{many}{counted(count, listing.noun or listing.name)}"
    return noted(indicator, Outcome("ok", summary, data, source, entry.fetched_at))


def counted(count: int, plural: str) -> str:
    """`1 vote`, `2 votes`. `plural` may be the name of a relationship, such as `analyses` or `historical_whois`."""
    if count != 1:
        return f"{count} {plural}"
    for ending, singular in _SINGULAR.items():
        if plural.endswith(ending):
            return f"1 {plural[: -len(ending)]}{singular}"
    return f"1 {plural}"


def _entry(indicator: Indicator, listing: Listing, api: Api, context: Context, request: Request) -> Entry:
    rows = listing.fetch(api)
    about: dict[str, Any] = {"type": indicator.kind, "indicator": indicator.value}
    now = context.clock.now()
    if rows is None:
        return Entry("not_found", about, now)
    about[listing.name] = [listing.row(item) for item in rows.items]
    # If there are fewer rows than `limit` although there are more, the quota ended the paging.
    about.update(more=rows.more, limit=min(listing.limit, len(rows.items)) if rows.more else listing.limit)
    if "raw" in request.options.include:
        about["raw"] = {"data": list(rows.raw)}
    return Entry("ok", about, now)


def _cut(report: dict[str, Any], listing: Listing, *, with_raw: bool) -> dict[str, Any]:
    """The requested part of a cached report."""
    rows = report[listing.name]
    data = {name: report[name] for name in ("type", "indicator")}
    data.update(listing.about)
    data[listing.name] = [listing.shown(row) for row in rows[: listing.limit]]
    data["more"] = report["more"] or len(rows) > listing.limit
    if with_raw:
        data["raw"] = {"data": report["raw"]["data"][: listing.limit]}
    return data
