"""What each call of API v2 does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Callable, Union

from ..analyses import Analysis
from ..errors import ApiError, bad_request
from ..identifiers import file_hash
from ..kinds import Item, Kind
from ..messages import JsonObject
from ..resolutions import resolutions_of
from ..state import State
from . import documents
from .call import V2Call

Answer = Union[JsonObject, list[JsonObject]]
Handler = Callable[[State, V2Call], Answer]

MOST_VALUES = 4
MOST_RESCANS = 25
_MOST_COMMENTS = 25
_SCAN_ID = re.compile(r"([0-9a-f]{64})-([0-9]{1,12})")
_NO_FILE = "The requested resource is not among the finished, queued or pending scans"
_NO_URL = "Resource does not exist in the dataset"
_INVALID = "Invalid resource, check what you are submitting"


def file_report(state: State, call: V2Call) -> Answer:
    _require(call, "resource")
    return _each(call.values("resource", ",", MOST_VALUES), lambda resource: _file_report(state, resource))


def file_scan(state: State, call: V2Call) -> Answer:
    if call.facts is None:
        raise bad_request("The body has no part named file")
    item = state.dataset.submit_file(call.facts)
    return documents.queued_file(_start(state, item), call.facts, None, documents.QUEUED_TEXT)


def upload_url(state: State, call: V2Call) -> Answer:
    return {"upload_url": state.links.to_v2_upload(state.tickets.issue())}


def file_scan_at_address(state: State, call: V2Call) -> Answer:
    if not state.tickets.redeem(call.params["ticket"]):
        raise bad_request("the address was for one upload")
    return file_scan(state, call)


def file_rescan(state: State, call: V2Call) -> Answer:
    _require(call, "resource")
    return _each(call.values("resource", ",", MOST_RESCANS), lambda resource: _file_rescan(state, resource))


def url_scan(state: State, call: V2Call) -> Answer:
    _require(call, "url")
    return _each(call.values("url", "\n", MOST_VALUES), lambda url: _url_scan(state, url))


def url_report(state: State, call: V2Call) -> Answer:
    _require(call, "resource")
    scans = call.params.get("scan") == "1"
    return _each(call.values("resource", "\n", MOST_VALUES), lambda resource: _url_report(state, resource, scans))


def domain_report(state: State, call: V2Call) -> Answer:
    _require(call, "domain")
    try:
        item = state.dataset.find(Kind.DOMAIN, call.params["domain"])
    except ApiError as error:
        return {"response_code": 0 if error.status == 404 else -1, "verbose_msg": "Domain not found"}
    return documents.domain_report(state, item, resolutions_of(item, lambda ident: ""))


def ip_report(state: State, call: V2Call) -> Answer:
    _require(call, "ip")
    address = call.params["ip"]
    if ":" in address:
        return {"response_code": -1, "verbose_msg": "Invalid IP address"}
    try:
        item = state.dataset.find(Kind.IP, address)
    except ApiError as error:
        said = "Missing IP address" if error.status == 404 else "Invalid IP address"
        return {"response_code": 0 if error.status == 404 else -1, "verbose_msg": said}
    return documents.ip_report(state, item, resolutions_of(item, lambda ident: ""))


def comments_put(state: State, call: V2Call) -> Answer:
    _require(call, "resource", "comment")
    item = _commented(state, call.params["resource"])
    if item is None:
        return {"response_code": 0, "verbose_msg": "Could not find resource"}
    try:
        state.comments.add(item, call.params["comment"], call.key, state.clock())
    except ApiError:
        return {"response_code": 0, "verbose_msg": "Duplicate comment"}
    return {"response_code": 1, "verbose_msg": "Your comment was successfully posted"}


def comments_get(state: State, call: V2Call) -> Answer:
    _require(call, "resource")
    resource = call.params["resource"]
    item = _commented(state, resource)
    if item is None:
        return documents.unknown(resource, "Could not find resource")
    rows = [
        {"date": f"{datetime.fromtimestamp(comment.date, timezone.utc):%Y%m%d%H%M%S}", "comment": comment.text}
        for comment in state.comments.newest_first(item)[:_MOST_COMMENTS]
    ]
    return {"response_code": 1, "resource": resource, "verbose_msg": "Resource found", "comments": rows}


def _each(resources: Sequence[str], answer: Callable[[str], JsonObject]) -> Answer:
    """One document for one resource, an array for several."""
    found = [answer(resource) for resource in resources]
    return found[0] if len(found) == 1 else found


def _require(call: V2Call, *params: str) -> None:
    for param in params:
        if not call.params.get(param, "").strip():
            raise bad_request(f"the parameter {param} is missing")


def _start(state: State, item: Item) -> Analysis:
    return state.analyses.start(item, state.dataset.facts(item), state.clock())


def _find(state: State, kind: Kind, ident: str) -> Item | None:
    """The item if a scan of it is through."""
    try:
        item = state.dataset.find(kind, ident)
    except ApiError:
        return None
    return item if state.report(item)["attributes"]["last_analysis_results"] else None


def _file_report(state: State, resource: str) -> JsonObject:
    asked = _SCAN_ID.fullmatch(resource)
    if asked is not None:
        analysis = state.analyses.of(Item(Kind.FILE, asked[1]), int(asked[2]))
        if analysis is not None and not state.analyses.is_completed(analysis, state.clock()):
            return documents.still_queued(resource, asked[1])
    elif file_hash(resource) is None:
        return documents.invalid(resource, _INVALID)
    item = _find(state, Kind.FILE, asked[1] if asked else resource)
    return documents.unknown(resource, _NO_FILE) if item is None else documents.file_report(state, item, resource)


def _file_rescan(state: State, resource: str) -> JsonObject:
    item = _find(state, Kind.FILE, resource)
    if item is None:
        return documents.unknown(resource, _NO_FILE)
    facts = state.dataset.facts(item)
    assert facts is not None, "a file is known by its hashes"
    return documents.queued_file(_start(state, item), facts, resource, None)


def _url_scan(state: State, url: str) -> JsonObject:
    try:
        item = state.dataset.submit_url(url)
    except ApiError:
        return documents.invalid(url, "Invalid URL, the scan request was not queued")
    return documents.queued_url(_start(state, item), url)


def _url_report(state: State, resource: str, scans: bool) -> JsonObject:
    asked = _SCAN_ID.fullmatch(resource)
    if asked is not None:
        item = _url_of_id(state, asked[1])
        analysis = state.analyses.of(item, int(asked[2])) if item else None
        if analysis is not None and not state.analyses.is_completed(analysis, state.clock()):
            return documents.still_queued(resource, resource)
    else:
        try:
            item = state.dataset.find_url(resource)
        except ApiError as error:
            if error.status != 404:
                return documents.invalid(resource, "Invalid URL")
            item = None
    if item is not None and state.report(item)["attributes"]["last_analysis_results"]:
        return documents.url_report(state, item, resource)
    return _url_scan(state, resource) if scans and asked is None else documents.unknown(resource, _NO_URL)


def _url_of_id(state: State, ident: str) -> Item | None:
    try:
        return state.dataset.find(Kind.URL, ident)
    except ApiError:
        return None


def _commented(state: State, resource: str) -> Item | None:
    try:
        if documents.kind_of(resource) is Kind.URL:
            return state.dataset.find_url(resource)
        return state.dataset.find(Kind.FILE, resource)
    except ApiError:
        return None
