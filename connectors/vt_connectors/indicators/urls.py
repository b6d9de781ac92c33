"""Text to URL, domain or address, and which of them a text is."""

from __future__ import annotations

import ipaddress
import re

from ..errors import InvalidIndicator
from ..light_typing import Callable
from ..quick_imports import pattern
from .hosts import (
    canonical_address,
    canonical_domain,
    canonical_url_host,
    is_top_level,
    may_be_public,
    refang,
    without_port,
)
from .indicator import MAX_LENGTH, Indicator, Kind, refuse
from .lists import refuse_list
from .never_query import NeverQuery, is_internal
from .url_scheme import has_scheme, is_scheme, read_head
from .userinfo import removed_parts, shown_without_credentials, without_inner_users

# The authority, and the rest unchanged: a path or query may contain a literal `[.]`.
_PARTS = pattern(r"([^/?#]*)(.*)", re.DOTALL)
_PORT = pattern(r"(.*?)(?::([0-9]{0,5}))?")
_MOST_PORT = 65535


def recognised(text: str, never_query: NeverQuery | None) -> Indicator:
    """`text`, which is no hash, as an address, URL or domain. Raises `InvalidIndicator`."""
    if canonical_address(without_port(refang(text))) is not None:
        return _ip(text)
    if has_scheme(text):
        return _url(text)
    if _is_network(refang(text)):
        raise refuse(text, "is a network, not an indicator; look up its addresses")
    try:
        found = _url(text) if "/" in text else _domain(text)
    except InvalidIndicator as error:
        if "/" in text:
            raise
        raise refuse(text, "is not a hash, URL, domain or address") from error
    if canonical_address(found.host) is None and not _is_name(found, never_query):
        ending = found.host.rpartition(".")[2]
        raise refuse(
            text,
            f"is not recognised as a domain or URL: there is no top-level domain {ending!r}; to use it anyway, give "
            "its type",
            {"top_level_domain": ending} if found.kind == "domain" else None,
        )
    return found


def _is_name(found: Indicator, never_query: NeverQuery | None) -> bool:
    if is_top_level(found.host.rpartition(".")[2]) or is_internal(found.host):
        return True
    return never_query is not None and never_query.reason(found) is not None


def _is_network(text: str) -> bool:
    address, slash, _ = text.partition("/")
    if not slash or canonical_address(address) is None:
        return False
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _ip(text: str) -> Indicator:
    address = canonical_address(without_port(refang(text)))
    if address is None:
        raise refuse(text, "is not an IPv4 or IPv6 address")
    return Indicator("ip", str(address), str(address))


def _domain(text: str) -> Indicator:
    plain = without_port(refang(text))
    if canonical_address(plain) is not None:
        raise refuse(text, "is an address, not a domain; use lookup_ip")
    if "/" in plain:
        raise refuse(text, "is a URL, not a domain; use lookup_url")
    name = canonical_domain(plain)
    if "." not in name and name != "localhost":
        raise refuse(text, "is not a domain name: it has only one part")
    if not may_be_public(name):
        raise refuse(text, "is not a domain name: its last part is not a top-level domain")
    return Indicator("domain", name, name)


def _url(text: str) -> Indicator:
    """The canonical form, as far as VirusTotal's own form is known from its responses: scheme and host in lower case,
    `/` for an empty path, `http://` if there is no scheme; port, query and fragment unchanged; no user names, also not
    in URLs inside it.
    """
    if len(text.split(None, 1)) > 1:
        raise refuse(text, "is not a URL: it has blanks; write them as %20")
    refuse_list("url", text)
    scheme, rest, is_exact = read_head(text)
    match = _PARTS.fullmatch(rest)
    assert match is not None  # every part may be empty
    authority, tail = match.groups()
    user, at, hostport = authority.rpartition("@")
    if at and not scheme:
        raise refuse(text, "is an e-mail address, or a URL without its scheme")
    if "\\" in user:
        raise refuse(text, "is not a URL: its host is ambiguous, because programs read it differently")
    host, port = _host_and_port(refang(hostport), text)
    if is_scheme(host) or not (is_exact or _is_plain(refang(hostport), host)):
        raise refuse(text, "is not a URL: its host is ambiguous; write it as https://host/path")
    if "." not in host and "@" in tail:
        raise refuse(text, "is not a URL: its user name or password has a character that must be escaped")
    tail, removed = _without_inner(tail, removed_parts(user), text)
    value = f"{scheme or 'http'}://{host}{port}{tail if tail.startswith('/') else '/' + tail}"
    if len(value) > MAX_LENGTH:
        raise refuse(text, f"is longer than {MAX_LENGTH} characters")
    return Indicator("url", value, host, removed)


def _without_inner(tail: str, removed: tuple[str, ...], text: str) -> tuple[str, tuple[str, ...]]:
    """The part after the host without users of URLs in it, and the names of all removed parts."""
    tail, inner, is_all = without_inner_users(tail)
    if not is_all:
        raise refuse(text, "is not a URL: it has nested user names")
    return tail, tuple(name for name in ("user", "password") if name in removed or name in inner)


def _is_plain(hostport: str, host: str) -> bool:
    """Whether a text without a scheme clearly begins with a host, unlike `10.1`, `etc` or `C:`."""
    if canonical_address(host) is not None:
        return canonical_address(without_port(hostport.rstrip(":"))) is not None
    return host == "localhost" or ("." in host and may_be_public(host))


def _host_and_port(hostport: str, text: str) -> tuple[str, str]:
    """Both in canonical form; the port with its colon, or empty if there is none."""
    match = _PORT.fullmatch(hostport)
    assert match is not None  # the host may be anything, and the port missing
    host, port = match.groups()
    if not host:
        raise refuse(text, "is not a URL: it has no host")
    # Each of these could be part of a password.
    is_shown = shown_without_credentials(text) == text and "@" not in text and "\uff20" not in text
    if port and int(port) > _MOST_PORT:
        raise refuse(text, f"is not a URL: there is no port {port if is_shown else 'of this number'}")
    try:
        return canonical_url_host(host), f":{int(port)}" if port else ""
    except InvalidIndicator:
        what = f"{host[:80]!a} is not a host" if is_shown else "its host cannot be read"
        raise refuse(text, f"is not a URL: {what}") from None


PARSERS: dict[Kind, Callable[[str], Indicator]] = {"url": _url, "domain": _domain, "ip": _ip}
