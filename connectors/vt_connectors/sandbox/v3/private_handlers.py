"""Handlers of private scans: submissions and analyses."""

from __future__ import annotations

from ..accounts import Licence
from ..data.identifiers import canonical_url
from ..data.kinds import Item, Kind
from ..errors import bad_request, not_found
from ..features import Feature
from ..http.messages import JsonObject, Response, json_response
from ..private_options import ScanOptions, scan_options
from ..private_scans import PrivateScan, scan_attributes, scan_meta
from ..state import State
from ..uploads import receive_form
from .calls import Call, route
from .paging import page
from .private_objects import private_object, scan_of
from .write_targets import submitted_url

_BASE = "/api/v3/private"


@route("POST", f"{_BASE}/files", Licence.PRIVATE)
def scan_private_file(state: State, call: Call) -> Response:
    """POST /private/files with the part `file` and options in other parts."""
    return _received(state, call, state.config.direct_upload_limit)


@route("GET", f"{_BASE}/files/upload_url", Licence.PRIVATE)
def private_upload_url(state: State, call: Call) -> Response:
    """GET /private/files/upload_url: a URL for one private upload."""
    return json_response({"data": state.links.to_private_upload(state.private_tickets.issue())})


@route("POST", "/_ah/upload/private/*", Licence.PRIVATE)
def scan_uploaded_private_file(state: State, call: Call) -> Response:
    """POST to a URL from `private_upload_url`."""
    if not state.private_tickets.redeem(call.ids[0]):
        raise not_found("Upload URL not found")
    return _received(state, call, state.config.upload_limit)


@route("POST", f"{_BASE}/urls", Licence.PRIVATE)
def scan_private_url(state: State, call: Call) -> Response:
    """POST /private/urls with the form field `url`."""
    item = Item(Kind.URL, canonical_url(submitted_url(state, call)))
    return _started(state, call, item, scan_options({}))


@route("POST", f"{_BASE}/files/*/analyse", Licence.PRIVATE)
def rescan_private_file(state: State, call: Call) -> Response:
    """POST /private/files/{sha256}/analyse with options in the query."""
    before = scan_of(state, call, Kind.FILE)
    return _started(state, call, before.item, scan_options(call.request.query), before)


@route("DELETE", f"{_BASE}/files/*", Licence.PRIVATE)
def delete_private_file(state: State, call: Call) -> Response:
    """DELETE /private/files/{sha256}."""
    state.private_scans.delete(call.key, scan_of(state, call, Kind.FILE).item)
    return Response(200, b"")


@route("GET", f"{_BASE}/analyses", Licence.PRIVATE)
def private_analyses(state: State, call: Call) -> Response:
    """GET /private/analyses: one's own, the newest first."""
    rows = [_analysis_object(state, scan) for scan in state.private_scans.of(call.key, state.clock())]
    return json_response(page(rows, call.request.query, state.links.to("private", "analyses")))


@route("GET", f"{_BASE}/analyses/*", Licence.PRIVATE)
def private_analysis(state: State, call: Call) -> Response:
    """GET /private/analyses/{id}."""
    scan = _analysis(state, call)
    return json_response({"data": _analysis_object(state, scan), "meta": scan_meta(scan)})


@route("GET", f"{_BASE}/analyses/*/item", Licence.PRIVATE)
def private_analysis_item(state: State, call: Call) -> Response:
    """GET /private/analyses/{id}/item: the private file or URL."""
    return json_response({"data": private_object(state, call, _analysis(state, call))})


def _received(state: State, call: Call, limit: int) -> Response:
    form = receive_form(call.request.body_within(limit), call.request.headers.get("content-type", ""))
    if form.file is None:
        raise bad_request("The body has no part named file")
    item = Item(Kind.FILE, form.file.sha256)
    options = scan_options(form.fields)
    state.features.spend(call.key, Feature.PRIVATE_SCAN)
    scan = state.private_scans.start(call.key, item, form.file, options, state.clock())
    return json_response({"data": _descriptor(state, scan)})


def _started(state: State, call: Call, item: Item, options: ScanOptions, before: PrivateScan | None = None) -> Response:
    state.features.spend(call.key, Feature.PRIVATE_SCAN)
    facts = before.facts if before else None
    scan = state.private_scans.start(call.key, item, facts, options, state.clock())
    return json_response({"data": _descriptor(state, scan)})


def _descriptor(state: State, scan: PrivateScan) -> JsonObject:
    links = {"self": state.links.to("private", "analyses", scan.id)}
    return {"type": "private_analysis", "id": scan.id, "links": links}


def _analysis_object(state: State, scan: PrivateScan) -> JsonObject:
    made = _descriptor(state, scan)
    made["links"]["item"] = state.links.to("private", scan.item.kind.collection, scan.item.id)
    return {**made, "attributes": scan_attributes(scan, state.private_scans.status(scan, state.clock()))}


def _analysis(state: State, call: Call) -> PrivateScan:
    own = state.private_scans.of(call.key, state.clock())
    found = next((scan for scan in own if scan.id == call.ids[0]), None)
    if found is None:
        raise not_found(f'Private analysis "{call.ids[0]}" not found')
    return found
