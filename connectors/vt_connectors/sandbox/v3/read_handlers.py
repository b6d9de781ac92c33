"""Handlers of calls that read."""

from __future__ import annotations

from ..accounts import overall_quotas, user_id, user_object
from ..analyses import Analysis, analysis_meta
from ..comments import comment_object
from ..data.kinds import Kind
from ..errors import not_found
from ..http.messages import JsonObject, Response, json_response
from ..state import State
from .calls import Call, Handler, route, route_of_kinds
from .paging import page
from .resolutions import resolutions_of


@route_of_kinds("GET", "*")
def report_on(kind: Kind) -> Handler:
    """GET /{collection}/{id}."""

    def handle(state: State, call: Call) -> Response:
        return json_response({"data": state.report(state.dataset.find(kind, call.ids[0]))})

    return handle


@route_of_kinds("GET", "*/comments")
def comments_on(kind: Kind) -> Handler:
    """GET /{collection}/{id}/comments."""

    def handle(state: State, call: Call) -> Response:
        item = state.dataset.find(kind, call.ids[0])
        found = state.comments.newest_first(item)
        rows = [comment_object(comment, state.links.to("comments", comment.id)) for comment in found]
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
    return json_response({"data": _analysis_object(state, found), "meta": meta})


@route("GET", "/api/v3/files/*/analyses")
def analyses_of_file(state: State, call: Call) -> Response:
    """GET /files/{id}/analyses, the newest first."""
    item = state.dataset.find(Kind.FILE, call.ids[0])
    rows = [_analysis_object(state, found) for found in state.analyses.newest_first(item)]
    return json_response(page(rows, call.request.query, state.links.to_item(item, "analyses")))


@route("GET", "/api/v3/analyses/*/item")
def analysed_item(state: State, call: Call) -> Response:
    """GET /analyses/{id}/item: the object that was analysed."""
    return json_response({"data": state.report(_analysis(state, call.ids[0]).item)})


@route("GET", "/api/v3/users/*")
def user(state: State, call: Call) -> Response:
    """GET /users/{id or key}."""
    _require_own_user(call)
    allowances = state.quotas.allowances(call.key)
    return json_response({"data": user_object(call.key, allowances, state.links.to("users", user_id(call.key)))})


@route("GET", "/api/v3/users/*/overall_quotas")
def quotas(state: State, call: Call) -> Response:
    """GET /users/{id or key}/overall_quotas."""
    _require_own_user(call)
    return json_response({"data": overall_quotas(state.quotas.allowances(call.key))})


def _analysis_object(state: State, found: Analysis) -> JsonObject:
    links = {
        "self": state.links.to("analyses", found.id),
        "item": state.links.to_item(found.item),
    }
    attributes = state.analyses.attributes(found, state.clock())
    return {"type": "analysis", "id": found.id, "links": links, "attributes": attributes}


def _analysis(state: State, ident: str) -> Analysis:
    found = state.analyses.find(ident)
    if found is None:
        raise not_found(f'Analysis "{ident}" not found')
    return found


def _require_own_user(call: Call) -> None:
    if call.ids[0] not in (call.key, user_id(call.key)):
        raise not_found(f'User "{call.ids[0]}" not found')
