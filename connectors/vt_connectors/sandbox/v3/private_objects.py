"""Handlers of the reports on private scans."""

from __future__ import annotations

from ..accounts import Licence
from ..data.behaviour import SANDBOXES, Behaviour, mitre_trees, summary_of
from ..data.identifiers import sha256_of, url_of_base64
from ..data.kinds import Item, Kind
from ..data.private_reports import (
    private_assessment,
    private_file_attributes,
    private_url_attributes,
    unscanned_private_file,
)
from ..errors import not_found
from ..http.messages import JsonObject, Response, json_response
from ..private_scans import PrivateScan
from ..state import State
from .calls import Call, route
from .paging import page
from .presenting import behaviour_object, narrowed

_BASE = "/api/v3/private"
_NAMES = {Kind.FILE: "File", Kind.URL: "URL"}


@route("GET", f"{_BASE}/files", Licence.PRIVATE)
def private_files(state: State, call: Call) -> Response:
    """GET /private/files: one's own, the newest first."""
    scans = {scan.item: scan for scan in reversed(state.private_scans.of(call.key, state.clock(), Kind.FILE))}
    rows = [private_object(state, call, scan) for scan in reversed(list(scans.values()))]
    return json_response(page(rows, call.request.query, state.links.to("private", "files")))


@route("GET", f"{_BASE}/files/*", Licence.PRIVATE)
def private_file(state: State, call: Call) -> Response:
    """GET /private/files/{sha256}."""
    return json_response({"data": private_object(state, call, scan_of(state, call, Kind.FILE))})


@route("GET", f"{_BASE}/urls/*", Licence.PRIVATE)
def private_url(state: State, call: Call) -> Response:
    """GET /private/urls/{id}."""
    return json_response({"data": private_object(state, call, scan_of(state, call, Kind.URL))})


@route("GET", f"{_BASE}/files/*/behaviour_summary", Licence.PRIVATE)
def private_behaviour_summary(state: State, call: Call) -> Response:
    """GET /private/files/{sha256}/behaviour_summary."""
    return json_response({"data": summary_of(_detonations(state, call))})


@route("GET", f"{_BASE}/files/*/behaviour_mitre_trees", Licence.PRIVATE)
def private_mitre_trees(state: State, call: Call) -> Response:
    """GET /private/files/{sha256}/behaviour_mitre_trees."""
    return json_response({"data": mitre_trees(_detonations(state, call))})


@route("GET", f"{_BASE}/files/*/behaviours", Licence.PRIVATE)
@route("GET", f"{_BASE}/file/*/behaviours", Licence.PRIVATE)
def private_behaviours(state: State, call: Call) -> Response:
    """GET /private/files/{sha256}/behaviours; the documentation has /private/file/."""
    rows = [behaviour_object(state, behaviour) for behaviour in _detonations(state, call)]
    return json_response(page(rows, call.request.query, state.links.to("private", "files", call.ids[0], "behaviours")))


def private_object(state: State, call: Call, scan: PrivateScan) -> JsonObject:
    """The private_file or private_url of a scan; without a verdict until the scan has ended."""
    is_ready = state.private_scans.is_completed(scan, state.clock())
    date = int(scan.started_at)
    attributes: JsonObject
    if scan.item.kind is Kind.URL:
        attributes = private_url_attributes(scan.item, date) if is_ready else {"url": scan.item.value}
    else:
        assert scan.facts is not None, "a file is known by its hashes"
        attributes = (
            private_file_attributes(scan.item, scan.facts, date, scan.options.is_detonated)
            if is_ready
            else unscanned_private_file(scan.item, scan.facts)
        )
    attributes["expiration"] = scan.expires_at
    if is_ready and call.sees_assessments:
        attributes.update(private_assessment(scan.item))
    links = {"self": state.links.to("private", scan.item.kind.collection, scan.item.id)}
    made = {"type": f"private_{scan.item.kind.value}", "id": scan.item.id, "links": links, "attributes": attributes}
    return narrowed(made, call)


def scan_of(state: State, call: Call, kind: Kind) -> PrivateScan:
    """The newest scan of the object with the id in the path; files by SHA-256 only. ApiError 404."""
    ident = call.ids[0]
    if kind is Kind.URL and sha256_of(ident) is None:
        ident = Item(Kind.URL, url_of_base64(ident)).id
    found = state.private_scans.latest(call.key, kind, ident.lower(), state.clock())
    if found is None:
        raise not_found(f'{_NAMES[kind]} "{call.ids[0]}" not found')
    return found


def _detonations(state: State, call: Call) -> list[Behaviour]:
    scan = scan_of(state, call, Kind.FILE)
    if not scan.options.is_detonated or not state.private_scans.is_completed(scan, state.clock()):
        raise not_found(f'Behaviours of file "{call.ids[0]}" not found')
    return [Behaviour(scan.item, SANDBOXES[0])]
