"""API v2's calls on files."""

from __future__ import annotations

from ..data.identifiers import file_hash
from ..data.kinds import Kind
from ..errors import bad_request
from ..http.messages import JsonObject
from ..state import State
from . import reports
from .call import Answer, V2Call, each, require
from .scans import ScanId, find, finished, pending, start

MOST_REPORTS = 4
MOST_RESCANS = 25

_UNKNOWN = "The requested resource is not among the finished, queued or pending scans"
_INVALID = "Invalid resource, check what you are submitting"


def report(state: State, call: V2Call) -> Answer:
    """file/report: `resource` is hashes or scan ids, separated by commas."""
    require(call, "resource")
    return each(call.values("resource", ",", MOST_REPORTS), lambda resource: _report(state, resource))


def scan(state: State, call: V2Call) -> Answer:
    """file/scan with the part `file`."""
    if call.facts is None:
        raise bad_request("The body has no part named file")
    item = state.dataset.submit_file(call.facts)
    state.uploads.note(item, state.clock())
    return reports.scan_of_file(start(state, item), call.facts)


def upload_url(state: State, call: V2Call) -> Answer:
    """file/scan/upload_url: a URL for one upload."""
    return {"upload_url": state.links.to_v2_upload(state.tickets.issue())}


def scan_at_address(state: State, call: V2Call) -> Answer:
    """A file sent to a URL from `upload_url`."""
    if not state.tickets.redeem(call.params["ticket"]):
        raise bad_request("The address was for one upload")
    return scan(state, call)


def rescan(state: State, call: V2Call) -> Answer:
    """file/rescan: `resource` is hashes, separated by commas."""
    require(call, "resource")
    return each(call.values("resource", ",", MOST_RESCANS), lambda resource: _rescan(state, resource))


def _report(state: State, resource: str) -> JsonObject:
    asked = ScanId.read(resource)
    ident = asked.sha256 if asked else resource
    if file_hash(ident) is None:
        return reports.invalid(resource, _INVALID)
    item = find(state, Kind.FILE, ident)
    if item is None:
        return reports.unknown(resource, _UNKNOWN)
    # A lookup by hash gets the old report, or none, until the scan has finished.
    waiting = pending(state, item, asked) if asked else None
    if waiting is not None:
        return reports.still_queued(resource, waiting)
    done, facts = finished(state, item, asked), state.dataset.facts(item)
    if done is None or facts is None:
        return reports.unknown(resource, _UNKNOWN)
    return reports.file_report(done, facts, resource)


def _rescan(state: State, resource: str) -> JsonObject:
    if file_hash(resource) is None:
        return reports.invalid(resource, _INVALID)
    item = find(state, Kind.FILE, resource)
    if item is None:
        return reports.unknown(resource, _UNKNOWN)
    return reports.rescan_of_file(start(state, item), resource)
