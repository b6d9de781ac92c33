"""API v2's calls that change something at VirusTotal: each value is sent once, whatever comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable

from .....contract.response import Response
from ...messages import Refused, Reply
from . import documents
from .call import V2Call
from .documents import Document, answered, failed, invalid, status_of, unknown
from .reports import file_or_url, replied
from .running import Requests

_MOST_RESCANS, _MOST_URLS = 25, 4
_NO_FILE = "The requested resource is not among the finished, queued or pending scans"


def comment(call: V2Call, requests: Requests) -> Reply:
    """comments/put: `comment` on `resource`, in public."""
    resource = call.required("resource")
    params = {"indicator": file_or_url(resource), "comment": call.required("comment")}
    response = requests.answer("add_comment", params)
    error = response["error"]
    if error is not None and error["code"] == "conflict":
        return _told(0, "Duplicate comment", response)
    if status_of(response) != 200:
        return failed(status_of(response), [response])
    if error is not None:
        return _told(0, "Invalid resource", response)
    if response["status"] != "ok":
        return _told(0, "Could not find resource", response)
    return _told(1, "Your comment was successfully posted", response)


def scan_file(call: V2Call, requests: Requests) -> Reply:
    """file/scan: the field `file` of a multipart form."""
    if call.file is None:
        raise Refused(400, "parameter", "send the file as the field file of a multipart form")
    response = requests.scan_file(call.file)
    if response["status"] != "pending":
        return replied([""], [response], _NO_FILE, "Invalid file")
    return answered(documents.scan_of_file(dict(response["data"] or {})), [response])


def rescan_files(call: V2Call, requests: Requests) -> Reply:
    """file/rescan: `resource` is hashes, separated by commas."""
    resources = call.several("resource", ",", _MOST_RESCANS)
    asked = [("rescan_file", {"hash": resource, "wait_s": 0}) for resource in resources]
    return _accepted(resources, requests.answers(asked), documents.rescan_of_file)


def scan_urls(call: V2Call, requests: Requests) -> Reply:
    """url/scan: `url` is URLs, separated by newlines."""
    urls = call.several("url", "\n", _MOST_URLS)
    asked = [("scan_url", {"url": url, "wait_s": 0}) for url in urls]
    return _accepted(urls, requests.answers(asked), documents.scan_of_url)


def _accepted(
    resources: Sequence[str], responses: Sequence[Response], document: Callable[[Any, str], Document]
) -> Reply:
    """A document for each value if one was accepted: else the caller would send that one again. A failure otherwise."""
    statuses = [status_of(response) for response in responses]
    if 200 not in statuses:
        return failed(statuses[0], responses)
    documents = [_one(*pair, document) for pair in zip(resources, responses)]
    return answered(documents[0] if len(documents) == 1 else documents, responses)


def _one(resource: str, response: Response, document: Callable[[Any, str], Document]) -> Document:
    error = response["error"]
    if error is not None:
        return invalid(resource, error["message"])
    if response["status"] in ("pending", "ok"):
        return document(response["data"], resource)
    return unknown(resource, response["summary"] if response["status"] == "skipped" else _NO_FILE)


def _told(code: int, message: str, response: Response) -> Reply:
    return answered({"response_code": code, "verbose_msg": message}, [response])
