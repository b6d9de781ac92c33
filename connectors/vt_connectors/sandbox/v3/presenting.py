"""Objects as a call gets them: with what its key may see, and only the attributes that it asks for."""

from __future__ import annotations

from ..accounts import Licence
from ..analyses import Analysis
from ..data.behaviour import Behaviour, behaviour_attributes
from ..data.gti import gti_assessment, premium_attributes
from ..data.kinds import Item, Kind
from ..http.messages import JsonObject
from ..state import State
from .calls import Call

_SELECTIONS = ("attributes", "exclude_attributes")


def presented(state: State, call: Call, item: Item) -> JsonObject:
    """The full object of an item. A file without a report has an error in place of attributes."""
    if item.kind is Kind.FILE and not state.dataset.has_report(item):
        error = {"code": "NotFoundError", "message": f'File "{item.id}" not found'}
        return {"type": "file", "id": item.id, "error": error}
    made = state.report(item)
    attributes = made["attributes"]
    for vote in state.votes.cast(item):
        attributes["total_votes"][vote.verdict] += 1
    if Licence.PREMIUM in call.licences:
        attributes.update(premium_attributes(item, attributes))
        if item.kind is Kind.FILE:
            attributes["downloadable"] = state.contents.has(item)
    if call.sees_assessments:
        assessment = gti_assessment(item, attributes)
        if assessment is not None:
            attributes["gti_assessment"] = assessment
    return narrowed(made, call)


def narrowed(made: JsonObject, call: Call) -> JsonObject:
    """The object without `exclude_attributes` of the query, or with its `attributes` only."""
    query = call.request.query
    there = made.get("attributes", {})
    wanted, unwanted = (set(query[name].split(",")) if query.get(name) else None for name in _SELECTIONS)
    if wanted is not None:
        there = {name: value for name, value in there.items() if name in wanted}
    if unwanted is not None:
        there = {name: value for name, value in there.items() if name not in unwanted}
    return {**made, "attributes": there}


def analysis_object(state: State, found: Analysis) -> JsonObject:
    """The object of an analysis, as it is now."""
    links = {
        "self": state.links.to("analyses", found.id),
        "item": state.links.to_item(found.item),
    }
    attributes = state.analyses.attributes(found, state.clock())
    return {"type": "analysis", "id": found.id, "links": links, "attributes": attributes}


def behaviour_object(state: State, behaviour: Behaviour) -> JsonObject:
    """The object of the report of one sandbox."""
    links = {"self": state.links.to("file_behaviours", behaviour.id)}
    attributes = behaviour_attributes(behaviour)
    return {"type": "file_behaviour", "id": behaviour.id, "links": links, "attributes": attributes}
