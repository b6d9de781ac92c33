"""How large the body of a call may be. Only uploads by clients that may submit files are large."""

from __future__ import annotations

from ..server.documents import MOST_BYTES
from .callers import Caller
from .messages import Call
from .rights import check_right

# Room for what a form has besides the file.
FORM_BYTES = 64 * 1024
# VirusTotal's own limit for a file is 650 MB: https://docs.virustotal.com/reference/files-upload-url
MOST_UPLOAD_BYTES = 650 * 1024 * 1024 + FORM_BYTES
# Of an upload whose token is in its own body: VirusTotal's limit for POST /files.
MOST_ANONYMOUS_BYTES = 32 * 1024 * 1024 + FORM_BYTES

_V2 = "/vtapi/v2/"
_V2_UPLOAD = "/vtapi/v2/file/scan"
_UPLOADS = ("/api/v3/files", "/api/v3/private/files", _V2_UPLOAD)
# Below these are the addresses that the server gives for one upload each. They stand for the token.
_V2_TICKETS = "/vtapi/v2/file/scan/upload/"
_UPLOADS_BELOW = ("/_vtaction/upload/", _V2_TICKETS)


def names_its_client_in_the_body(call: Call) -> bool:
    """Whether the token may be in the body: API v2 takes it from the query or a form."""
    is_elsewhere = call.path.startswith(_V2_TICKETS) or any(part[:7] == "apikey=" for part in call.query.split("&"))
    return call.path.startswith(_V2) and not is_elsewhere


def most_bytes(call: Call, caller: Caller | None, most_upload_bytes: int) -> int:
    """The size of the largest body. `caller`: None if it is not known yet; with a key of its own, it may be anybody.
    Raises `Refused`: 403 for an upload without the right `submit`.
    """
    is_upload = call.path in _UPLOADS or call.path.startswith(_UPLOADS_BELOW)
    if call.method != "POST" or not is_upload:
        return MOST_BYTES
    if caller is None:
        return min(MOST_ANONYMOUS_BYTES, most_upload_bytes) if call.path == _V2_UPLOAD else MOST_BYTES
    check_right(caller, "submit", "an upload")
    return most_upload_bytes if caller.api_key is None else min(MOST_ANONYMOUS_BYTES, most_upload_bytes)
