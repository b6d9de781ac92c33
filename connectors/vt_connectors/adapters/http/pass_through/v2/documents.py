"""API v2's documents and statuses for responses of the core (https://docs.virustotal.com/v2.0/reference/api-responses).

`response_code` is 1 for a result, 0 for an unknown value, -1 for an invalid one, and -2 for a queued scan.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from .....contract.response import Response
from ...messages import NO_NOTE, Note, Refused, Reply, json_reply, note_of
from ...token_text import without_secrets
from ..reply_headers import OF_SERVER, headers_of, reason_header, reason_of, retry_after

Document = dict[str, Any]
QUEUED = "Scan request successfully queued, come back later for the report"
_HTML = "text/html; charset=utf-8"
_OK, _QUOTA, _REFUSED = 200, 204, 403
_STATUS = {
    "rate_limited": _QUOTA,
    "forbidden": _REFUSED,
    "invalid_request": 400,
    "conflict": 409,
    "too_large": 413,
    "invalid_response": 502,
    # The server's own key, or its settings: the client's token is not the reason, so it is not 403.
    "access_denied": 503,
    "config_error": 503,
    "unavailable": 503,
    "cancelled": 503,
    "timeout": 504,
    "outcome_unknown": 504,
}


def status_of(response: Response) -> int:
    """The HTTP status. An invalid value is a result in API v2, like an unknown one."""
    error = response["error"]
    if error is None:
        return 504 if reason_of(response) == "not_cached" else _OK
    return _OK if error["code"] == "invalid_indicator" else _STATUS.get(error["code"], 500)


def failed(status: int, responses: Sequence[Response]) -> Reply:
    """The reply instead of a document, if `status` is that of one of the responses."""
    first = next(response for response in responses if status_of(response) == status)
    error = first["error"]
    waits = [each["error"]["retry_after_s"] for each in responses if each["error"] is not None]
    message = first["summary"] if error is None else OF_SERVER.get(error["code"], error["message"])
    reply = refusal(status, message, retry_after(waits), _why(first))
    return reply._replace(note=note_for(responses))


def _why(response: Response) -> str:
    error = response["error"]
    if error is None:
        return reason_of(response) or ""
    return "right" if "right" in error["details"] else error["code"]


def refusal(status: int, message: str, headers: tuple[tuple[str, str], ...] = (), reason: str = "") -> Reply:
    """API v2 says nothing but the status if quota or rights are missing, so a header has the `reason`."""
    headers = (*headers, reason_header(reason)) if reason else headers
    if status in (_QUOTA, _REFUSED):
        return Reply(status, b"", headers, _HTML)
    return json_reply(status, {"response_code": -1, "verbose_msg": without_secrets(message)}, headers)


def refusal_of(refused: Refused) -> Reply:
    """The reply to a call that the server itself refuses."""
    status = {401: _REFUSED, 429: _QUOTA}.get(refused.status, refused.status)
    return refusal(status, refused.message, refused.headers, refused.reason)


def answered(document: Any, responses: Sequence[Response]) -> Reply:
    """The reply with the document that was made of the responses."""
    return json_reply(_OK, document, headers_of(*responses), note_for(responses))


def note_for(responses: Sequence[Response]) -> Note:
    """One note for all of them."""
    notes = [note_of(response) for response in responses]
    if not notes:
        return NO_NOTE
    errors = [note for note, response in zip(notes, responses) if response["error"] is not None]
    return (errors or notes)[0]._replace(
        indicators=tuple(indicator for note in notes for indicator in note.indicators),
        requests=sum(note.requests for note in notes),
        waited_s=max(note.waited_s for note in notes),
    )


def unknown(resource: str, message: str) -> Document:
    """VirusTotal has no report on `resource`, or may not be asked."""
    return {"response_code": 0, "resource": without_secrets(resource), "verbose_msg": without_secrets(message)}


def invalid(resource: str, message: str) -> Document:
    """`resource` has no valid form."""
    return {"response_code": -1, "resource": without_secrets(resource), "verbose_msg": without_secrets(message)}


def still_queued(resource: str, scan_id: str) -> Document:
    """The scan has not finished."""
    said = "Your resource is queued for analysis"
    return {"response_code": -2, "resource": resource, "scan_id": scan_id, "verbose_msg": said}


def verbatim(raw: Document, resource: str) -> Document:
    """VirusTotal's document, which repeats the resource as this client sent it."""
    return {**raw, "resource": resource} if "resource" in raw else raw


def rescan_of_file(data: Document, resource: str) -> Document:
    """A scan of a file was accepted; `data` is that of a `pending` response."""
    scan_id = scan_id_of(data)
    sha256 = scan_id.partition("-")[0]
    return {
        "response_code": 1,
        "scan_id": scan_id,
        "resource": resource,
        "sha256": sha256,
        "permalink": f"https://www.virustotal.com/gui/file/{sha256}/detection/f-{scan_id}",
    }


def scan_of_file(data: Document) -> Document:
    """A file was received, and its scan is queued."""
    hashes = data["hashes"]
    told = rescan_of_file(data, hashes["sha256"])
    return {**told, "sha1": hashes["sha1"], "md5": hashes["md5"], "verbose_msg": QUEUED}


def scan_of_url(data: Document, resource: str) -> Document:
    """The scan of a URL is queued; there are no figures yet."""
    scan_id = scan_id_of(data)
    sha256, _, epoch = scan_id.partition("-")
    document = {"response_code": 1, "scan_id": scan_id, "resource": resource, "url": data["indicator"]}
    if epoch.isdigit():
        document["scan_date"] = f"{datetime.fromtimestamp(int(epoch), timezone.utc):%Y-%m-%d %H:%M:%S}"
    permalink = f"https://www.virustotal.com/gui/url/{sha256}/detection/u-{scan_id}"
    return {**document, "permalink": permalink, "verbose_msg": QUEUED}


def scan_id_of(data: Document) -> str:
    """VirusTotal's scan id, from the id of an analysis."""
    return str(data["analysis_id"]).partition("-")[2]
