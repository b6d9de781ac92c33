"""Handlers of collections and threat lists."""

from __future__ import annotations

from datetime import datetime

from ..accounts import Licence
from ..data.collections import COLLECTIONS, Collection, collection_attributes
from ..data.gti import gti_assessment
from ..data.kinds import Item, Kind, Verdict
from ..data.searching import corpus
from ..data.verdicts import profile_of
from ..errors import bad_request, not_found
from ..http.messages import JsonObject, Response, json_response
from ..state import State
from .calls import Call, route
from .paging import cut_page
from .presenting import presented

_LISTS = ("malware", "phishing", "ransomware")
_LIST_ROWS = 30
_KINDS = {"malware": Kind.FILE, "phishing": Kind.URL, "ransomware": Kind.FILE}


@route("GET", "/api/v3/collections")
def collections(state: State, call: Call) -> Response:
    """GET /collections, by collection_type if there is a filter; the curated ones need a licence."""
    wanted = _wanted_type(call.request.query.get("filter", ""))
    found = [one for one in COLLECTIONS if wanted in ("", one.type) and _may_see(call, one)]
    cut = cut_page([one.id for one in found], call.request.query, state.links.to("collections"))
    rows = [collection_object(state, one.id) for one in found[cut.start : cut.end]]
    return json_response({"data": rows, "meta": {"count": len(found), "cursor": cut.cursor}, "links": cut.links})


@route("GET", "/api/v3/collections/*")
def one_collection(state: State, call: Call) -> Response:
    """GET /collections/{id}."""
    found = _found(call.ids[0])
    call.require(Licence.GTI if found.is_curated else None)
    context = {"role": "viewer", "shared_with_me": False}
    return json_response({"data": {**collection_object(state, found.id), "context_attributes": context}})


@route("GET", "/api/v3/collections/*/*")
def members(state: State, call: Call) -> Response:
    """GET /collections/{id}/{files, urls, domains or ip_addresses}: the indicators of a collection."""
    found = _found(call.ids[0])
    call.require(Licence.GTI if found.is_curated else None)
    kind = next((kind for kind in Kind if kind.collection == call.ids[1]), None)
    if kind is None:
        raise not_found("Resource not found.")
    items = [item for item in found.members if item.kind is kind]
    link = state.links.to("collections", found.id, kind.collection)
    cut = cut_page([item.id for item in items], call.request.query, link)
    rows = [presented(state, call, item) for item in items[cut.start : cut.end]]
    return json_response({"data": rows, "meta": {"count": len(items), "cursor": cut.cursor}, "links": cut.links})


@route("GET", "/api/v3/threat_lists", Licence.GTI)
def threat_lists(state: State, call: Call) -> Response:
    """GET /threat_lists: those that the key is subscribed to."""
    return json_response({"data": [_list_object(state, name) for name in _LISTS]})


@route("GET", "/api/v3/threat_lists/*/*", Licence.GTI)
def threat_list(state: State, call: Call) -> Response:
    """GET /threat_lists/{name}/latest or /{YYYYMMDDHH}: the indicators, in a form of their own."""
    name, hour = call.ids
    if name not in _LISTS:
        raise not_found(f'Threat list "{name}" not found')
    if hour != "latest":
        _check_hour(hour)
    bad = [item for item in corpus(_KINDS[name]) if profile_of(item).verdict is Verdict.MALICIOUS]
    first = _LISTS.index(name) * _LIST_ROWS
    return json_response({"iocs": [{"data": _ioc(state, name, item)} for item in bad[first : first + _LIST_ROWS]]})


def collection_object(state: State, ident: str, is_full: bool = True) -> JsonObject:
    """The object of a collection, or its descriptor. ApiError 404."""
    found = _found(ident)
    made: JsonObject = {"type": "collection", "id": found.id}
    if is_full:
        made.update(links={"self": state.links.to("collections", found.id)}, attributes=collection_attributes(found))
    return made


def _list_object(state: State, name: str) -> JsonObject:
    links = {"self": state.links.to("threat_lists", name)}
    return {"type": "threat_list", "id": name, "links": links, "attributes": {"name": name.capitalize()}}


def _found(ident: str) -> Collection:
    found = next((one for one in COLLECTIONS if one.id == ident), None)
    if found is None:
        raise not_found(f'Collection "{ident}" not found')
    return found


def _may_see(call: Call, collection: Collection) -> bool:
    return not collection.is_curated or Licence.GTI in call.licences


def _wanted_type(text: str) -> str:
    """The collection_type of a filter; other words of it are ignored."""
    return next((word.partition(":")[2] for word in text.split() if word.startswith("collection_type:")), "")


def _check_hour(text: str) -> None:
    try:
        datetime.strptime(text, "%Y%m%d%H")
    except ValueError:
        raise bad_request(f'"{text}" is not an hour such as 2026010203') from None


def _ioc(state: State, name: str, item: Item) -> JsonObject:
    attributes = state.report(state.dataset.shown(item))["attributes"]
    stats = attributes["last_analysis_stats"]
    assessment = gti_assessment(item, attributes) or {}
    kept = (
        "md5",
        "url",
        "vhash",
        "tags",
        "type_tags",
        "times_submitted",
        "last_analysis_date",
        "last_modification_date",
    )
    return {
        "type": item.kind.value,
        "id": item.id,
        "attributes": {
            **{key: attributes[key] for key in kept if key in attributes},
            "last_analysis_stats": {_camel(key): count for key, count in stats.items() if count},
            "positives": stats["malicious"],
            "gti_assessment": {
                key: assessment[key] for key in ("verdict", "threat_score", "severity") if key in assessment
            },
        },
        "relationships": {},
        "context_attributes": {"threat_list_id": name},
    }


def _camel(name: str) -> str:
    first, *others = name.split("-")
    return first + "".join(part.capitalize() for part in others)
