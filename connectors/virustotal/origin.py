"""Which server is talked to, and that it is talked to safely."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from ..errors import ConfigError


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, by name or address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def checked_base_url(text: str) -> str:
    """`https://host[:port]`, or http on loopback; anything else is a `ConfigError`."""
    parts = urlsplit(text.strip())
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.query or parts.fragment:
        raise ConfigError(f"VT_API_URL: {text!r} is not a base address such as https://www.virustotal.com")
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigError("VT_API_URL: plain http would send the key in the open; use https (http only on loopback)")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
