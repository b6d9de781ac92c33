"""Text to indicator: one parser for each kind, and one that recognises the kind."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from ..errors import InvalidIndicator
from ..light_typing import Callable
from ..patterns import pattern
from .hashes import is_hash, is_labelled, strongest_of
from .hosts import canonical_address, canonical_domain, canonical_url_host, may_be_public
from .indicator import MAX_LENGTH, Indicator, Kind, checked_text, refuse
from .lists import values_in
from .never_query import NeverQuery, is_internal
from .spelling import bare, refang, without_port
from .top_level_domains import is_top_level
from .url_scheme import has_scheme, is_scheme, read_head
from .userinfo import removed_parts, shown_without_credentials, without_inner_users

# The authority, and the rest unchanged: a path or query may contain a literal `[.]`.
_PARTS = pattern(r"([^/?#]*)(.*)", re.DOTALL)
_PORT = pattern(r"(.*?)(?::([0-9]{0,5}))?")
_MOST_PORT = 65535


def parse_as(kind: Kind, value: object) -> Indicator:
    """`value` as an indicator of `kind`. Raises `InvalidIndicator`."""
    text = _text(kind, value)
    try:
        return _PARSERS[kind](text)
    except InvalidIndicator:
        _refuse_list(kind, text)
        raise


def recognise(value: object, never_query: NeverQuery | None = None) -> Indicator:
    """`value` as a hash, address, URL or domain, tried in this order. Raises `InvalidIndicator`.

    A domain, or a URL without a scheme, must have a known top-level domain, because file names and networks look
    similar. Names in `never_query` and internal names are recognised without one.
    """
    text = _text(None, value)
    try:
        return _recognised(text, never_query)
    except InvalidIndicator:
        _refuse_list(None, text)
        raise


def _recognised(text: str, never_query: NeverQuery | None) -> Indicator:
    if is_hash(text) or is_labelled(text):
        return _hash(text)
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
        raise refuse(
            text,
            f"is not recognised as a domain or URL: there is no top-level domain {found.host.rpartition('.')[2]!r}; "
            "to use it anyway, give its type",
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


def first_of_equal(kind: Kind | None, values: Iterable[str]) -> dict[str, str]:
    """Each of `values` with the first value that is the same indicator, of `kind` or recognised. An invalid value is
    mapped to itself.
    """
    firsts: dict[str, str] = {}
    found: dict[str, str] = {}
    for value in values:
        try:
            indicator = recognise(value) if kind is None else parse_as(kind, value)
        except InvalidIndicator:
            found[value] = value
        else:
            # Removed parts are reported, so values with different removed parts are not grouped.
            found[value] = firsts.setdefault(" ".join((indicator.key, *indicator.removed)), value)
    return found


def _text(kind: Kind | None, value: object) -> str:
    if isinstance(value, str):
        _refuse_lines(kind, value)
    text = bare(checked_text(value))
    if kind != "url" and "/" not in text:
        text = bare(text.rstrip(",;"))
    if not text:
        raise InvalidIndicator("the indicator is empty")
    return text


def _refuse_lines(kind: Kind | None, text: str) -> None:
    """Refuse several lines with the error for a list, not with the one for control characters."""
    if len(text) <= MAX_LENGTH and "\n" in text.strip():
        _refuse_list(kind, text)


def _refuse_list(kind: Kind | None, text: str) -> None:
    count = len(values_in(kind, text))
    if count > 1:
        raise refuse(text, f"is a list of {count} values; send each in a separate request")


def _hash(text: str) -> Indicator:
    if is_hash(text):
        return Indicator("hash", text.lower())
    strongest = strongest_of(text) if is_labelled(text) else None
    if strongest is None:
        raise refuse(text, "is not an MD5, SHA-1 or SHA-256 (32, 40 or 64 hexadecimal digits)")
    return Indicator("hash", strongest)


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
    if len(values_in("url", text)) > 1:
        _refuse_list("url", text)
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


_PARSERS: dict[Kind, Callable[[str], Indicator]] = {"hash": _hash, "url": _url, "domain": _domain, "ip": _ip}
