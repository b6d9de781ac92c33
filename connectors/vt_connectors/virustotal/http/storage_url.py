"""Checks the URL that VirusTotal redirects to for a download, before anything is fetched from there."""

from __future__ import annotations

from urllib.parse import urlsplit

from ...config.values import PLAIN_NETLOC, is_loopback
from ...errors import InvalidResponse


def checked_storage_url(address: object, base_url: str) -> str:
    """The URL of a file's content on any server, over TLS; plain http only from loopback to loopback.

    Raises `InvalidResponse` without the URL, because whoever knows it can download the file.
    """
    text = address if isinstance(address, str) else ""
    try:
        parts, base = urlsplit(text), urlsplit(base_url)
        host, is_valid_port = parts.hostname or "", parts.port != 0
    except ValueError:
        raise _not_followed() from None
    if not host or not is_valid_port or not PLAIN_NETLOC.fullmatch(parts.netloc):
        raise _not_followed()
    if any(not char.isprintable() or char.isspace() for char in text):
        raise _not_followed()
    if parts.scheme == "https":
        return text
    if parts.scheme == "http" and is_loopback(host) and is_loopback(base.hostname or ""):
        return text
    raise _not_followed()


def _not_followed() -> InvalidResponse:
    return InvalidResponse(
        "VirusTotal's response does not lead to the file: its redirect is not to a server over https; it was not "
        "followed",
        http_status=302,
    )
