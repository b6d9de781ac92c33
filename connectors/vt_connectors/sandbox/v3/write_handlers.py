"""Handlers of calls that write: scans and comments."""

from __future__ import annotations

from ..comments import comment_text
from ..data.kinds import Item, Kind
from ..errors import already_exists, not_found
from ..http.messages import Response, json_response
from ..state import State
from ..uploads import receive_file
from .calls import Call, Handler, route, route_of_kinds
from .write_targets import item_to_write_on, submitted_url


@route_of_kinds("POST", "*/analyse")
def rescan_of(kind: Kind) -> Handler:
    """POST /{collection}/{id}/analyse."""

    def handle(state: State, call: Call) -> Response:
        return _started(state, state.dataset.find(kind, call.ids[0]))

    return handle


@route_of_kinds("POST", "*/comments")
def comment_on(kind: Kind) -> Handler:
    """POST /{collection}/{id}/comments."""

    def handle(state: State, call: Call) -> Response:
        text = comment_text(call.request.content(state.config.body_limit))
        item = item_to_write_on(state, kind, call.ids[0])
        comment = state.comments.add(item, text, call.key, state.clock())
        return json_response({"data": state.comment(comment)})

    return handle


@route("POST", "/api/v3/urls")
def scan_url(state: State, call: Call) -> Response:
    """POST /urls with the form field `url`, in a form of either type."""
    return _started(state, state.dataset.submit_url(submitted_url(state, call)))


@route("POST", "/api/v3/files")
def scan_file(state: State, call: Call) -> Response:
    """POST /files with the part `file`."""
    return _received(state, call, state.config.direct_upload_limit)


@route("GET", "/api/v3/files/upload_url")
def upload_url(state: State, call: Call) -> Response:
    """GET /files/upload_url: a URL for one upload."""
    return json_response({"data": state.links.to_upload(state.tickets.issue())})


@route("POST", "/_ah/upload/*")
def scan_uploaded_file(state: State, call: Call) -> Response:
    """POST to a URL from `upload_url`."""
    if not state.tickets.redeem(call.ids[0]):
        raise not_found("Upload URL not found")
    return _received(state, call, state.config.upload_limit)


def _received(state: State, call: Call, limit: int) -> Response:
    content_type = call.request.headers.get("content-type", "")
    facts = receive_file(call.request.body_within(limit), content_type)
    item = state.dataset.submit_file(facts)
    if not state.uploads.note(item, state.clock(), state.config.resubmit_s):
        raise already_exists("Already being submitted for scanning")
    return _started(state, item)


def _started(state: State, item: Item) -> Response:
    analysis = state.analyses.start(item, state.dataset.facts(item), state.clock())
    links = {"self": state.links.to("analyses", analysis.id)}
    return json_response({"data": {"type": "analysis", "id": analysis.id, "links": links}})
