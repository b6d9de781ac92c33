"""Checks the URL that VirusTotal gives for an upload, before the file and the key are sent there."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote, urlsplit, urlunsplit

from ...config.values import PLAIN_NETLOC
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
