"""Indicators that must not be sent: private addresses, internal names, and the user's own entries.

Reserved addresses are those of IANA's registries, because Python's own list depends on its version:
https://www.iana.org/assignments/iana-ipv4-special-registry and .../iana-ipv6-special-registry.

VirusTotal shows queried indicators to its community (https://docs.virustotal.com/reference/files-upload-url).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from ..errors import ConfigError, InvalidIndicator
from ..light_typing import TYPE_CHECKING, Union
from ..quick_imports import pattern
from .indicator import Indicator

if TYPE_CHECKING:
    import ipaddress

    from .hosts import Address

Network = Union["ipaddress.IPv4Network", "ipaddress.IPv6Network"]
# A number over 255 is a normal label.
_OCTET = pattern(r"0*(?:[0-9]{1,2}|1[0-9]{2}|2[0-4][0-9]|25[0-5])")
_NIBBLE = pattern(r"[0-9a-f]")


def reversed_network(name: str) -> Network | None:
    """The address or network of the canonical `name`; None if it is not a reverse-DNS name.

    Labels before it are ignored: services (`_dns-sd._udp`), or numbers that do not fit into an address.
    """
    import ipaddress

    labels = name.split(".")
    suffix = labels[-2:]
    if suffix == ["in-addr", "arpa"]:
        octets = _trailing(labels[:-2], _OCTET, 4)
        if not octets:
            return None
        address = int.from_bytes(bytes(map(int, octets)).ljust(4, b"\0"), "big")
        return ipaddress.IPv4Network((address, 8 * len(octets)))
    if suffix == ["ip6", "arpa"]:
        nibbles = _trailing(labels[:-2], _NIBBLE, 32)
        if not nibbles:
            return None
        return ipaddress.IPv6Network((int("".join(nibbles).ljust(32, "0"), 16), 4 * len(nibbles)))
    return None


def _trailing(labels: list[str], form: re.Pattern[str], most: int) -> list[str]:
    """The last labels of this form, the last one first."""
    found: list[str] = []
    for label in reversed(labels):
        if len(found) == most or not form.fullmatch(label):
            break
        found.append(label)
    return found


@functools.cache
def _v4() -> list[ipaddress.IPv4Network]:
    """Made at the first use, because most processes look up no address."""
    import ipaddress

    networks = (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
    return [ipaddress.IPv4Network(network) for network in networks]


@functools.cache
def _v6() -> tuple[ipaddress.IPv6Network, list[ipaddress.IPv6Network]]:
    """The only global unicast range, and the parts of it that are reserved for protocols and documentation."""
    import ipaddress

    reserved = ("2001::/23", "2001:db8::/32", "3fff::/20")
    return ipaddress.IPv6Network("2000::/3"), [ipaddress.IPv6Network(network) for network in reserved]


def is_reserved(address: Address) -> bool:
    """Private, shared, link-local, multicast, loopback, documentation or unassigned. 6to4 counts like the v4 in it."""
    if address.version == 4:
        return any(address in network for network in _v4())
    if address.sixtofour is not None:
        return is_reserved(address.sixtofour)
    unicast, reserved = _v6()
    return address not in unicast or any(address in network for network in reserved)


# Names in home and company networks, and names that the public DNS will never have: RFC 2606 and 6761 (localhost,
# test, invalid), RFC 6762 with its appendix G (local, intranet, internal, private, corp, home, lan), RFC 7686 (onion),
# RFC 8375 (home.arpa), RFC 9476 (alt), ICANN's resolution 2018.02.04.12 (corp, home, mail).
_INTERNAL = (
    *("localhost", "localdomain", "local", "internal", "intranet", "intra", "private", "corp", "home", "lan", "mail"),
    *("home.arpa", "test", "invalid", "onion", "alt"),
)
_INTERNAL_NAMES = frozenset(_INTERNAL)


def is_internal(host: str) -> bool:
    """Whether the canonical name `host` is internal."""
    labels = host.split(".")
    return labels[-1] in _INTERNAL_NAMES or ".".join(labels[-2:]) in _INTERNAL_NAMES


class NeverQuery:
    """The rule. `reason(indicator)` is the reason why it must not be sent, or None if it may be.

    `extra` are domains (including subdomains), addresses and networks. Raises `ConfigError` for anything else.
    """

    def __init__(self, extra: Sequence[str] = ()) -> None:
        self._networks: list[Network] = []
        self._domains: list[str] = []
        for entry in filter(None, (item.strip() for item in extra)):
            self._add(entry)

    def _add(self, entry: str) -> None:
        import ipaddress

        from .hosts import canonical_address, canonical_domain

        try:
            self._networks.append(ipaddress.ip_network(canonical_address(entry) or entry, strict=False))
            return
        except ValueError:
            pass
        try:
            self._domains.append(canonical_domain(entry.lstrip("*").lstrip(".")))
        except InvalidIndicator as error:
            raise ConfigError(f"VT_NEVER_QUERY: {error.message}, nor a network") from error

    def reason(self, indicator: Indicator) -> str | None:
        if not indicator.host:
            return None
        from .hosts import canonical_address

        address = canonical_address(indicator.host)
        if address is not None:
            return self._address_reason(address)
        return self._domain_reason(indicator.host)

    def _address_reason(self, address: Address) -> str | None:
        if is_reserved(address):
            return "private_address"
        return "never_query" if any(_has(known, address) for known in self._networks) else None

    def _domain_reason(self, host: str) -> str | None:
        if "." not in host or is_internal(host):
            return "internal_name"
        if any(host == domain or host.endswith("." + domain) for domain in self._domains):
            return "never_query"
        network = reversed_network(host) if host.endswith(".arpa") else None
        return self._network_reason(network) if network is not None else None

    def _network_reason(self, network: Network) -> str | None:
        """The reason for a reverse-DNS name of `network`; a single address is also a network."""
        if is_reserved(network[0]) and is_reserved(network[-1]):
            return "private_address"
        is_listed = any(_has(known, network[0]) and _has(known, network[-1]) for known in self._networks)
        return "never_query" if is_listed else None


def _has(network: Network, address: Address) -> bool:
    """Whether the address is in the network; for a 6to4 address, also whether the v4 address in it is."""
    inner = address.sixtofour if address.version == 6 else None
    return address in network or (inner is not None and inner in network)
