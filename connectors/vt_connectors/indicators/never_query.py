"""Indicators that must not be sent: private addresses, internal names, and the user's own entries.

VirusTotal shows queried indicators to its community (https://docs.virustotal.com/reference/files-upload-url).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from ..errors import ConfigError, InvalidIndicator
from .hosts import Address, canonical_address, canonical_domain
from .indicator import Indicator
from .reserved import is_reserved
from .reverse_names import Network, reversed_network

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
    inner = address.sixtofour if isinstance(address, ipaddress.IPv6Address) else None
    return address in network or (inner is not None and inner in network)
