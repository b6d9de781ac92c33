"""API v2's calls on URLs."""

from __future__ import annotations

from ..data.kinds import Item, Kind
from ..errors import ApiError
from ..http.messages import JsonObject
from ..state import State
from . import reports
from .call import Answer, V2Call, each, require
from .scans import ScanId, find, finished, pending, start

MOST_URLS = 4

_UNKNOWN = "Resource does not exist in the dataset"
_INVALID = "Invalid URL, the scan request was not queued"


def scan(state: State, call: V2Call) -> Answer:
    """url/scan: `url` is URLs, separated by newlines."""
    require(call, "url")
    return each(call.values("url", "\n", MOST_URLS), lambda url: _scan(state, url))


def report(state: State, call: V2Call) -> Answer:
    """url/report: `resource` is URLs or scan ids, separated by newlines; `scan=1` submits unknown URLs."""
    require(call, "resource")
    submits = call.params.get("scan") == "1"
    return each(call.values("resource", "\n", MOST_URLS), lambda resource: _report(state, resource, submits))


def _scan(state: State, url: str) -> JsonObject:
    try:
        item = state.dataset.submit_url(url)
    except ApiError:
        return reports.invalid(url, _INVALID)
    return reports.scan_of_url(start(state, item), url)


def _report(state: State, resource: str, submits: bool) -> JsonObject:
    asked = ScanId.read(resource)
    try:
        item = find(state, Kind.URL, asked.sha256) if asked else _find_url(state, resource)
    except ApiError:
        return reports.invalid(resource, _INVALID)
    waiting = pending(state, item, asked) if item else None
    if asked and waiting is not None:
        return reports.still_queued(resource, waiting)
    done = finished(state, item, asked) if item else None
    if done is not None:
        return reports.url_report(done, resource)
    if asked or not submits:
        return reports.unknown(resource, _UNKNOWN)
    return reports.scan_of_url(waiting, resource) if waiting else _scan(state, resource)


def _find_url(state: State, url: str) -> Item | None:
    """None for a URL without a report. ApiError 400 for an invalid URL."""
    try:
        return state.dataset.find_url(url)
    except ApiError as error:
        if error.status == 404:
            return None
        raise
