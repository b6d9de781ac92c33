"""Reverse-DNS names: addresses and networks in reverse order (RFC 1035, 3.5; RFC 3596, 2.5)."""

from __future__ import annotations

import ipaddress
import re
from typing import Union

from ..patterns import pattern

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
# A number over 255 is a normal label.
_OCTET = pattern(r"0*(?:[0-9]{1,2}|1[0-9]{2}|2[0-4][0-9]|25[0-5])")
_NIBBLE = pattern(r"[0-9a-f]")


def reversed_network(name: str) -> Network | None:
    """The address or network of the canonical `name`; None if it is not a reverse-DNS name.

    Labels before it are ignored: services (`_dns-sd._udp`), or numbers that do not fit into an address.
    """
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
