"""API v2's reading calls: VirusTotal's own documents, from the cache that all clients share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .....contract.response import Response
from ...messages import Refused, Reply
from ...rights import check_right
from .call import V2Call, is_scan_id
from .documents import (
    Document,
    answered,
    failed,
    invalid,
    scan_id_of,
    scan_of_url,
    status_of,
    still_queued,
    unknown,
    verbatim,
)
from .running import Requests

# What VirusTotal takes of a private key; a public one has at most four.
_MOST_FILES, _MOST_URLS, _MOST_COMMENTS = 25, 4, 25
_NO_FILE = "The requested resource is not among the finished, queued or pending scans"
_NO_URL = "Resource does not exist in the dataset"
_NO_RESOURCE = "Could not find resource"
_INVALID_FILE = "Invalid resource, check what you are submitting"
_INVALID_URL = "Invalid URL, the scan request was not queued"


def on_files(call: V2Call, requests: Requests) -> Reply:
    """file/report: `resource` is hashes or scan ids, separated by commas."""
    _check_allinfo(call, requests)
    resources = call.several("resource", ",", _MOST_FILES)
    responses = requests.answers([_of_file(resource) for resource in resources])
    return _with_notice(replied(resources, responses, _NO_FILE, _INVALID_FILE), call)


def on_urls(call: V2Call, requests: Requests) -> Reply:
    """url/report: `resource` is URLs or scan ids, separated by newlines; `scan=1` submits unknown URLs."""
    _check_allinfo(call, requests)
    resources = call.several("resource", "\n", _MOST_URLS)
    responses = requests.answers([_of_url(resource) for resource in resources])
    if call.has("scan"):
        responses = [_submitted(*pair, requests) for pair in zip(resources, responses)]
    return _with_notice(replied(resources, responses, _NO_URL, _INVALID_URL), call)


def on_domain(call: V2Call, requests: Requests) -> Reply:
    """domain/report. The document on an unknown domain does not repeat it."""
    response = requests.answer("lookup_domain", {"domain": call.required("domain")})
    return _on_host(response, "Domain not found", "Invalid domain")


def on_address(call: V2Call, requests: Requests) -> Reply:
    """ip-address/report, for IPv4 only, like VirusTotal's."""
    response = requests.answer("lookup_ip", {"ip": call.required("ip")})
    return _on_host(response, "Missing IP address", "Invalid IP address")


def comments(call: V2Call, requests: Requests) -> Reply:
    """comments/get: the newest on `resource`, only those before `before` (`YYYYMMDDhhmmss`) if it is given."""
    resource = call.required("resource")
    response = requests.answer("get_comments", {"indicator": file_or_url(resource), "limit": _MOST_COMMENTS})
    if status_of(response) != 200 or response["status"] != "ok":
        return replied([resource], [response], _NO_RESOURCE, "Invalid resource")
    rows = (response["data"] or {})["raw"]["data"]
    before = call.values.get("before", "")
    if before and len(rows) >= _MOST_COMMENTS:
        raise Refused(403, "not_served", f"comments older than the newest {_MOST_COMMENTS} are not served")
    if before:
        rows = [row for row in rows if str(row.get("date")) < before]
    said = "Resource found, comments, if any, returned here"
    return answered({"response_code": 1, "resource": resource, "verbose_msg": said, "comments": rows}, [response])


def file_or_url(resource: str) -> str:
    """The value of a resource that may be a scan id, which begins with the SHA-256 of the file."""
    return resource.partition("-")[0] if is_scan_id(resource) else resource


def replied(resources: Sequence[str], responses: Sequence[Response], no_such: str, wrong: str) -> Reply:
    """One document for one resource, an array for several; or the status of the first failure."""
    for response in responses:
        status = status_of(response)
        if status != 200:
            return failed(status, responses)
    documents = [_document(*pair, no_such, wrong) for pair in zip(resources, responses)]
    return answered(documents[0] if len(documents) == 1 else documents, responses)


def _document(resource: str, response: Response, no_such: str, wrong: str) -> Document:
    data: Mapping[str, Any] = response["data"] or {}
    if response["error"] is not None:
        return invalid(resource, wrong)
    raw = data.get("raw")
    if isinstance(raw, dict) and raw:
        return verbatim(raw, resource)
    if response["status"] == "pending" and response["action"] == "lookup_url":
        return scan_of_url(dict(data), resource)
    if response["status"] == "pending":
        return still_queued(resource, scan_id_of(dict(data)))
    return unknown(resource, no_such)


def _on_host(response: Response, no_such: str, wrong: str) -> Reply:
    status = status_of(response)
    if status != 200:
        return failed(status, [response])
    document = _document("", response, no_such, wrong)
    return answered({name: value for name, value in document.items() if name != "resource" or value}, [response])


def _of_file(resource: str) -> tuple[str, dict[str, Any]]:
    if is_scan_id(resource):
        return "get_analysis", {"analysis_id": f"f-{resource}"}
    return "lookup_hash", {"hash": resource}


def _of_url(resource: str) -> tuple[str, dict[str, Any]]:
    if is_scan_id(resource):
        return "get_analysis", {"analysis_id": f"u-{resource}"}
    return "lookup_url", {"url": resource}


def _submitted(resource: str, response: Response, requests: Requests) -> Response:
    """The response after an unknown URL was submitted. It is not waited for, neither for quota nor for the scan."""
    if response["status"] != "not_found" or is_scan_id(resource):
        return response
    return requests.answer("lookup_url", {"url": resource, "scan_if_missing": True}, max_wait_s=0.0)


def _with_notice(reply: Reply, call: V2Call) -> Reply:
    """The reply says that it is the plain report, which other clients share."""
    return reply.with_headers(("X-Vtaction-Reason", "allinfo_not_served")) if call.has("allinfo") else reply


def _check_allinfo(call: V2Call, requests: Requests) -> None:
    if call.has("allinfo"):
        check_right(requests.caller, "raw", "allinfo")
