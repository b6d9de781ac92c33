"""Parses ids in requests: hashes, URLs and their ids, domains, IP addresses."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re

from ..errors import invalid_argument

_HEX = re.compile(r"[0-9a-f]+", re.ASCII)
_HASH_LENGTHS = (32, 40, 64)
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
# A colon after one of these names is a scheme without an authority, not a port.
_NO_AUTHORITY = re.compile(r"(?:about|blob|data|file|javascript|mailto|tel|urn):", re.IGNORECASE)
_URL = re.compile(r"(?P<scheme>[^:]+)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?P<rest>.*)", re.DOTALL)
_SCHEMES = ("http", "https", "ftp", "git")
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?:[a-z]{{2,63}}|xn--[a-z0-9-]{{1,59}})", re.ASCII)
_DOMAIN_LENGTH = 253


def file_hash(text: str) -> str | None:
    """An MD5, SHA-1 or SHA-256 in lower case, or None if `text` is not a hash."""
    lowered = text.lower()
    return lowered if len(lowered) in _HASH_LENGTHS and _HEX.fullmatch(lowered) else None


def sha256_of(text: str) -> str | None:
    """`text` in lower case if it has the form of a SHA-256, else None."""
    return file_hash(text) if len(text) == 64 else None


def canonical_url(text: str) -> str:
    """The canonical form of a URL: its id is the SHA-256 of it. Raises 400 InvalidArgumentError.

    Scheme and host in lower case, `/` for an empty path, `http://` if there is no scheme; everything else is
    unchanged, including the fragment.
    """
    stripped = text.strip()
    if not _SCHEME.match(stripped) and not _NO_AUTHORITY.match(stripped):
        stripped = f"http://{stripped}"
    found = _URL.fullmatch(stripped)
    if found is None or found["scheme"].lower() not in _SCHEMES:
        raise invalid_argument("Unable to canonicalize url")
    user, at, host = found["authority"].rpartition("@")
    if not host or re.search(r"\s", host):
        raise invalid_argument("Unable to canonicalize url")
    return f"{found['scheme'].lower()}://{user}{at}{host.lower()}{found['path'] or '/'}{found['rest']}"


def url_of_base64(text: str) -> str:
    """The canonical URL in an unpadded URL-safe base64 id. Raises 400 InvalidArgumentError."""
    try:
        if not _BASE64URL.fullmatch(text):
            raise ValueError(text)
        decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("utf-8")
    except (ValueError, binascii.Error):
        raise invalid_argument(f'"{text}" is not a valid URL identifier') from None
    return canonical_url(decoded)


def domain_name(text: str) -> str:
    """A domain in lower case. Raises 400 InvalidArgumentError."""
    lowered = text.lower()
    if len(lowered) > _DOMAIN_LENGTH or not _DOMAIN.fullmatch(lowered):
        raise invalid_argument(f'Domain "{text}" is not a valid domain pattern')
    return lowered


def ip_address(text: str) -> str:
    """An IPv4 or IPv6 address in its shortest form. Raises 400 InvalidArgumentError."""
    try:
        if "%" in text:  # a zone has a meaning on one machine only
            raise ValueError(text)
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise invalid_argument(f'IP address "{text}" is not valid') from None
