"""The objects of analyses and sandbox reports."""

from __future__ import annotations

from ..analyses import Analysis
from ..data.behaviour import Behaviour, behaviour_attributes
from ..http.messages import JsonObject
from ..state import State


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
