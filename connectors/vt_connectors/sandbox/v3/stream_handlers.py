"""Handlers of the IoC stream."""

from __future__ import annotations

from ..accounts import Licence
from ..errors import bad_request, not_found
from ..http.messages import JsonObject, Response, json_response
from ..ioc_stream import Notification
from ..state import State
from .calls import Call, route
from .paging import cut_page
from .presenting import presented
from .stream_filter import stream_filter

_ORDERS = ("date-", "date+")


@route("GET", "/api/v3/ioc_stream", Licence.PREMIUM)
def ioc_stream(state: State, call: Call) -> Response:
    """GET /ioc_stream with filter, order, limit, cursor and descriptors_only."""
    query = call.request.query
    order = query.get("order") or _ORDERS[0]
    if order not in _ORDERS:
        raise bad_request(f'order "{order}" is not valid, it must be one of {", ".join(_ORDERS)}')
    found = _filtered(state, call)
    if order == _ORDERS[1]:
        found.reverse()
    cut = cut_page([one.id for one in found], query, state.links.to("ioc_stream"))
    is_full = query.get("descriptors_only", "").lower() != "true"
    rows = [_row(state, call, one, is_full) for one in found[cut.start : cut.end]]
    return json_response({"data": rows, "meta": {"count": len(found), "cursor": cut.cursor}, "links": cut.links})


@route("DELETE", "/api/v3/ioc_stream", Licence.PREMIUM)
def delete_from_stream(state: State, call: Call) -> Response:
    """DELETE /ioc_stream: all notifications that pass the filter."""
    state.stream.delete([one.id for one in _filtered(state, call)])
    return Response(200, b"")


@route("GET", "/api/v3/ioc_stream_notifications/*", Licence.PREMIUM)
def one_notification(state: State, call: Call) -> Response:
    """GET /ioc_stream_notifications/{id}: the row of one notification."""
    return json_response({"data": _row(state, call, _with_id(state, call.ids[0]), is_full=True)})


@route("DELETE", "/api/v3/ioc_stream_notifications/*", Licence.PREMIUM)
def delete_notification(state: State, call: Call) -> Response:
    """DELETE /ioc_stream_notifications/{id}."""
    state.stream.delete([_with_id(state, call.ids[0]).id])
    return Response(200, b"")


def _filtered(state: State, call: Call) -> list[Notification]:
    passes = stream_filter(call.request.query.get("filter", ""))
    return [one for one in state.stream.newest_first() if passes(one)]


def _row(state: State, call: Call, one: Notification, is_full: bool) -> JsonObject:
    item = state.dataset.shown(one.item)
    made = presented(state, call, item) if is_full else {"type": item.kind.value, "id": item.id}
    return {**made, "context_attributes": one.context()}


def _with_id(state: State, ident: str) -> Notification:
    found = next((one for one in state.stream.newest_first() if one.id == ident), None)
    if found is None:
        raise not_found(f'Notification "{ident}" not found')
    return found
