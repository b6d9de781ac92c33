"""What a client of `vtaction serve` is configured with: the server's address, a token and certificates."""

from __future__ import annotations

import os
import re
import ssl
import urllib.parse

_VISIBLE = re.compile(r"[!-~]*")


def checked_address(address: str) -> str:
    """Raises `ValueError` if it is not one of HTTP. A password is not repeated."""
    if "@" in address:
        raise ValueError(
            "the server's address must not have a user name or a password; the token is a setting of its own"
        )
    try:
        parts = urllib.parse.urlsplit(address)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or not _VISIBLE.fullmatch(address):
        raise ValueError(f"the server's address must begin with http:// or https:// and a host, not {address!r}")
    return address


def checked_token(token: str) -> str:
    """Raises `ValueError`, without the token: the HTTP library would repeat it in its own message."""
    if not _VISIBLE.fullmatch(token):
        raise ValueError("the token has blanks, line breaks or other characters that no token has; copy it again")
    return token


def verifying_context() -> ssl.SSLContext:
    """Raises `ValueError` if REQUESTS_CA_BUNDLE names no certificates."""
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or None
    try:
        if bundle is not None and os.path.isdir(bundle):  # noqa: PTH112  # as `requests` does
            return ssl.create_default_context(capath=bundle)
        return ssl.create_default_context(cafile=bundle)
    except OSError as error:
        raise ValueError(f"REQUESTS_CA_BUNDLE: the certificates in {bundle} cannot be read ({error})") from None
