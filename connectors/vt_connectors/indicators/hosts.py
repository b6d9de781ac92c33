"""Domain names and addresses in canonical form; the host part of URLs uses the same rules.

The existing top-level domains are those of the Public Suffix List in the library `publicsuffixlist`. The list
(https://publicsuffix.org/list/) has every top-level domain of the root zone, each on a separate line.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..light_typing import TYPE_CHECKING, Union
from ..quick_imports import pattern
from .indicator import refuse

if TYPE_CHECKING:
    import ipaddress

Address = Union["ipaddress.IPv4Address", "ipaddress.IPv6Address"]

# Letters, digits and hyphens, and also underscores, because real names have them (`_dmarc`).
_LABEL = pattern(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# The form of names in the root of the public DNS: letters, or an IDNA name.
_TOP_LEVEL = pattern(r"[a-z]{2,63}|xn--[a-z0-9-]{1,59}")
# The interface of an address, in URLs with an escaped `%`.
_ZONE = pattern(r"%(?:25)?[A-Za-z0-9._~-]+\Z")
_ZONED = pattern(r"[0-9a-f.]*:[0-9a-f:.]*%", re.IGNORECASE)
_LOOKS_NUMERIC = pattern(r"(0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)

# RFC 2606: for documentation; lookups are allowed, because they reveal nothing.
_DOCUMENTATION = "example"
_END = b"===END ICANN DOMAINS==="
# Defanging, in any case: `[.]`, `(.)`, `{.}`, `[dot]`, `(dot)`, `{dot}`; `[:]`.
_DOT = pattern(r"\[(?:\.|dot)\]|\((?:\.|dot)\)|\{(?:\.|dot)\}", re.IGNORECASE)
# The debug log of Windows' DNS server has the length before each label: `(4)evil(7)example(0)`.
_COUNTED_NAME = pattern(r"(?:\([0-9]{1,2}\)[^()\s]+)+(?:\(0\))?")
_COUNTED_LABEL = pattern(r"\(([0-9]{1,2})\)([^()\s]+)")
_WITH_PORT = pattern(r"(\[[^\[\]]+\]|[^:\[\]]+):([0-9]{1,5})")
_MOST_PORT = 65535


def canonical_address(text: str) -> Address | None:
    """`text` as an address, or None.

    An IPv4-mapped IPv6 address becomes the IPv4 address; a zone (`%eth0`) is removed, because it is local.
    """
    text = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if _ZONED.match(text):
        text = _ZONE.sub("", text)
    if ":" not in text and not text[-1:].isdigit():
        return None  # most values are names, and an exception takes ten times as long
    import ipaddress

    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if getattr(address, "scope_id", None):
            return None
        return address.ipv4_mapped or address
    return address


def canonical_domain(text: str) -> str:
    """`text` in lower case, without a trailing dot, with IDNA (UTS 46) if it is not ASCII.

    Raises `InvalidIndicator`.
    """
    name = text.rstrip(".") if text.endswith(".") and not text.endswith("..") else text
    name = name.lower() if name.isascii() else _to_ascii(name, text)
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise refuse(text, "is not a domain name")
    if _LOOKS_NUMERIC.fullmatch(labels[-1]):
        raise refuse(text, "is not a domain name: its last part is a number")
    return name


def may_be_public(domain: str) -> bool:
    """Whether the last part of a canonical domain can be a top-level domain's name."""
    return _TOP_LEVEL.fullmatch(domain.rpartition(".")[2]) is not None


def _to_ascii(name: str, text: str) -> str:
    import idna

    try:
        mapped = idna.uts46_remap(name, std3_rules=False, transitional=False)
        return ".".join(map(_label_to_ascii, mapped.split("."))).rstrip(".").lower()
    except idna.IDNAError as error:
        raise refuse(text, "is not a domain name (IDNA)") from error


def _label_to_ascii(label: str) -> str:
    """IDNA 2008, and also emoji, because UTS 46 allows them and registries sell them. Raises `idna.IDNAError`."""
    import idna

    if label.isascii():
        return label
    if not any(map(_is_emoji, label)):
        return idna.alabel(label).decode("ascii")
    others = "".join(character for character in label if not _is_emoji(character))
    if not others.isascii():
        idna.alabel(others)
    idna.check_bidi(label)
    return "xn--" + label.encode("punycode").decode("ascii")


def _is_emoji(character: str) -> bool:
    """A picture symbol or a skin tone: these cannot be confused with a letter, dot or slash."""
    import unicodedata

    return ord(character) > 0x2000 and (
        unicodedata.category(character) == "So" or "\U0001f3fb" <= character <= "\U0001f3ff"
    )


def canonical_url_host(host: str) -> str:
    """The host of a URL: `[v6]`, a dotted v4 (also from browsers' octal, hex and single-number forms), or a domain.

    The unusual forms of v4 matter: `http://2130706433/` is this machine. Raises `InvalidIndicator`.
    """
    # Without brackets, the end of a v6 address could be a port.
    address = canonical_address(host) if host.startswith("[") or ":" not in host else None
    if address is not None:
        return f"[{address}]" if address.version == 6 else str(address)
    if ":" in host or "[" in host:
        raise refuse(host, "is not a host")
    if _LOOKS_NUMERIC.fullmatch(host.rstrip(".").rpartition(".")[2]):
        return _number_host(host)
    return canonical_domain(host)


def _number_host(host: str) -> str:
    import socket

    try:
        return socket.inet_ntoa(socket.inet_aton(host.rstrip(".")))
    except (OSError, ValueError) as error:
        raise refuse(host, "is not a host") from error


def is_top_level(label: str) -> bool:
    """Whether the canonical `label` was a top-level domain when the list was made."""
    return label == _DOCUMENTATION or _is_listed(label)


@lru_cache(maxsize=4096)
def _is_listed(label: str) -> bool:
    name = label
    if label.startswith("xn--"):
        try:
            name = label[4:].encode("ascii").decode("punycode")
        except UnicodeError:
            return False
    line = name.encode("utf-8", "replace")
    # Some only have a wildcard rule for the names below them.
    return b"\n%b\n" % line in _rules() or b"\n*.%b\n" % line in _rules()


@lru_cache(maxsize=1)
def _rules() -> bytes:
    import pkgutil

    found = pkgutil.get_data("publicsuffixlist", "public_suffix_list.dat")
    assert found is not None, "the library has its list as a file"
    return found.replace(b"\r\n", b"\n").partition(_END)[0]


def refang(text: str) -> str:
    """The host without its usual defanging (`[.]`, `(dot)`, `[:]`) or the form of a DNS server's debug log."""
    if "(" in text and _COUNTED_NAME.fullmatch(text):
        labels = _COUNTED_LABEL.findall(text)
        if all(int(count) == len(label) for count, label in labels):
            return ".".join(label for _, label in labels)
    return _DOT.sub(".", text).replace("[:]", ":")


def without_port(host: str) -> str:
    """`host` without the port in `name:port`, `address:port` or `[v6]:port`."""
    match = _WITH_PORT.fullmatch(host)
    return match[1] if match is not None and int(match[2]) <= _MOST_PORT else host
