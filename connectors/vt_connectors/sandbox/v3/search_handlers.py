"""Handlers of searches."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from ..accounts import Licence
from ..comments import tags_of
from ..data.catalogue import FileFacts
from ..data.collections import COLLECTIONS
from ..data.deterministic import digest, draw
from ..data.engines import stats_of
from ..data.identifiers import file_hash
from ..data.kinds import Item, Kind
from ..data.objects import SubmissionHistory, scan_profile, unscanned_attributes
from ..data.searching import Query, corpus, matches, parse_query
from ..errors import ApiError, bad_request
from ..features import Feature
from ..http.messages import JsonObject, Response, json_response
from ..state import State
from .calls import Call, route
from .collection_handlers import collection_object
from .paging import cut_page, page
from .presenting import presented

_MOST = 300
_DAYS_BACK = 90
_SIMILAR = ("similar-to", "tlsh", "ssdeep", "main_icon_dhash")
_ORDERS = {
    "file": ("first_submission_date", "last_submission_date", "positives", "times_submitted", "size"),
    "url": ("first_submission_date", "last_submission_date", "positives", "times_submitted", "status"),
    "domain": ("creation_date", "last_modification_date", "last_update_date", "positives"),
    "ip": ("ip", "last_modification_date", "positives"),
    "collection": ("creation_date", "last_modification_date", "name"),
}
_SNIPPET = re.compile(r"[0-9a-f]{40}")


@route("GET", "/api/v3/search")
def search(state: State, call: Call) -> Response:
    """GET /search: a hash, URL, domain, address, or a tag of comments."""
    query = call.request.query.get("query", "").strip()
    if not query:
        raise bad_request("The argument query is missing")
    item = _item_named(state, query)
    if item is not None:
        rows = [presented(state, call, item)]
    else:
        tag = query.partition("tag:")[2] or query.lstrip("#")
        found = [one for one in state.comments.all_newest_first() if tag.lower() in tags_of(one)]
        rows = [state.comment(one) for one in found]
    return json_response(page(rows, call.request.query, state.links.to("search")))


@route("GET", "/api/v3/intelligence/search", Licence.PREMIUM)
def intelligence_search(state: State, call: Call) -> Response:
    """GET /intelligence/search: objects that fit a query."""
    asked = call.request.query
    query = parse_query(asked.get("query", ""))
    order = _order(query, asked.get("order", ""))
    state.features.spend(call.key, Feature.SEARCH)
    rows = _rows(state, call, query, order)
    link = state.links.to("intelligence", "search")
    cut = cut_page([ident for ident, _ in rows], asked, link, _MOST)
    is_full = asked.get("descriptors_only", "").lower() != "true"
    data = [_shown(state, call, query, *row, is_full) for row in rows[cut.start : cut.end]]
    meta = {
        "total_hits": len(rows),
        "allowed_orders": list(_ORDERS[query.entity]),
        "days_back": _DAYS_BACK,
        "cursor": cut.cursor,
    }
    return json_response({"data": data, "meta": meta, "links": cut.links})


@route("GET", "/api/v3/intelligence/search/snippets/*", Licence.PREMIUM)
def snippet(state: State, call: Call) -> Response:
    """GET /intelligence/search/snippets/{token}: where a content search matched."""
    if not _SNIPPET.fullmatch(call.ids[0]):
        raise bad_request("Invalid token")
    return json_response({"data": f"50 4b 03 04 *begin_highlight*{call.ids[0][:8]}*end_highlight* 00"})


def _item_named(state: State, text: str) -> Item | None:
    """The item that `text` names, if there is a report."""
    for kind in (Kind.FILE, Kind.IP, Kind.DOMAIN):
        if kind is Kind.FILE and file_hash(text) is None:
            continue
        try:
            return state.dataset.find(kind, text)
        except ApiError:
            continue
    try:
        return state.dataset.find_url(text) if "/" in text else None
    except ApiError:
        return None


def _rows(state: State, call: Call, query: Query, order: tuple[str, bool]) -> Sequence[tuple[str, Item | None]]:
    if query.kind is None:
        names = [term.value for term in query.terms if term.modifier in ("", "name")]
        found = [one.id for one in COLLECTIONS if all(name in one.name.lower() for name in names)]
        return [(ident, None) for ident in found]
    facts = {item: _facts(item, state.dataset.facts(item)) for item in corpus(query.kind)}
    hits = [item for item, there in facts.items() if matches(query, item, there)]
    field, is_descending = order
    hits.sort(key=lambda item: facts[item].get(field) or 0, reverse=is_descending)
    return [(item.id, item) for item in hits]


@lru_cache(maxsize=4096)
def _facts(item: Item, facts: FileFacts | None) -> Mapping[str, Any]:
    attributes = unscanned_attributes(item, facts, SubmissionHistory())
    stats = stats_of(item, scan_profile(item))
    return {**attributes, "positives": stats["malicious"], "status": attributes.get("last_http_response_code")}


def _order(query: Query, text: str) -> tuple[str, bool]:
    """The field to sort by, and whether the largest comes first. ApiError 400."""
    allowed = _ORDERS[query.entity]
    if not text:
        return allowed[1], True
    if query.value_of("content") is not None:
        raise bad_request("A content search has no order")
    field, sign = text.rstrip("+- "), text[-1]
    if field not in allowed or sign not in "+-":
        raise bad_request(f'order "{text}" is not valid, it must be one of {", ".join(allowed)} with + or -')
    return field, sign == "-"


def _shown(state: State, call: Call, query: Query, ident: str, item: Item | None, is_full: bool) -> JsonObject:
    if item is None:
        return collection_object(state, ident, is_full)
    state.dataset.shown(item)
    made = presented(state, call, item) if is_full else {"type": item.kind.value, "id": item.id}
    context = _context(query, item)
    return {**made, "context_attributes": context} if context else made


def _context(query: Query, item: Item) -> JsonObject:
    if query.value_of("content") is not None:
        snippet_token = digest(item.value, "snippet")[:40]
        return {"confidence": 1.0, "match_in_subfile": False, "snippet": snippet_token}
    if query.value_of(*_SIMILAR) is not None:
        return {"similarity_score": round(1 - draw(item.value, "similarity", 40) / 100, 2)}
    return {"url": item.value} if item.kind is Kind.URL else {}
