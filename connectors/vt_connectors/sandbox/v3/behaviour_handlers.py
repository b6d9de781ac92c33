"""Handlers of what sandboxes saw."""

from __future__ import annotations

from ..data.attack import TECHNIQUES, technique_attributes
from ..data.behaviour import Behaviour, behaviour_with_id, behaviours_of, mitre_trees, summary_of
from ..data.kinds import Kind
from ..data.sigma import sigma_analysis
from ..errors import not_found
from ..http.messages import Response, html_response, json_response
from ..state import State
from .calls import Call, route
from .presenting import behaviour_object, narrowed


@route("GET", "/api/v3/files/*/behaviour_summary")
def behaviour_summary(state: State, call: Call) -> Response:
    """GET /files/{id}/behaviour_summary: the merged attributes themselves."""
    return json_response({"data": summary_of(_detonations(state, call))})


@route("GET", "/api/v3/files/*/behaviour_mitre_trees")
def behaviour_mitre_trees(state: State, call: Call) -> Response:
    """GET /files/{id}/behaviour_mitre_trees: tactics and techniques by sandbox."""
    trees = mitre_trees(_detonations(state, call))
    item = state.dataset.find(Kind.FILE, call.ids[0])
    return json_response({"data": trees, "links": {"self": state.links.to_item(item, "behaviour_mitre_trees")}})


@route("GET", "/api/v3/file_behaviours/*")
def one_behaviour(state: State, call: Call) -> Response:
    """GET /file_behaviours/{id}."""
    return json_response({"data": narrowed(behaviour_object(state, _behaviour(call.ids[0])), call)})


@route("GET", "/api/v3/file_behaviours/*/html")
def behaviour_page(state: State, call: Call) -> Response:
    """GET /file_behaviours/{id}/html: a report to read."""
    return html_response(200, f"Detonation in {_behaviour(call.ids[0]).sandbox}")


@route("GET", "/api/v3/attack_techniques/*")
def technique(state: State, call: Call) -> Response:
    """GET /attack_techniques/{id}."""
    found = next((one for one in TECHNIQUES if one.id == call.ids[0]), None)
    if found is None:
        raise not_found(f'Attack technique "{call.ids[0]}" not found')
    links = {"self": state.links.to("attack_techniques", found.id)}
    made = {"type": "attack_technique", "id": found.id, "links": links, "attributes": technique_attributes(found)}
    return json_response({"data": made})


@route("GET", "/api/v3/sigma_analyses/*")
def sigma_analysis_of_file(state: State, call: Call) -> Response:
    """GET /sigma_analyses/{id}, whose id is the file's SHA-256."""
    rows = sigma_analysis(state.dataset.find(Kind.FILE, call.ids[0]))
    if not rows:
        raise not_found(f'Sigma analysis "{call.ids[0]}" not found')
    links = {"self": state.links.to("sigma_analyses", rows[0].id)}
    made = {"type": "sigma_analysis", "id": rows[0].id, "links": links, "attributes": dict(rows[0].attributes())}
    return json_response({"data": narrowed(made, call)})


def _detonations(state: State, call: Call) -> list[Behaviour]:
    item = state.dataset.find(Kind.FILE, call.ids[0])
    found = behaviours_of(item)
    if not found:
        raise not_found(f'Behaviours of file "{call.ids[0]}" not found')
    return found


def _behaviour(ident: str) -> Behaviour:
    found = behaviour_with_id(ident)
    if found is None:
        raise not_found(f'File behaviour "{ident}" not found')
    return found
