"""Checks the URLs that VirusTotal gives, before anything is sent to or fetched from them.

For an upload, the file and the key are sent there; for a download, VirusTotal redirects there.
"""

from __future__ import annotations

import posixpath
from urllib.parse import unquote, urlsplit, urlunsplit

from ...config.values import PLAIN_NETLOC, is_loopback
from ...errors import InvalidResponse

# The first segments of the paths of VirusTotal's API. Its upload URLs have others.
_APIS = ("api", "vtapi")


def checked_private_upload_url(address: object, base_url: str) -> str:
    """Like `checked_upload_url`, for a private scan: never the URL of another call, such as that of public scans."""
    checked = checked_upload_url(address, base_url)
    path = posixpath.normpath("/" + unquote(urlsplit(checked).path).lower().lstrip("/"))
    if path.split("/")[1] in _APIS and not path.startswith("/api/v3/private/"):
        raise InvalidResponse(
            "the upload URL for a private scan is that of another call of the API; neither file nor key was sent",
            http_status=200,
        )
    return checked


def checked_upload_url(address: object, base_url: str) -> str:
    """VirusTotal's URL for one upload, if the key may be sent there: to VirusTotal's hosts over TLS, or to the server
    at `base_url`. Raises `InvalidResponse`.

    The documentation's example is plain http, but VirusTotal's hosts also accept it over TLS.
    """
    try:
        parts = urlsplit(address if isinstance(address, str) else "")
        host, base = parts.hostname or "", urlsplit(base_url)
    except ValueError:
        raise _no_upload_url() from None
    if not PLAIN_NETLOC.fullmatch(parts.netloc) or any(
        not char.isprintable() or char.isspace() for char in str(address)
    ):
        raise _no_upload_url()
    if (parts.scheme, parts.netloc) == (base.scheme, base.netloc):
        return str(address)
    if parts.scheme in ("http", "https") and parts.port in (None, 80, 443) and host.endswith(".virustotal.com"):
        return urlunsplit(("https", host, parts.path, parts.query, ""))
    raise _no_upload_url()


def _no_upload_url() -> InvalidResponse:
    return InvalidResponse(
        "the upload URL is neither on VirusTotal's nor on the configured server; neither file nor key was sent",
        http_status=200,
    )


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
