"""Passive DNS: pairs of host names and addresses."""

from __future__ import annotations

from typing import Callable

from ..data.deterministic import digest, draw, pick
from ..data.engines import stats_of
from ..data.kinds import Item, Kind
from ..data.objects import scan_profile
from ..data.web_attributes import REFERENCE_TIME, invented_address
from ..http.messages import JsonObject

_DAY_S = 86400
_MOST_ROWS = 60
_RESOLVERS = ("VirusTotal", "Sandbox Resolver")
# Fixed pairs of name and address.
_PAIRS: tuple[tuple[str, str], ...] = (
    ("malicious.example", "203.0.113.66"),
    ("phishing.example", "203.0.113.66"),
    ("malicious.example", "192.52.193.66"),
    ("suspicious.example", "198.51.100.23"),
)


def resolutions_of(item: Item, link_to: Callable[[str], str]) -> list[JsonObject]:
    """The rows for a domain or an address, newest first; `link_to` makes a row's URL from its id."""
    if item.kind is Kind.DOMAIN:
        pairs = [pair for pair in _PAIRS if pair[0] == item.value]
        pairs += [(item.value, invented_address(item.value, f"row {n}")) for n in range(_rows(item))]
    else:
        pairs = [pair for pair in _PAIRS if pair[1] == item.value]
        pairs += [(_invented_host(item.value, n), item.value) for n in range(_rows(item))]
    date = REFERENCE_TIME
    rows: dict[str, JsonObject] = {}
    for host, address in pairs:
        date -= 3600 + draw(address + host, "age", 20 * _DAY_S)
        row = _row(host, address, date, link_to)
        rows.setdefault(row["id"], row)
    return list(rows.values())


def _rows(item: Item) -> int:
    return draw(item.value, "resolutions", _MOST_ROWS)


def _invented_host(address: str, number: int) -> str:
    return f"host-{digest(address, f'host {number}')[:10]}.example"


def _row(host: str, address: str, date: int, link_to: Callable[[str], str]) -> JsonObject:
    domain, ip = Item(Kind.DOMAIN, host), Item(Kind.IP, address)
    ident = address + host
    return {
        "type": "resolution",
        "id": ident,
        "links": {"self": link_to(ident)},
        "attributes": {
            "date": date,
            "host_name": host,
            "ip_address": address,
            "resolver": pick(ident, "resolver", _RESOLVERS),
            "host_name_last_analysis_stats": stats_of(domain, scan_profile(domain)),
            "ip_address_last_analysis_stats": stats_of(ip, scan_profile(ip)),
        },
    }
