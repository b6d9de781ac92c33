"""The rows of an item's relationships, each as a descriptor and as the full object."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Callable

from ..comments import Comment
from ..data import rows as made_up
from ..data.attack import TECHNIQUES, technique_attributes
from ..data.behaviour import Behaviour, behaviours_of
from ..data.collections import Collection, collection_attributes, collections_of
from ..data.deterministic import draw
from ..data.kinds import Item, Kind
from ..data.links import linked_items, neighbours
from ..data.relationships import Relationship
from ..data.rows import Row
from ..data.sigma import sigma_analysis
from ..data.web_attributes import REFERENCE_TIME
from ..http.messages import JsonObject
from ..state import State
from ..votes import counted_votes, vote_object
from .calls import Call
from .presenting import analysis_object, behaviour_object, narrowed, presented
from .resolutions import resolutions_of


@dataclass(frozen=True)
class Related:
    """One row: its descriptor, and what makes the full object."""

    descriptor: JsonObject
    full: Callable[[], JsonObject]


def rows_of(state: State, call: Call, item: Item, relationship: Relationship) -> list[Related]:
    """All rows of a relationship of an item; the licence is checked elsewhere."""
    source = _SOURCES.get(relationship.rows)
    if source is not None:
        return source(state, call, item, relationship)
    return [_linked(state, call, one, relationship) for one in linked_items(item, relationship)]


def _linked(state: State, call: Call, item: Item, relationship: Relationship) -> Related:
    state.dataset.shown(item)
    descriptor: JsonObject = {"type": item.kind.value, "id": item.id}
    if item.kind is Kind.URL:
        descriptor["context_attributes"] = {"url": item.value}
    elif relationship.name == "subdomains":
        descriptor["context_attributes"] = {"timestamp": REFERENCE_TIME - draw(item.value, "seen", 9_000_000)}
    return Related(descriptor, partial(_with_context, descriptor, partial(presented, state, call, item)))


def _with_context(descriptor: JsonObject, full: Callable[[], JsonObject]) -> JsonObject:
    made = full()
    # A URL's row says its URL in its attributes.
    if "context_attributes" in descriptor and made["type"] != Kind.URL.value:
        made["context_attributes"] = descriptor["context_attributes"]
    return made


def _whole(made: JsonObject) -> Related:
    return Related({"type": made["type"], "id": made["id"]}, lambda: made)


def _comments(state: State, call: Call, item: Item, relationship: Relationship) -> list[Related]:
    of = [item] if relationship.name == "comments" else neighbours(item)
    found: list[Comment] = [comment for one in of for comment in state.comments.newest_first(one)]
    return [_whole(state.comment(comment)) for comment in found]


def _votes(state: State, call: Call, item: Item, relationship: Relationship) -> list[Related]:
    cast = state.votes.cast(item)
    if relationship.name == "user_votes":
        return [_whole(vote_object(vote)) for vote in cast if vote.voter == call.key]
    counted = counted_votes(item, state.report(item)["attributes"]["total_votes"])
    return [_whole(vote_object(vote)) for vote in [*cast, *counted]]


def _analyses(state: State, call: Call, item: Item, relationship: Relationship) -> list[Related]:
    return [_whole(analysis_object(state, found)) for found in state.analyses.newest_first(item)]


def _resolutions(state: State, call: Call, item: Item, relationship: Relationship) -> list[Related]:
    return [_whole(row) for row in resolutions_of(item, partial(state.links.to, "resolutions"))]


def _behaviours(state: State, call: Call, item: Item, relationship: Relationship) -> list[Related]:
    def related(behaviour: Behaviour) -> Related:
        descriptor = {"type": "file_behaviour", "id": behaviour.id}
        return Related(descriptor, lambda: narrowed(behaviour_object(state, behaviour), call))

    return [related(behaviour) for behaviour in behaviours_of(item)]


def _collections(state: State, call: Call, item: Item, relationship: Relationship) -> list[Related]:
    def related(found: Collection) -> Related:
        row = Row("collection", found.id, lambda: collection_attributes(found))
        return _made_up(state, call, "collections", row)

    return [related(found) for found in collections_of(item, relationship.name)]


def _techniques(state: State, call: Call, item: Item, relationship: Relationship) -> list[Related]:
    seen = {technique for behaviour in behaviours_of(item) for technique in behaviour.techniques}
    rows = [
        Row("attack_technique", technique.id, partial(technique_attributes, technique))
        for technique in TECHNIQUES
        if technique in seen
    ]
    return [_made_up(state, call, "attack_techniques", row) for row in rows]


def _sigma(state: State, call: Call, item: Item, relationship: Relationship) -> list[Related]:
    return [_made_up(state, call, "sigma_analyses", row) for row in sigma_analysis(item)]


def _made_up(state: State, call: Call, collection: str, row: Row) -> Related:
    context = {"context_attributes": dict(row.context)} if row.context else {}

    def full() -> JsonObject:
        links = {"self": state.links.to(collection, row.id)}
        made = {"type": row.type, "id": row.id, "links": links, "attributes": dict(row.attributes()), **context}
        return narrowed(made, call)

    return Related({"type": row.type, "id": row.id, **context}, full)


Source = Callable[[State, Call, Item, Relationship], list[Related]]


def _from(collection: str, make: Callable[[Item], list[Row]]) -> Source:
    def source(state: State, call: Call, item: Item, relationship: Relationship) -> list[Related]:
        return [_made_up(state, call, collection, row) for row in make(item)]

    return source


# By the type of the rows; items come from the links of the data set.
_SOURCES: dict[str, Source] = {
    "analysis": _analyses,
    "attack_technique": _techniques,
    "collection": _collections,
    "comment": _comments,
    "file_behaviour": _behaviours,
    "graph": _from("graphs", made_up.graphs),
    "reference": _from("references", made_up.references),
    "resolution": _resolutions,
    "screenshot": _from("screenshots", made_up.screenshots),
    "sigma_analysis": _sigma,
    "ssl_cert": _from("ssl_certs", made_up.historical_certificates),
    "submission": _from("submissions", made_up.submissions),
    "vote": _votes,
    "whois": _from("whois", made_up.historical_whois),
}
