"""The calls of actions that only API v3 has: relationships, behaviour, comments by id, searches, the IoC stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ..actions import any_get, behaviour, ioc_stream, related_objects, search
from ..actions.comment_by_id import checked_comment_id
from ..actions.lookup import skipped
from ..actions.relationships import indicator_of
from ..actions.search_terms import never_sent
from ..actions.stream_cursor import read_since
from ..clock import SystemClock
from ..indicators import NeverQuery, parse_as
from ..virustotal import endpoints, licences
from ..virustotal.licences import Licence
from ..virustotal.port import RowsCall
from ..virustotal.relationship_names import licence_of
from .plan import Planner, RequestPlan

Params = Mapping[str, Any]
_MORE = "meta.cursor leads to more"


def _relationships(api: Planner, params: Params, never_query: NeverQuery) -> RequestPlan:
    indicator, name = indicator_of(params, never_query), params["relationship"]
    reason = never_query.reason(indicator)
    if reason is not None:
        return RequestPlan((), skipped(indicator, reason).summary)
    licence = licence_of(indicator.kind, name)
    rows = RowsCall(
        endpoints.RELATED if params.get("full") else endpoints.RELATED_IDS,
        related_objects.values_of(indicator, name),
        int(params.get("limit", related_objects.DEFAULT_LIMIT)),
    )
    return _page(api, f"The related objects; {_MORE}.", rows, licence)


def _behaviour(api: Planner, params: Params, _: NeverQuery) -> RequestPlan:
    values = {"id": parse_as("hash", params["hash"]).vt_id}
    about = {"summary": "What the file did, in all sandboxes.", "techniques": "MITRE ATT&CK techniques, by sandbox."}
    calls = (api.call(about[part], behaviour.ENDPOINTS[part], values) for part in behaviour.parts_of(params))
    return RequestPlan(tuple(call for some in calls for call in some))


def _get_comment(api: Planner, params: Params, _: NeverQuery) -> RequestPlan:
    values = {"id": checked_comment_id(params["comment_id"])}
    return RequestPlan(api.call("The comment.", endpoints.COMMENT, values))


def _delete_comment(api: Planner, params: Params, _: NeverQuery) -> RequestPlan:
    values = {"id": checked_comment_id(params["comment_id"])}
    return RequestPlan(api.call("Delete the comment; it must be the account's own.", endpoints.DELETE_COMMENT, values))


def _search(api: Planner, params: Params, never_query: NeverQuery) -> RequestPlan:
    return _searched(api, search.search_call(params, never_query), "free", never_query)


def _intelligence_search(api: Planner, params: Params, never_query: NeverQuery) -> RequestPlan:
    return _searched(api, search.intelligence_call(params, never_query), "premium", never_query)


def _searched(api: Planner, rows: RowsCall, licence: Licence, never_query: NeverQuery) -> RequestPlan:
    unsent = never_sent(rows.values["query"], never_query)
    if unsent is not None:
        return RequestPlan((), unsent.summary)
    return _page(api, f"The search; {_MORE}.", rows, licence)


def _ioc_stream(api: Planner, params: Params, _: NeverQuery) -> RequestPlan:
    limit = int(params.get("limit", ioc_stream.DEFAULT_LIMIT))
    if "since" in params:
        since = read_since(params["since"], SystemClock().now())
        rows = ioc_stream.stream_call(since, limit, params)
        return _page(api, f"The notifications since then, the oldest first; {_MORE}.", rows, "premium")
    # A position that is kept between polls is part of the action, not of the call.
    values = {"order": "date-", **({"filter": params["filter"]} if "filter" in params else {})}
    rows = RowsCall(endpoints.IOC_STREAM, values, limit, ioc_stream.PAGE)
    return _page(api, f"The newest notifications; {_MORE}.", rows, "premium")


def _vt_get(api: Planner, params: Params, never_query: NeverQuery) -> RequestPlan:
    endpoint, values = any_get.call_of(params)
    unsent = any_get.never_sent(endpoint.path, values, never_query)
    if unsent is not None:
        return RequestPlan((), unsent.summary)
    return RequestPlan(api.call("The object.", endpoint, values))


def _page(api: Planner, about: str, rows: RowsCall, licence: Licence) -> RequestPlan:
    """The call for the first page, with a note of the licence that it needs."""
    note = "" if licence == "free" else f" It needs a licence for {licences.NAMES[licence]}."
    values = {**rows.values, "limit": str(min(rows.limit, rows.page))}
    return RequestPlan(api.call(about + note, rows.endpoint, values))


FURTHER_PLANS: dict[str, Callable[[Planner, Params, NeverQuery], RequestPlan]] = {
    "relationships": _relationships,
    "behaviour": _behaviour,
    "get_comment": _get_comment,
    "delete_comment": _delete_comment,
    "search": _search,
    "intelligence_search": _intelligence_search,
    "ioc_stream": _ioc_stream,
    "vt_get": _vt_get,
}
# Actions that are not shown as calls, and why.
WITHOUT_PLAN = {"download_file": "VirusTotal redirects it to another server, which would get the key"}
