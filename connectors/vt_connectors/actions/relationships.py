"""What VirusTotal has many of for one indicator: comments, resolutions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

from ..cache import Entry
from ..contract.documents import Outcome, Request
from ..indicators import Indicator
from ..virustotal.budget import Budget
from ..virustotal.port import Api, Rows
from .context import Context
from .lookup import noted, skipped
from .read_through import Query, find


@dataclass(frozen=True)
class Listing:
    """`name`: what the rows are, and where they stand in the answer. `row` makes one of VirusTotal's."""

    name: str
    fetch: Callable[[Api], Rows | None]
    row: Callable[[Any], dict[str, Any]]
    limit: int


def rows_key(name: str, indicator: Indicator) -> str:
    """What the cache knows the rows of an indicator by."""
    return f"{name}:{indicator.key}"


def listed(
    indicator: Indicator,
    listing: Listing,
    context: Context,
    request: Request,
    budget: Budget,
    lives_s: float | None = None,
) -> Outcome:
    """`ok` with `listing.limit` rows at most and whether there are `more`; `not_found` and `skipped` as in lookups."""
    reason = context.never_query.reason(indicator)
    if reason is not None:
        return skipped(indicator, reason)
    question = Query(
        rows_key(listing.name, indicator),
        lambda api: _entry(indicator, listing, api, context, request),
        parts=frozenset(("raw",)),
        lives_s=lives_s,
        covers=lambda entry: entry.status != "ok" or entry.report["limit"] >= listing.limit or not entry.report["more"],
    )
    found = find(question, context, request, budget)
    if found is None:
        return skipped(indicator, "not_cached")
    entry, source = found
    if entry.status == "not_found":
        said = f"not found: VirusTotal does not know this {indicator.kind}"
        return noted(indicator, Outcome("not_found", said, dict(entry.report), source, entry.fetched_at))
    data = _cut(entry.report, listing, with_raw="raw" in request.options.include)
    count = len(data[listing.name])
    many = "more than " if data["more"] else ""
    return noted(indicator, Outcome("ok", f"{many}{count} {listing.name}", data, source, entry.fetched_at))


def _entry(indicator: Indicator, listing: Listing, api: Api, context: Context, request: Request) -> Entry:
    rows = listing.fetch(api)
    about: dict[str, Any] = {"type": indicator.kind, "indicator": indicator.value}
    now = context.clock.now()
    if rows is None:
        return Entry("not_found", about, now)
    about[listing.name] = [listing.row(item) for item in rows.items]
    # Fewer than asked for although there are more: the quota ended the paging.
    about.update(more=rows.more, limit=min(listing.limit, len(rows.items)) if rows.more else listing.limit)
    if "raw" in request.options.include:
        about["raw"] = {"data": list(rows.raw)}
    return Entry("ok", about, now)


def _cut(report: dict[str, Any], listing: Listing, *, with_raw: bool) -> dict[str, Any]:
    """The part of what was kept that was asked for now."""
    rows = report[listing.name]
    data = {name: report[name] for name in ("type", "indicator")}
    data[listing.name] = rows[: listing.limit]
    data["more"] = report["more"] or len(rows) > listing.limit
    if with_raw:
        data["raw"] = {"data": report["raw"]["data"][: listing.limit]}
    return data
