"""Every call of API v2, in an order in which each gets its variables from earlier responses."""

from __future__ import annotations

from collections.abc import Mapping

from package.exports.example_requests import PUBLIC, SENT, VISIBLE, ExampleRequest, Expected, Folder
from vt_connectors.virustotal import endpoints

_UNKNOWN_V2 = "For an unknown one, the response is HTTP 200 with `response_code` 0."
_PRIVATE = "Needs a key with private privileges; the response to others is 403."
_FOUND: Mapping[str, Expected] = {"response_code": 1}
_SCANNED: Mapping[str, Expected] = {"response_code": 1, "positives": int, "total": int, "scans": dict}
_SUBMITTED: Mapping[str, Expected] = {"response_code": 1, "scan_id": str}

V2 = (
    Folder(
        "Look up",
        f"VirusTotal's reports. {_UNKNOWN_V2}",
        (
            ExampleRequest(
                "File report",
                endpoints.V2_FILE,
                f"By MD5, SHA-1, SHA-256 or scan id; up to four, separated by commas, return a list. {VISIBLE}",
                _SCANNED,
                {"resource": "{{file_hash}}"},
                {"resource": "0" * 64},
            ),
            ExampleRequest(
                "URL report",
                endpoints.V2_URL,
                f"By URL or scan id. {VISIBLE}",
                _SCANNED,
                {"resource": "{{url}}"},
                {"resource": "http://unknown.example/"},
            ),
            ExampleRequest(
                "URL report, scanned if missing",
                endpoints.V2_URL_OR_SCAN,
                "An unknown URL is submitted: then the response has a `scan_id` and no `positives`.",
                _SUBMITTED,
                {"resource": "{{url}}", "scan": "1"},
            ),
            ExampleRequest(
                "Domain report",
                endpoints.V2_DOMAIN,
                f"Includes its resolutions. {VISIBLE}",
                _FOUND,
                {"domain": "{{domain}}"},
                {"domain": "unknown.example"},
            ),
            ExampleRequest("IP address report", endpoints.V2_IP, f"IPv4 only. {VISIBLE}", _FOUND, {"ip": "{{ip}}"}),
        ),
    ),
    Folder(
        "Scan",
        "Each returns a `scan_id`, which is a resource for reports; a queued scan has `response_code` -2.",
        (
            ExampleRequest(
                "Scan a file", endpoints.V2_UPLOAD, f"Up to 32 MB. {SENT}", _SUBMITTED, sets={"scan_id": "scan_id"}
            ),
            ExampleRequest(
                "Address for a large file",
                endpoints.V2_UPLOAD_ADDRESS,
                f"For files from 32 to 200 MB: a URL for one upload. {_PRIVATE}",
                {"upload_url": str},
                sets={"upload_address": "upload_url"},
            ),
            ExampleRequest(
                "Scan a large file",
                endpoints.V2_UPLOAD,
                f"To the URL from the request before. {SENT}",
                _SUBMITTED,
                sets={"scan_id": "scan_id"},
                address="{{upload_address}}",
            ),
            ExampleRequest(
                "Scan a known file again",
                endpoints.V2_RESCAN_FILE,
                _PRIVATE,
                _SUBMITTED,
                {"resource": "{{file_hash}}"},
                {"resource": "0" * 64},
                {"scan_id": "scan_id"},
            ),
            ExampleRequest(
                "Scan a URL",
                endpoints.V2_SCAN_URL,
                "Known or not. Afterwards the URL is visible to others.",
                _SUBMITTED,
                {"url": "{{url}}"},
                sets={"scan_id": "scan_id"},
            ),
            ExampleRequest(
                "The scan's report",
                endpoints.V2_URL,
                "Send this every 20 seconds or less often.",
                {"response_code": (1, -2)},
                {"resource": "{{scan_id}}"},
            ),
        ),
    ),
    Folder(
        "Comment",
        "Read and add comments.",
        (
            ExampleRequest(
                "Comment",
                endpoints.V2_ADD_COMMENT,
                f"{PUBLIC} On a hash or URL; the same text a second time returns `response_code` 0.",
                {"response_code": (0, 1), "verbose_msg": str},
                {"resource": "{{file_hash}}", "comment": "{{comment}}"},
            ),
            ExampleRequest(
                "Comments",
                endpoints.V2_COMMENTS,
                f"At most 25. {_PRIVATE}",
                {"response_code": (0, 1)},
                {"resource": "{{file_hash}}"},
            ),
        ),
    ),
)
