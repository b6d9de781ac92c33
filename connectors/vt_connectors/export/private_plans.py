"""The calls of private scans and their reports, which only API v3 has. None of them is a public call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Callable

from ..actions.analysis import checked_id
from ..actions.file_access import FileAccess
from ..actions.file_sample import opened
from ..actions.lookup import skipped
from ..actions.private_options import options_of_file, options_of_url
from ..actions.private_report import private_file
from ..errors import InvalidRequest
from ..indicators import NeverQuery, parse_as
from ..redaction import known_keys
from ..virustotal import endpoints
from ..virustotal.http.multipart import sent_name
from ..virustotal.licences import NAMES
from ..virustotal.v3 import LARGEST_DIRECT_UPLOAD
from .plan import Call, Calls, Captured, Check, File, Planner, RequestPlan

Params = Mapping[str, Any]
_LICENCE = f"It needs a licence for {NAMES['private']}."
_ADDRESS = Captured("upload_address", ("data",))
_ANALYSIS_ID = Captured("analysis_id", ("data", "id"))
_COMPLETED = Check(("data", "attributes", "status"), "completed")


def private_scan_file(api: Planner, params: Params, access: FileAccess) -> RequestPlan:
    """The upload, and the wait if there is one. Raises `InvalidRequest` for content that is not a file."""
    if "path" not in params:
        raise InvalidRequest("/params needs path: the exported calls send a file", details={"path": "/params"})
    options = options_of_file(params)
    with opened(params, access, known_keys()) as sample:
        file, size = File(params["path"], sent_name(sample.filename)), sample.size
    upload = api.call(f"The file, for this account only. {_LICENCE}", endpoints.PRIVATE_UPLOAD, options)[0]
    upload = replace(upload, file=file)
    if size <= LARGEST_DIRECT_UPLOAD:
        return RequestPlan(_waited_for((upload,), params))
    ask = api.call("A URL for one private file above 32 MB.", endpoints.PRIVATE_UPLOAD_ADDRESS, {})[0]
    return RequestPlan(_waited_for((replace(ask, captures=_ADDRESS), replace(upload, address=_ADDRESS)), params))


def private_scan_url(api: Planner, params: Params, never_query: NeverQuery) -> RequestPlan:
    """The scan, and the wait if there is one."""
    url = parse_as("url", params["url"])
    reason = never_query.reason(url)
    if reason is not None:
        return RequestPlan((), skipped(url, reason).summary)
    values = {"url": url.value, **options_of_url(params)}
    calls = api.call(f"Scan the URL, for this account only. {_LICENCE}", endpoints.PRIVATE_SCAN_URL, values)
    return RequestPlan(_waited_for(calls, params))


def private_analysis(api: Planner, params: Params) -> RequestPlan:
    """The status of a private scan."""
    values = {"id": checked_id(params["analysis_id"])}
    return RequestPlan(api.call(f"The status of the private scan. {_LICENCE}", endpoints.PRIVATE_ANALYSIS, values))


def _lookup_file(api: Planner, params: Params, _: NeverQuery) -> RequestPlan:
    values = {"id": private_file(params["hash"]).vt_id}
    return RequestPlan(api.call(f"The private report on the file. {_LICENCE}", endpoints.PRIVATE_FILE, values))


def _lookup_url(api: Planner, params: Params, never_query: NeverQuery) -> RequestPlan:
    url = parse_as("url", params["url"])
    reason = never_query.reason(url)
    if reason is not None:
        return RequestPlan((), skipped(url, reason).summary)
    values = {"id": url.vt_id}
    return RequestPlan(api.call(f"The private report on the URL. {_LICENCE}", endpoints.PRIVATE_URL, values))


def _waited_for(calls: Calls, params: Params) -> Calls:
    if not params.get("wait_s"):
        return calls
    about = "The status of the private scan, until it is finished."
    wait = Call(about, endpoints.PRIVATE_ANALYSIS, {"id": _ANALYSIS_ID}, until=_COMPLETED)
    return (*calls[:-1], replace(calls[-1], captures=_ANALYSIS_ID), wait)


PRIVATE_REPORTS: dict[str, Callable[[Planner, Params, NeverQuery], RequestPlan]] = {
    "lookup_private_file": _lookup_file,
    "lookup_private_url": _lookup_url,
}
