"""Addresses for large uploads. A smaller file is sent without asking for one.

Sources: https://docs.virustotal.com/reference/files-upload-url,
https://docs.virustotal.com/v2.0/reference/file-scan-upload-url.
"""

from __future__ import annotations

from ..errors import Forbidden
from .budget import Budget
from .client import Client
from .coerce import mapping
from .endpoints import UPLOAD_ADDRESS, V2_UPLOAD_ADDRESS
from .http.given_urls import checked_upload_url

# Bytes. VirusTotal accepts 32 MB in one request, including headers of the parts
# (https://docs.virustotal.com/reference/files-scan).
LARGEST_DIRECT_UPLOAD = 32_000_000


def upload_address(client: Client, budget: Budget) -> str:
    """Where API v3 takes one large upload. Raises `ConnectorError` and `responses.NotFound`."""
    try:
        address = client.ask(UPLOAD_ADDRESS, {}, budget).get("data")
    except Forbidden as error:
        error.details["limit_bytes"] = LARGEST_DIRECT_UPLOAD
        raise
    return checked_upload_url(address, client.base_url)


def v2_upload_address(client: Client, budget: Budget) -> str:
    """Where API v2 takes one large upload. Raises `ConnectorError` and `responses.NotFound`."""
    try:
        address = mapping(client.ask(V2_UPLOAD_ADDRESS, {}, budget)).get("upload_url")
    except Forbidden as error:
        error.details["limit_bytes"] = LARGEST_DIRECT_UPLOAD
        error.message = (
            f"API v2 takes files of more than {LARGEST_DIRECT_UPLOAD // 1_000_000} MB from private (premium) keys "
            "only; API v3 takes them from all: set VT_API_VERSION=3"
        )
        raise
    return checked_upload_url(address, client.base_url)
