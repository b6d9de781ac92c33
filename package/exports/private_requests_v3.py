"""Example requests of API v3's private scanning."""

from __future__ import annotations

from collections.abc import Mapping

from package.exports.example_requests import ExampleRequest, Expected, Folder
from vt_connectors.virustotal import endpoints
from vt_connectors.virustotal.licences import NAMES

_LICENSED = f"**Needs a licence for {NAMES['private']}**; without it the response is 403."
_SENT = f"Only the account sees it, and VirusTotal deletes it after its retention. {_LICENSED}"
_LEARN = {"private_analysis_id": "data.id"}
_ACCEPTED: Mapping[str, Expected] = {"data.type": "private_analysis", "data.id": str}

PRIVATE = (
    Folder(
        "Private scanning",
        f"Scans that nobody but the account sees. Never repeat one in public. {_LICENSED}",
        (
            ExampleRequest(
                "Scan a URL privately", endpoints.PRIVATE_SCAN_URL, _SENT, _ACCEPTED, {"url": "{{url}}"}, sets=_LEARN
            ),
            ExampleRequest(
                "Report on a private URL",
                endpoints.PRIVATE_URL,
                f"By its base64, or the SHA-256 in the response. {_LICENSED}",
                {"data.type": "private_url", "data.id": str},
                {"id": "{{url_base64}}"},
            ),
            ExampleRequest(
                "Address for a large private file",
                endpoints.PRIVATE_UPLOAD_ADDRESS,
                f"For files from 32 to 650 MB: the response is a URL for one upload. {_LICENSED}",
                {"data": str},
                sets={"upload_address": "data"},
            ),
            ExampleRequest(
                "Scan a large file privately",
                endpoints.PRIVATE_UPLOAD,
                f"To the URL from the request before. {_SENT}",
                _ACCEPTED,
                sets=_LEARN,
                address="{{upload_address}}",
            ),
            ExampleRequest(
                "Scan a file privately", endpoints.PRIVATE_UPLOAD, f"Up to 32 MB. {_SENT}", _ACCEPTED, sets=_LEARN
            ),
            ExampleRequest(
                "Private analysis",
                endpoints.PRIVATE_ANALYSIS,
                f"Only the status says whether it is finished; it has no results. {_LICENSED}",
                {"data.type": "private_analysis", "data.attributes.status": str},
                {"id": "{{private_analysis_id}}"},
                {"id": "unknown"},
                sets={"private_file_hash": "meta.file_info.sha256"},
            ),
            ExampleRequest(
                "Report on a private file",
                endpoints.PRIVATE_FILE,
                f"By SHA-256 only. {_LICENSED}",
                {"data.type": "private_file", "data.id": str},
                {"id": "{{private_file_hash}}"},
                {"id": "0" * 64},
            ),
        ),
    ),
)
