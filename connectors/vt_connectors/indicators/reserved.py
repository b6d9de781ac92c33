"""Addresses that are not public, by IANA's registries, because Python's own list depends on its version.

https://www.iana.org/assignments/iana-ipv4-special-registry and .../iana-ipv6-special-registry.
"""

from __future__ import annotations

import ipaddress

from .hosts import Address

_V4 = [
    ipaddress.IPv4Network(network)
    for network in (
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
]
# The only global unicast range; parts of it are reserved for protocols and documentation.
_V6_UNICAST = ipaddress.IPv6Network("2000::/3")
_V6 = [ipaddress.IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "3fff::/20")]


def is_reserved(address: Address) -> bool:
    """Private, shared, link-local, multicast, loopback, documentation or unassigned. 6to4 counts like the v4 in it."""
    if isinstance(address, ipaddress.IPv4Address):
        return any(address in network for network in _V4)
    if address.sixtofour is not None:
        return is_reserved(address.sixtofour)
    return address not in _V6_UNICAST or any(address in network for network in _V6)
