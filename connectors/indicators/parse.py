"""Text to indicator: one parser a kind, and one that recognises the kind."""

from __future__ import annotations

import re
from typing import Callable

from ..errors import InvalidIndicator
from .hosts import canonical_address, canonical_domain, canonical_url_host
from .indicator import Indicator, Kind, checked_text, refang, refuse

_HASH = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://(.*)", re.IGNORECASE | re.DOTALL)
_AUTHORITY = re.compile(r"([^/?#]*)(.*)", re.DOTALL)
# Scheme and authority, defanged or not: a path or query may hold `[.]` that is its own.
_HEAD = re.compile(r"((?:[a-z][a-z0-9+.-]*(?:\[:\]//|\[://\]|://))?[^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_PORT = re.compile(r"(.*?)(:[0-9]{0,5})?")


def parse_as(kind: Kind, value: object) -> Indicator:
    """`value` as an indicator of `kind`. Raises `InvalidIndicator`."""
    return _PARSERS[kind](checked_text(value))


def recognise(value: object) -> Indicator:
    """`value` as whatever it is: hash, address, URL or domain, tried in this order. Raises `InvalidIndicator`."""
    text = checked_text(value)
    if _HASH.fullmatch(text):
        return _hash(text)
    plain = refang(text)
    if canonical_address(plain) is not None:
        return _ip(text)
    if "://" in plain or "/" in plain:
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
    if "://" in plain:
        raise refuse(text, "is a URL, not a domain; use lookup_url")
    name = canonical_domain(plain)
    if "." not in name and name != "localhost":
        raise refuse(text, "is not a domain name: it has only one part")
    return Indicator("domain", name, name)


def _url(text: str) -> Indicator:
    """Canonical as far as VirusTotal's own form is known from its answers: scheme and host in lower case, `/` for
    an empty path, `http://` where no scheme stands, port, query and fragment as they are.
    """
    head, tail = _split(_HEAD, text)
    plain = refang(head) + tail
    if any(char.isspace() for char in plain):
        raise refuse(text, "is not a URL: it has blanks; write them as %20")
    match = _SCHEME.fullmatch(plain) or _SCHEME.fullmatch("http://" + plain)
    if match is None:
        raise refuse(text, "is not a URL")
    scheme, rest = match.groups()
    authority, tail = _split(_AUTHORITY, rest)
    userinfo, at, hostport = authority.rpartition("@")
    host, port = _split(_PORT, hostport)
    if not host:
        raise refuse(text, "is not a URL: it has no host")
    host = canonical_url_host(host)
    path = tail if tail.startswith("/") else "/" + tail
    port = "" if port == ":" else port
    return Indicator("url", f"{scheme.lower()}://{userinfo}{at}{host}{port}{path}", host)


def _split(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    match = pattern.fullmatch(text)
    return (match.group(1), match.group(2) or "") if match else (text, "")


_PARSERS: dict[Kind, Callable[[str], Indicator]] = {"hash": _hash, "url": _url, "domain": _domain, "ip": _ip}
