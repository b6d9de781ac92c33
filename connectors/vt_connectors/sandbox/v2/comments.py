"""API v2's calls on comments."""

from __future__ import annotations

from datetime import datetime, timezone

from ..data.identifiers import file_hash
from ..data.kinds import Item, Kind
from ..errors import ApiError, bad_request
from ..state import State
from .call import Answer, V2Call, require
from .reports import unknown
from .scans import ScanId, date_text, find

_MOST = 25
_DATE = "%Y%m%d%H%M%S"
_UNKNOWN = "Could not find resource"


def put(state: State, call: V2Call) -> Answer:
    """comments/put: `resource` is a hash, a URL or a scan id."""
    require(call, "resource", "comment")
    resource = call.params["resource"]
    item = _commented(state, resource)
    if item is None:
        return {"response_code": 0, "verbose_msg": _UNKNOWN if _may_be_one(resource) else "Invalid resource"}
    try:
        state.comments.add(item, call.params["comment"], call.key, state.clock())
    except ApiError:
        return {"response_code": 0, "verbose_msg": "Duplicate comment"}
    return {"response_code": 1, "verbose_msg": "Your comment was successfully posted"}


def get(state: State, call: V2Call) -> Answer:
    """comments/get: the newest on `resource`, only those up to `before` (`YYYYMMDDhhmmss`) if it is given."""
    require(call, "resource")
    resource = call.params["resource"]
    before = _epoch(call.params["before"]) if call.params.get("before") else None
    item = _commented(state, resource)
    if item is None:
        return unknown(resource, _UNKNOWN)
    found = [comment for comment in state.comments.newest_first(item) if before is None or comment.date < before]
    return {
        "response_code": 1,
        "resource": resource,
        "verbose_msg": "Resource found, comments, if any, returned here",
        "comments": [{"date": date_text(row.date, _DATE), "comment": row.text} for row in found[:_MOST]],
    }


def _commented(state: State, resource: str) -> Item | None:
    if not _may_be_one(resource):
        return None
    asked = ScanId.read(resource)
    if asked is not None:
        return find(state, Kind.URL, asked.sha256) or find(state, Kind.FILE, asked.sha256)
    if file_hash(resource) is not None:
        return find(state, Kind.FILE, resource)
    try:
        return state.dataset.find_url(resource)
    except ApiError:
        return None


def _may_be_one(resource: str) -> bool:
    """Whether `resource` looks like a hash, a scan id or a URL."""
    return file_hash(resource) is not None or ScanId.read(resource) is not None or "." in resource or "/" in resource


def _epoch(text: str) -> float:
    """Epoch seconds. ApiError 400 if `text` is not a date."""
    try:
        return datetime.strptime(text, _DATE).replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        raise bad_request("before is no date") from None
