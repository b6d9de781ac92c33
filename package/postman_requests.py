"""What the Postman collection asks, in its order: each entry is an endpoint of the client's own table with values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Union

from connectors.virustotal import endpoints
from connectors.virustotal.endpoints import Endpoint

# What a place in an answer holds: a value, one of several, or anything of a type.
Expected = Union[str, int, tuple[int, ...], type]

_PUBLIC = "**The comment is public, under the account's name.** Words that begin with # become its tags."
_VISIBLE = "Lookups are not private: what is asked becomes visible to VirusTotal's community."
_SENT = "**The file becomes part of VirusTotal's collection**, where others can download it: send nothing confidential."
_PRIVATE = "Takes a key with private privileges; others are answered 403."
_UNKNOWN_V2 = "An unknown one is HTTP 200 with `response_code` 0."
_ID_OF_URL = (
    "The id is the URL in the URL-safe base64 alphabet without padding (the script before the request makes it); "
    "the answer's id is the SHA-256 that writing calls want."
)


@dataclass(frozen=True)
class Asked:
    """One request of the collection.

    `values` go to the endpoint's names; `{{variables}}` may stand in them, in `missing` (values that get the answer
    for what is unknown) and in `address` (where it goes instead). `has`: what stands where in its answer.
    `sets`: variables, and where in its answer they are from. `statuses`: with what it may be answered.
    """

    name: str
    endpoint: Endpoint
    about: str
    has: Mapping[str, Expected]
    values: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    sets: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    statuses: tuple[int, ...] = (200,)


@dataclass(frozen=True)
class Folder:
    """A folder: requests, and what to know of all of them."""

    name: str
    about: str
    requests: tuple[Asked, ...]


# The environment: what a user sets. The examples are indicators that VirusTotal and its stand-in know.
ENVIRONMENT: Mapping[str, str] = {
    "base_url": "https://www.virustotal.com",
    "file_hash": "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f",
    "url": "https://www.example.com/",
    "domain": "example.com",
    "ip": "8.8.8.8",
    "comment": "A test of the API #test",
}
# What scripts set for later requests.
LEARNED = ("url_base64", "url_id", "analysis_id", "upload_address", "scan_id")

_ANALYSIS: Mapping[str, Expected] = {"data.type": "analysis", "data.id": str}
_LEARN_ANALYSIS = {"analysis_id": "data.id"}
_NO_FILE = {"id": "0" * 64}
_NO_DOMAIN = {"id": "unknown.example"}
_NO_URL = {"id": "aHR0cDovL3Vua25vd24uZXhhbXBsZS8"}

# Collection, id and name of what has comments; the base64 of a URL is good for reading only.
_COMMENTED = (
    ("files", "{{file_hash}}", "file"),
    ("urls", "{{url_id}}", "URL"),
    ("domains", "{{domain}}", "domain"),
    ("ip_addresses", "{{ip}}", "IP address"),
)


def _report(name: str, endpoint: Endpoint, kind: str, ident: str, about: str, missing: Mapping[str, str]) -> Asked:
    has: Mapping[str, Expected] = {"data.type": kind, "data.id": str, "data.attributes.last_analysis_stats": dict}
    sets = {"url_id": "data.id"} if kind == "url" else {}
    return Asked(name, endpoint, f"{about} {_VISIBLE}", has, {"id": ident}, missing, sets)


V3 = (
    Folder(
        "Look up",
        "What VirusTotal knows. Unknown indicators are answered 404.",
        (
            _report("File report", endpoints.FILE, "file", "{{file_hash}}", "By MD5, SHA-1 or SHA-256.", _NO_FILE),
            _report("URL report", endpoints.URL, "url", "{{url_base64}}", _ID_OF_URL, _NO_URL),
            _report("Domain report", endpoints.DOMAIN, "domain", "{{domain}}", "Punycode for IDNs.", _NO_DOMAIN),
            _report(
                "IP address report",
                endpoints.IP,
                "ip_address",
                "{{ip}}",
                "IPv4 or IPv6. Even addresses nobody has seen have a report: without detections, that says nothing.",
                {},
            ),
            *(
                Asked(
                    f"Passive DNS of {name}",
                    endpoints.RESOLUTIONS,
                    "The newest first, 40 a page at most; `meta.cursor` of an answer leads to the next page.",
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
        "Each is answered with an analysis, whose state *Analysis* tells. An analysis's id is not the id of the file "
        "or URL.",
        (
            Asked("Scan a file", endpoints.UPLOAD, f"Up to 32 MB. {_SENT}", _ANALYSIS, sets=_LEARN_ANALYSIS),
            Asked(
                "Address for a large file",
                endpoints.UPLOAD_ADDRESS,
                "For files from 32 to 650 MB: the answer is an address that is good for one upload.",
                {"data": str},
                sets={"upload_address": "data"},
            ),
            Asked(
                "Scan a large file",
                endpoints.UPLOAD,
                f"To the address that was answered before. {_SENT}",
                _ANALYSIS,
                sets=_LEARN_ANALYSIS,
                address="{{upload_address}}",
            ),
            Asked(
                "Scan a known file again",
                endpoints.RESCAN_FILE,
                "404 if VirusTotal has not got the file.",
                _ANALYSIS,
                {"id": "{{file_hash}}"},
                _NO_FILE,
                _LEARN_ANALYSIS,
            ),
            Asked(
                "Analyses of a file",
                endpoints.ANALYSES,
                "Where an upload was answered 409, since somebody else is sending the same file, theirs is here.",
                {"data": list},
                {"id": "{{file_hash}}", "limit": "1"},
                _NO_FILE,
            ),
            Asked(
                "Scan a URL",
                endpoints.SCAN_URL,
                "Known or not. The URL is visible to others from then on.",
                _ANALYSIS,
                {"url": "{{url}}"},
                sets=_LEARN_ANALYSIS,
            ),
            Asked(
                "Analysis",
                endpoints.ANALYSIS,
                "`queued`, `in-progress` or `completed`: only the status says whether it is over. Ask every 20 "
                "seconds or less often.",
                {"data.type": "analysis", "data.attributes.status": str},
                {"id": "{{analysis_id}}"},
                {"id": "u-" + "0" * 64 + "-1700000000"},
            ),
        ),
    ),
    Folder(
        "Comment",
        "What others said, and saying something.",
        (
            *(
                Asked(
                    f"Comment on {'an' if name[0] == 'I' else 'a'} {name}",
                    endpoints.ADD_COMMENT,
                    f"{_PUBLIC} The same text a second time is answered 409.",
                    {"data.type": "comment", "data.id": str},
                    {"collection": collection, "id": ident, "text": "{{comment}}"},
                    {"collection": "files", "id": "0" * 64, "text": "{{comment}}"} if collection == "files" else {},
                    statuses=(200, 409),
                )
                for collection, ident, name in _COMMENTED
            ),
            *(
                Asked(
                    f"Comments on {'an' if name[0] == 'I' else 'a'} {name}",
                    endpoints.COMMENTS,
                    "The newest first; `meta.cursor` of an answer leads to the next page.",
                    {"data": list},
                    {"collection": collection, "id": ident, "limit": "10"},
                )
                for collection, ident, name in _COMMENTED
            ),
        ),
    ),
    Folder(
        "Account",
        "The key's own quota.",
        (
            Asked(
                "Quotas",
                endpoints.OVERALL_QUOTAS,
                "By what the account may use and has used. Here the key is in the address, and so in Postman's "
                "history; the account's user id does as well. There is no `group` for a free account.",
                {"data.api_requests_daily.user.allowed": int},
                {"id": "{{api_key}}"},
            ),
        ),
    ),
)

_FOUND: Mapping[str, Expected] = {"response_code": 1}
_SCANNED: Mapping[str, Expected] = {"response_code": 1, "positives": int, "total": int, "scans": dict}
_SUBMITTED: Mapping[str, Expected] = {"response_code": 1, "scan_id": str}

V2 = (
    Folder(
        "Look up",
        f"What VirusTotal knows. {_UNKNOWN_V2}",
        (
            Asked(
                "File report",
                endpoints.V2_FILE,
                f"By MD5, SHA-1, SHA-256 or scan id; up to four, with commas, are answered as a list. {_VISIBLE}",
                _SCANNED,
                {"resource": "{{file_hash}}"},
                {"resource": "0" * 64},
            ),
            Asked(
                "URL report",
                endpoints.V2_URL,
                f"By URL or scan id. {_VISIBLE}",
                _SCANNED,
                {"resource": "{{url}}"},
                {"resource": "http://unknown.example/"},
            ),
            Asked(
                "URL report, scanned if missing",
                endpoints.V2_URL_OR_SCAN,
                "An unknown URL is submitted: that answer has a `scan_id` and no `positives`.",
                _SUBMITTED,
                {"resource": "{{url}}", "scan": "1"},
            ),
            Asked(
                "Domain report",
                endpoints.V2_DOMAIN,
                f"Its resolutions are in it. {_VISIBLE}",
                _FOUND,
                {"domain": "{{domain}}"},
                {"domain": "unknown.example"},
            ),
            Asked("IP address report", endpoints.V2_IP, f"IPv4 only. {_VISIBLE}", _FOUND, {"ip": "{{ip}}"}),
        ),
    ),
    Folder(
        "Scan",
        "Each is answered with a `scan_id`, which the reports take as a resource; a queued one is `response_code` -2.",
        (
            Asked("Scan a file", endpoints.V2_UPLOAD, f"Up to 32 MB. {_SENT}", _SUBMITTED, sets={"scan_id": "scan_id"}),
            Asked(
                "Address for a large file",
                endpoints.V2_UPLOAD_ADDRESS,
                f"For files from 32 to 200 MB: an address that is good for one upload. {_PRIVATE}",
                {"upload_url": str},
                sets={"upload_address": "upload_url"},
            ),
            Asked(
                "Scan a large file",
                endpoints.V2_UPLOAD,
                f"To the address that was answered before. {_SENT}",
                _SUBMITTED,
                sets={"scan_id": "scan_id"},
                address="{{upload_address}}",
            ),
            Asked(
                "Scan a known file again",
                endpoints.V2_RESCAN_FILE,
                _PRIVATE,
                _SUBMITTED,
                {"resource": "{{file_hash}}"},
                {"resource": "0" * 64},
                {"scan_id": "scan_id"},
            ),
            Asked(
                "Scan a URL",
                endpoints.V2_SCAN_URL,
                "Known or not. The URL is visible to others from then on.",
                _SUBMITTED,
                {"url": "{{url}}"},
                sets={"scan_id": "scan_id"},
            ),
            Asked(
                "The scan's report",
                endpoints.V2_URL,
                "Ask every 20 seconds or less often.",
                {"response_code": (1, -2)},
                {"resource": "{{scan_id}}"},
            ),
        ),
    ),
    Folder(
        "Comment",
        "What others said, and saying something.",
        (
            Asked(
                "Comment",
                endpoints.V2_ADD_COMMENT,
                f"{_PUBLIC} On a hash or URL; the same text a second time is `response_code` 0.",
                {"response_code": (0, 1), "verbose_msg": str},
                {"resource": "{{file_hash}}", "comment": "{{comment}}"},
            ),
            Asked(
                "Comments",
                endpoints.V2_COMMENTS,
                f"25 at most. {_PRIVATE}",
                {"response_code": (0, 1)},
                {"resource": "{{file_hash}}"},
            ),
        ),
    ),
)
