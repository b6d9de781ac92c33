"""What must not leave the house: private addresses, internal names, and what the user adds.

VirusTotal shows its community what is queried (https://docs.virustotal.com/reference/files-upload-url).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Union

from ..errors import ConfigError, InvalidIndicator
from .hosts import Address, canonical_address, canonical_domain
from .indicator import Indicator
from .reserved import is_reserved

_INTERNAL = ("localhost", "local", "internal", "lan")
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


class NeverQuery:
    """The rule. `reason(indicator)` says why it is not asked about, or None when it may be.

    `extra` are domains (their subdomains too), addresses and networks. Raises `ConfigError` for anything else.
    """

    def __init__(self, extra: Sequence[str] = ()) -> None:
        self._networks: list[Network] = []
        self._domains: list[str] = list(_INTERNAL)
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
        if any(address in network for network in self._networks if network.version == address.version):
            return "never_query"
        return None

    def _domain_reason(self, host: str) -> str | None:
        if "." not in host:
            return "internal_name"
        for domain in self._domains:
            if host == domain or host.endswith("." + domain):
                return "internal_name" if domain in _INTERNAL else "never_query"
        return None
