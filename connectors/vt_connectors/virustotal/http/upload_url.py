"""The address that VirusTotal gives for an upload: whether the file and the key may go there."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from ...config.base_url import PLAIN_NETLOC
from ...errors import InvalidResponse


def checked_upload_url(address: object, base_url: str) -> str:
    """The one-shot address VirusTotal gave for an upload, if the key may go there: its own hosts over TLS, or the
    server we talk to. Raises `InvalidResponse`.

    The documentation's example is plain http, which VirusTotal's hosts answer over TLS as well.
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
        "the address for uploads is neither VirusTotal's nor the server's; the file and the key were not sent there",
        http_status=200,
    )
