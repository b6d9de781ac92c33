"""The licences of VirusTotal's calls. Each call's licence is stated in the documentation of the call."""

from __future__ import annotations

from ..errors import Forbidden
from ..light_typing import Literal

Licence = Literal["free", "premium", "gti", "private"]

NAMES: dict[Licence, str] = {
    "free": "any key",
    "premium": "VirusTotal Premium (Enterprise)",
    "gti": "Google Threat Intelligence",
    "private": "VirusTotal Private Scanning",
}


def naming_licence(error: Forbidden, licence: Licence) -> Forbidden:
    """`error` with the name of the licence that the call needs, in the message and in `details.licence`."""
    if licence == "free" or "licence" in error.details or error.http_status is None:
        return error  # without a status it is not VirusTotal's refusal: API v2 lacks the call
    return Forbidden(
        f"this needs a licence for {NAMES[licence]}, which the API key does not have ({error.message})",
        http_status=error.http_status,
        vt_code=error.vt_code,
        details={**error.details, "licence": licence},
    )
