"""Checks the base URL of the server: its form, and that the connection is safe."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from ..errors import ConfigError
from ..patterns import pattern

# No user names, no blanks, and no characters that two parsers could read differently.
_OF_THE_API = pattern(r"/(?:api|vtapi)(?:/v[0-9])?/*$")
PLAIN_NETLOC = pattern(r"[A-Za-z0-9.:_\[\]-]+")


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, by name or address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def checked_base_url(text: str) -> str:
    """`https://host[:port]`, or http on loopback. Raises `ConfigError` without the URL, which may have a password."""
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _not_a_base() from None
    if parts.scheme not in ("http", "https") or not host or port == 0 or parts.query or parts.fragment:
        raise _not_a_base()
    if not PLAIN_NETLOC.fullmatch(parts.netloc):
        raise _not_a_base()
    if _OF_THE_API.search(parts.path):
        # With the path twice, every request would get a 404, as if VirusTotal knew nothing.
        raise ConfigError("VT_API_URL: leave out the path of the API, for example https://www.virustotal.com")
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigError("VT_API_URL: plain http would send the key unencrypted; use https (http only on loopback)")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _not_a_base() -> ConfigError:
    return ConfigError("VT_API_URL is not a base URL such as https://www.virustotal.com")
