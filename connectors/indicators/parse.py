"""Text to indicator: one parser a kind, and one that recognises the kind."""

from __future__ import annotations

import re
from typing import Callable

from ..errors import InvalidIndicator
from .hosts import canonical_address, canonical_domain, canonical_url_host, may_be_public
from .indicator import MAX_LENGTH, Indicator, Kind, checked_text, refang, refuse

_HASH = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}", re.IGNORECASE)
# Scheme, authority, and the rest as it is: a path or query may hold `[.]` that is its own.
_URL = re.compile(r"(?:([a-z][a-z0-9+.-]*)(?:\[:\]//|\[://\]|://))?([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_PORT = re.compile(r"(.*?)(?::([0-9]{0,5}))?")
_DEFANGED_SCHEMES = {"hxxp": "http", "hxxps": "https"}
_MOST_PORT = 65535


def parse_as(kind: Kind, value: object) -> Indicator:
    """`value` as an indicator of `kind`. Raises `InvalidIndicator`."""
    return _PARSERS[kind](checked_text(value))


def recognise(value: object) -> Indicator:
    """`value` as whatever it is: hash, address, URL or domain, tried in this order. Raises `InvalidIndicator`."""
    text = checked_text(value)
    if _HASH.fullmatch(text):
        return _hash(text)
    if canonical_address(refang(text)) is not None:
        return _ip(text)
    if "/" in text:
        return _url(text)
    try:
        return _domain(text)
    except InvalidIndicator:
        raise refuse(text, "is not a hash, URL, domain or address") from None


def _hash(text: str) -> Indicator:
    if not _HASH.fullmatch(text):
        raise refuse(text, "is not an MD5, SHA-1 or SHA-256 (32, 40 or 64 hexadecimal digits)")
    return Indicator("hash", text.lower())


def _ip(text: str) -> Indicator:
    address = canonical_address(refang(text))
    if address is None:
        raise refuse(text, "is not an IPv4 or IPv6 address")
    return Indicator("ip", str(address), str(address))


def _domain(text: str) -> Indicator:
    plain = refang(text)
    if canonical_address(plain) is not None:
        raise refuse(text, "is an address, not a domain; use lookup_ip")
    if "/" in plain:
        raise refuse(text, "is a URL, not a domain; use lookup_url")
    name = canonical_domain(plain)
    if "." not in name and name != "localhost":
        raise refuse(text, "is not a domain name: it has only one part")
    if not may_be_public(name):
        raise refuse(text, "is not a domain name: no top-level domain is called like its last part")
    return Indicator("domain", name, name)


def _url(text: str) -> Indicator:
    """Canonical as far as VirusTotal's own form is known from its answers: scheme and host in lower case, `/` for
    an empty path, `http://` where no scheme stands, port, user, query and fragment as they are.
    """
    if any(char.isspace() for char in text):
        raise refuse(text, "is not a URL: it has blanks; write them as %20")
    match = _URL.fullmatch(text)
    assert match is not None  # every part may be empty
    scheme, authority, tail = match.groups()
    user, at, hostport = authority.rpartition("@")
    if at and scheme is None:
        raise refuse(text, "is an e-mail address, or a URL without its scheme")
    if "\\" in user:
        raise refuse(text, "is not a URL: browsers and others differ over which host it names")
    host, port = _host_and_port(refang(hostport), text)
    scheme = (scheme or "http").lower()
    path = tail if tail.startswith("/") else "/" + tail
    value = f"{_DEFANGED_SCHEMES.get(scheme, scheme)}://{user}{at}{host}{port}{path}"
    if len(value) > MAX_LENGTH:
        raise refuse(text, f"is longer than {MAX_LENGTH} characters")
    return Indicator("url", value, host)


def _host_and_port(hostport: str, text: str) -> tuple[str, str]:
    """Both canonical; the port with its colon, empty where none stands."""
    match = _PORT.fullmatch(hostport)
    assert match is not None  # the host may be anything, and the port missing
    host, port = match.groups()
    if not host:
        raise refuse(text, "is not a URL: it has no host")
    if port and int(port) > _MOST_PORT:
        raise refuse(text, f"is not a URL: there is no port {port}")
    return canonical_url_host(host), f":{int(port)}" if port else ""


_PARSERS: dict[Kind, Callable[[str], Indicator]] = {"hash": _hash, "url": _url, "domain": _domain, "ip": _ip}
