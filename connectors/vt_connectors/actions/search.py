"""Searches: for an indicator or a comment's tag (any key), and by a query of VirusTotal Intelligence (premium)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ..cache import Entry
from ..contract.documents import Outcome, Request
from ..indicators import NeverQuery
from ..virustotal import endpoints
from ..virustotal.budget import Budget
from ..virustotal.coerce import mapping, number
from ..virustotal.port import Api, RowsCall
from .answer_parts import raw_if_requested
from .context import Context
from .read_through import Query, find
from .related_objects import judged_row, row_of
from .relationships import counted
from .search_terms import never_sent, query_of

DEFAULT_LIMIT = 40
SEARCH_PAGE = 40
# https://docs.virustotal.com/reference/intelligence-search
INTELLIGENCE_PAGE = 300


def search(context: Context, request: Request, budget: Budget) -> Outcome:
    """`ok` with `results`: the object of an indicator, or the comments with a tag; `not_found` without any."""
    call = search_call(request.params, context.never_query)
    return _unless_internal(call, context, request, budget)


def intelligence_search(context: Context, request: Request, budget: Budget) -> Outcome:
    """`ok` with `results` of a query such as `entity:file p:5+`; `not_found` without any.

    Raises `InvalidIndicator` for a query or order that VirusTotal does not accept, and `Forbidden` without the licence.
    """
    return _unless_internal(intelligence_call(request.params, context.never_query), context, request, budget)


def search_call(params: Mapping[str, Any], never_query: NeverQuery) -> RowsCall:
    """The call for the parameters of `search`. Raises `InvalidRequest`."""
    values = {"query": query_of(params["query"], never_query), **_how(params)}
    return RowsCall(endpoints.SEARCH, values, int(params.get("limit", DEFAULT_LIMIT)), SEARCH_PAGE)


def intelligence_call(params: Mapping[str, Any], never_query: NeverQuery) -> RowsCall:
    """The call for the parameters of `intelligence_search`. Raises `InvalidRequest`."""
    values = {"query": query_of(params["query"], never_query), "descriptors_only": "false", **_how(params)}
    limit = int(params.get("limit", DEFAULT_LIMIT))
    return RowsCall(endpoints.INTELLIGENCE_SEARCH, values, limit, INTELLIGENCE_PAGE)


def _how(params: Mapping[str, Any]) -> dict[str, str]:
    """The parameters of both searches, as far as they are given."""
    how = {"order": params["order"]} if params.get("order") else {}
    return {**how, "descriptors_only": "true"} if params.get("descriptors_only") else how


def _searched(call: RowsCall, context: Context, request: Request, budget: Budget) -> Outcome:
    values = [call.endpoint.name, dict(call.values)]
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()
    is_licensed = call.endpoint is endpoints.INTELLIGENCE_SEARCH

    def covers(entry: Entry) -> bool:
        return entry.status != "ok" or entry.report["limit"] >= call.limit or not entry.report["more"]

    query = Query(
        f"search:{digest}",
        lambda api: _entry(call, api, context, request, budget),
        parts=raw_if_requested(request.options),
        lives_s=context.freshness.ttl_not_found_s,
        covers=covers,
        licence="premium" if is_licensed else "free",
        # The found objects have attributes of the key's licence.
        is_per_key=True,
    )
    found = find(query, context, request, budget)
    if found is None:
        summary = "skipped: it is not in the cache, and cache=only allows no request"
        return Outcome("skipped", summary, {"query": call.values["query"], "reason": "not_cached"})
    entry, source = found
    if entry.status == "not_found":
        data = {"query": call.values["query"], "results": [], "more": False}
        return Outcome("not_found", "not found: no results", data, source, entry.fetched_at)
    data = _data(entry.report, call, context, request)
    count, many = min(call.limit, len(entry.report["results"])), "more than " if data["more"] else ""
    return Outcome("ok", f"{many}{counted(count, 'results')}", data, source, entry.fetched_at)


def _entry(call: RowsCall, api: Api, context: Context, request: Request, budget: Budget) -> Entry:
    rows = api.rows(call, budget)
    now = context.clock.now()
    if rows is None or not rows.items:
        return Entry("not_found", {}, now)
    report: dict[str, Any] = {
        "results": [row_of(_told(item, call)) for item in rows.items],
        "more": rows.more,
        # If there are fewer rows than `limit` although there are more, the quota ended the paging.
        "limit": min(call.limit, len(rows.items)) if rows.more else call.limit,
        "total": number(rows.meta.get("total_hits")),
    }
    if "raw" in request.options.include:
        report["raw"] = {"data": list(rows.raw)}
    return Entry("ok", report, now)


def _told(item: Mapping[str, Any], call: RowsCall) -> Mapping[str, Any]:
    """The object, or its descriptor if only that was asked for: the search for any key sends whole objects."""
    if "descriptors_only" not in call.values or call.values["descriptors_only"] == "false":
        return item
    url = mapping(item.get("attributes")).get("url")
    context = {"context_attributes": {"url": url}} if isinstance(url, str) else {}
    return {**context, **{name: value for name, value in item.items() if name != "attributes"}}


def _data(report: Mapping[str, Any], call: RowsCall, context: Context, request: Request) -> dict[str, Any]:
    rules = request.options.judged_by(context.rules)
    rows: list[dict[str, Any]] = report["results"]
    data: dict[str, Any] = {
        "query": call.values["query"],
        "results": [judged_row(row, rules) for row in rows[: call.limit]],
        "more": report["more"] or len(rows) > call.limit,
    }
    if report["total"] is not None:
        data["total"] = report["total"]
    if "raw" in request.options.include:
        data["raw"] = {"data": report["raw"]["data"][: call.limit]}
    return data


def _unless_internal(call: RowsCall, context: Context, request: Request, budget: Budget) -> Outcome:
    unsent = never_sent(call.values["query"], context.never_query)
    return _searched(call, context, request, budget) if unsent is None else unsent
