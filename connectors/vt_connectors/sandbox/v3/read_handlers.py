"""Handlers of calls that read."""

from __future__ import annotations

from ..analyses import Analysis, analysis_meta
from ..data.kinds import Kind
from ..errors import not_found
from ..http.messages import Response, json_response
from ..state import State
from .calls import Call, Handler, route, route_of_kinds
from .paging import page
from .presenting import analysis_object, presented
from .relationship_handlers import inline_relationships
from .resolutions import resolutions_of


@route_of_kinds("GET", "*")
def report_on(kind: Kind) -> Handler:
    """GET /{collection}/{id}."""

    def handle(state: State, call: Call) -> Response:
        item = state.dataset.find(kind, call.ids[0])
        made = presented(state, call, item)
        names = call.request.query.get("relationships")
        if names:
            made["relationships"] = inline_relationships(state, call, item, names)
        return json_response({"data": made})

    return handle


@route_of_kinds("GET", "*/comments")
def comments_on(kind: Kind) -> Handler:
    """GET /{collection}/{id}/comments."""

    def handle(state: State, call: Call) -> Response:
        item = state.dataset.find(kind, call.ids[0])
        found = state.comments.newest_first(item)
        rows = [state.comment(comment) for comment in found]
        return json_response(page(rows, call.request.query, state.links.to_item(item, "comments")))

    return handle


@route_of_kinds("GET", "*/resolutions", (Kind.DOMAIN, Kind.IP))
def resolutions_on(kind: Kind) -> Handler:
    """GET /{domains|ip_addresses}/{id}/resolutions."""

    def handle(state: State, call: Call) -> Response:
        item = state.dataset.find(kind, call.ids[0])
        rows = resolutions_of(item, lambda ident: state.links.to("resolutions", ident))
        return json_response(page(rows, call.request.query, state.links.to_item(item, "resolutions")))

    return handle


@route("GET", "/api/v3/analyses/*")
def analysis(state: State, call: Call) -> Response:
    """GET /analyses/{id}."""
    found = _analysis(state, call.ids[0])
    meta = analysis_meta(found.item, state.dataset.facts(found.item))
    return json_response({"data": analysis_object(state, found), "meta": meta})


@route("GET", "/api/v3/analyses/*/item")
def analysed_item(state: State, call: Call) -> Response:
    """GET /analyses/{id}/item: the object that was analysed."""
    return json_response({"data": presented(state, call, _analysis(state, call.ids[0]).item)})


def _analysis(state: State, ident: str) -> Analysis:
    found = state.analyses.find(ident)
    if found is None:
        raise not_found(f'Analysis "{ident}" not found')
    return found
