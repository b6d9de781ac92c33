"""Every call of API v3, in an order in which each gets its variables from earlier responses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from package.exports.example_requests import (
    COLLECTIONS,
    PUBLIC,
    SENT,
    VISIBLE,
    ExampleRequest,
    Expected,
    Folder,
    titled,
)
from package.exports.further_requests_v3 import FURTHER
from package.exports.private_requests_v3 import PRIVATE
from vt_connectors.virustotal import endpoints
from vt_connectors.virustotal.endpoints import Endpoint

_ID_OF_URL = (
    "The id is the URL in the URL-safe base64 alphabet without padding (the script before the request makes it); "
    "the id in the response is the SHA-256, which writes need."
)
_ANALYSIS: Mapping[str, Expected] = {"data.type": "analysis", "data.id": str}
_LEARN_ANALYSIS = {"analysis_id": "data.id"}
_NO_FILE = {"id": "0" * 64}
_NO_DOMAIN = {"id": "unknown.example"}
_NO_URL = {"id": "aHR0cDovL3Vua25vd24uZXhhbXBsZS8"}

# Values for the path of a call, by the segment before the id.
_IDS = {
    "files": "{{file_hash}}",
    "urls": "{{url_base64}}",
    "domains": "{{domain}}",
    "ip_addresses": "{{ip}}",
    "analyses": "{{analysis_id}}",
}


def _report(
    name: str, endpoint: Endpoint, kind: str, ident: str, about: str, missing: Mapping[str, str]
) -> ExampleRequest:
    has: Mapping[str, Expected] = {"data.type": kind, "data.id": str, "data.attributes.last_analysis_stats": dict}
    sets = {"url_id": "data.id"} if kind == "url" else {}
    return ExampleRequest(name, endpoint, f"{about} {VISIBLE}", has, {"id": ident}, missing, sets)


def _derived(endpoints_: Iterable[Endpoint]) -> Iterator[ExampleRequest]:
    """Requests for reading calls that none of the folders below has; of a call for several collections one for each."""
    for endpoint in endpoints_:
        title = endpoint.name.replace("_", " ").capitalize()
        if "{collection}" in endpoint.path:
            for collection, _, name in COLLECTIONS:
                values = {"collection": collection, "id": _IDS[collection]}
                yield _read(titled(f"{title} of", name), endpoint, values)
        else:
            before_id = endpoint.path.partition("/{id}")[0].rpartition("/")[2]
            if before_id in _IDS:
                yield _read(title, endpoint, {"id": _IDS[before_id]})


def _read(name: str, endpoint: Endpoint, values: Mapping[str, str]) -> ExampleRequest:
    if "cursor" not in endpoint.query:
        return ExampleRequest(name, endpoint, VISIBLE, {"data": dict}, values)
    about = "The newest first; `meta.cursor` of an answer leads to the next page."
    return ExampleRequest(name, endpoint, about, {"data": list}, {**values, "limit": "10"})


_BY_HAND = (
    Folder(
        "Look up",
        "VirusTotal's reports. For unknown indicators the response is 404.",
        (
            _report("File report", endpoints.FILE, "file", "{{file_hash}}", "By MD5, SHA-1 or SHA-256.", _NO_FILE),
            _report("URL report", endpoints.URL, "url", "{{url_base64}}", _ID_OF_URL, _NO_URL),
            _report("Domain report", endpoints.DOMAIN, "domain", "{{domain}}", "Punycode for IDNs.", _NO_DOMAIN),
            _report(
                "IP address report",
                endpoints.IP,
                "ip_address",
                "{{ip}}",
                "IPv4 or IPv6. Even addresses that were never seen have a report; without detections it says nothing.",
                {},
            ),
            *(
                ExampleRequest(
                    f"Passive DNS of {name}",
                    endpoints.RESOLUTIONS,
                    "The newest first, at most 40 per page; `meta.cursor` in a response leads to the next page.",
                    {"data": list},
                    {"collection": collection, "id": ident, "limit": "40"},
                )
                for collection, ident, name in (
                    ("domains", "{{domain}}", "a domain"),
                    ("ip_addresses", "{{ip}}", "an address"),
                )
            ),
        ),
    ),
    Folder(
        "Scan",
        "Each returns an analysis; *Analysis* shows its status. An analysis's id is not the id of the file or URL.",
        (
            ExampleRequest("Scan a file", endpoints.UPLOAD, f"Up to 32 MB. {SENT}", _ANALYSIS, sets=_LEARN_ANALYSIS),
            ExampleRequest(
                "Address for a large file",
                endpoints.UPLOAD_ADDRESS,
                "For files from 32 to 650 MB: the response is a URL for one upload.",
                {"data": str},
                sets={"upload_address": "data"},
            ),
            ExampleRequest(
                "Scan a large file",
                endpoints.UPLOAD,
                f"To the URL from the request before. {SENT}",
                _ANALYSIS,
                sets=_LEARN_ANALYSIS,
                address="{{upload_address}}",
            ),
            *(
                ExampleRequest(
                    f"Scan a known {name} again",
                    endpoints.RESCAN,
                    f"404 if VirusTotal does not know the {name}.",
                    _ANALYSIS,
                    {"collection": collection, "id": ident},
                    {"collection": "files", **_NO_FILE} if collection == "files" else {},
                    _LEARN_ANALYSIS,
                )
                for collection, ident, name in COLLECTIONS
            ),
            ExampleRequest(
                "Analyses of a file",
                endpoints.ANALYSES,
                "After a 409 for an upload because another client is sending the file, its analysis is here.",
                {"data": list},
                {"id": "{{file_hash}}", "limit": "1"},
                _NO_FILE,
            ),
            ExampleRequest(
                "Scan a URL",
                endpoints.SCAN_URL,
                "Known or not. Afterwards the URL is visible to others.",
                _ANALYSIS,
                {"url": "{{url}}"},
                sets=_LEARN_ANALYSIS,
            ),
            ExampleRequest(
                "Analysis",
                endpoints.ANALYSIS,
                "`queued`, `in-progress` or `completed`: only the status says whether it is finished. Send it every 20 "
                "seconds or less often.",
                {"data.type": "analysis", "data.attributes.status": str},
                {"id": "{{analysis_id}}"},
                {"id": "u-" + "0" * 64 + "-1700000000"},
            ),
        ),
    ),
    Folder(
        "Comment",
        "Read and add comments.",
        (
            *(
                ExampleRequest(
                    titled("Comment on", name),
                    endpoints.ADD_COMMENT,
                    f"{PUBLIC} The same text a second time returns 409.",
                    {"data.type": "comment", "data.id": str},
                    {"collection": collection, "id": ident, "text": "{{comment}}"},
                    {"collection": "files", "id": "0" * 64, "text": "{{comment}}"} if collection == "files" else {},
                    {"comment_id": "data.id"},
                    statuses=(200, 409),
                )
                for collection, ident, name in COLLECTIONS
            ),
            *(
                ExampleRequest(
                    titled("Comments on", name),
                    endpoints.COMMENTS,
                    "The newest first; `meta.cursor` in a response leads to the next page.",
                    {"data": list},
                    {"collection": collection, "id": ident, "limit": "10"},
                )
                for collection, ident, name in COLLECTIONS
            ),
        ),
    ),
    Folder(
        "Account",
        "The key's own quota.",
        (
            ExampleRequest(
                "Quotas",
                endpoints.OVERALL_QUOTAS,
                "The allowed and used requests of the account. Here the key is in the URL, and so in Postman's "
                "history; the account's user id also works. There is no `group` for a free account.",
                {"data.api_requests_daily.user.allowed": int},
                {"id": "{{api_key}}"},
            ),
            ExampleRequest(
                "Use by endpoint",
                endpoints.API_USAGE,
                "The requests of each day by endpoint. `start_date` and `end_date` (YYYYMMDD) are at most 30 days of "
                "the last 60. As above, the key is in the URL.",
                {"data.daily": dict, "data.total": dict},
                {"id": "{{api_key}}"},
            ),
        ),
    ),
)
_GIVEN = (*_BY_HAND[:-1], *FURTHER, _BY_HAND[-1], *PRIVATE)
_IN_FOLDERS = {request.endpoint for folder in _GIVEN for request in folder.requests}
_MORE = tuple(_derived(found for found in endpoints.V3_ENDPOINTS if found not in _IN_FOLDERS and found.method == "GET"))
V3 = (*_GIVEN, *([Folder("More", "Further calls that read.", _MORE)] if _MORE else []))
