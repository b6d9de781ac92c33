"""Handlers of relationships: full rows, descriptors, and those inside an object."""

from __future__ import annotations

from ..data.kinds import Item, Kind
from ..data.relationships import RELATIONSHIPS, Relationship
from ..errors import bad_request, not_found
from ..http.messages import JsonObject, Response, json_response
from ..state import State
from .calls import Call, Handler, route_of_kinds
from .paging import COUNT_CAP, cursor_after, cut_page
from .related import Related, rows_of

_INLINE_ROWS = 20


@route_of_kinds("GET", "*/*")
def related_to(kind: Kind) -> Handler:
    """GET /{collection}/{id}/{relationship}: full objects."""

    def handle(state: State, call: Call) -> Response:
        return _answer(state, call, kind, is_full=True)

    return handle


@route_of_kinds("GET", "*/relationships/*")
def descriptors_of(kind: Kind) -> Handler:
    """GET /{collection}/{id}/relationships/{relationship}: type and id of each object."""

    def handle(state: State, call: Call) -> Response:
        return _answer(state, call, kind, is_full=False)

    return handle


def inline_relationships(state: State, call: Call, item: Item, names: str) -> JsonObject:
    """`relationships` of an object for the names in the query. ApiError 400 for unknown names.

    Names that need another licence are left out.
    """
    found: JsonObject = {}
    for name in filter(None, names.split(",")):
        relationship = RELATIONSHIPS[item.kind].get(name)
        if relationship is None:
            raise bad_request(f'"{name}" is not a valid relationship for {item.kind.collection}')
        if relationship.licence is None or relationship.licence in call.licences:
            found[name] = _inline(state, call, item, relationship)
    return found


def _answer(state: State, call: Call, kind: Kind, is_full: bool) -> Response:
    relationship = RELATIONSHIPS[kind].get(call.ids[1])
    if relationship is None:
        raise not_found("Resource not found.")
    call.require(relationship.licence)
    item = state.dataset.find(kind, call.ids[0])
    rows = rows_of(state, call, item, relationship)
    more = () if is_full else ("relationships",)
    links = _links(state, item, relationship, more)
    if relationship.is_single:
        return json_response({"data": _one(rows[0], is_full) if rows else None, "links": links})
    cut = cut_page([row.descriptor["id"] for row in rows], call.request.query, links["self"])
    answer: JsonObject = {
        "data": [_one(row, is_full) for row in rows[cut.start : cut.end]],
        "links": {**links, **cut.links},
    }
    if rows:
        answer["meta"] = _meta(len(rows), cut.cursor)
    return json_response(answer)


def _meta(count: int, cursor: str) -> JsonObject:
    meta: JsonObject = {"count": min(count, COUNT_CAP)}
    return {**meta, "cursor": cursor} if cursor else meta


def _one(row: Related, is_full: bool) -> JsonObject:
    return row.full() if is_full else row.descriptor


def _links(state: State, item: Item, relationship: Relationship, more: tuple[str, ...]) -> dict[str, str]:
    links = {"self": state.links.to_item(item, *more, relationship.name)}
    if more:
        links["related"] = state.links.to_item(item, relationship.name)
    return links


def _inline(state: State, call: Call, item: Item, relationship: Relationship) -> JsonObject:
    rows = [row.descriptor for row in rows_of(state, call, item, relationship)]
    links = _links(state, item, relationship, ("relationships",))
    if relationship.is_single:
        return {"data": rows[0] if rows else None, "links": links, "meta": {"count": len(rows)}}
    links["self"] += f"?limit={_INLINE_ROWS}"
    shown: JsonObject = {"data": rows[:_INLINE_ROWS], "links": links}
    if len(rows) > _INLINE_ROWS:
        shown["meta"] = _meta(len(rows), cursor_after(rows[_INLINE_ROWS - 1]["id"]))
        links["next"] = f"{links['self']}&cursor={shown['meta']['cursor']}"
    return shown
