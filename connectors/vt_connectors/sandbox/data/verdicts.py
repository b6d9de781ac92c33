"""The verdict on every possible item: from the catalogue, else fixed by the item's value."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from .catalogue import known
from .deterministic import draw
from .kinds import Item, Kind, Verdict

# Of a hundred values that are not in the catalogue, the number below each bound.
_UNKNOWN_BELOW = 20
_UNDETECTED_BELOW = 65
_SUSPICIOUS_BELOW = 80


@dataclass(frozen=True)
class Profile:
    """A verdict and, if set, its number of detections."""

    verdict: Verdict
    detections: int | None = None


def profile_of(item: Item) -> Profile:
    """The profile of `item` before it is submitted to this server."""
    entry = known(item)
    if entry is not None:
        return Profile(entry.verdict, entry.detections)
    if item.kind is Kind.IP:
        return Profile(_ip_verdict(item))
    return Profile(_drawn(item))


def is_heard_of(address: Item) -> bool:
    """Whether hosts were ever seen at an IP address; it has a report in any case."""
    if known(address) is not None:
        return True
    return ipaddress.ip_address(address.value).is_global and _drawn(address) is not Verdict.UNKNOWN


def _ip_verdict(item: Item) -> Verdict:
    # Every address has a report; addresses that are not public have no detections.
    return _drawn(item) if is_heard_of(item) else Verdict.UNDETECTED


def _drawn(item: Item) -> Verdict:
    chance = draw(f"{item.kind.value}:{item.value}", "verdict", 100)
    if chance < _UNKNOWN_BELOW:
        return Verdict.UNKNOWN
    if chance < _UNDETECTED_BELOW:
        return Verdict.UNDETECTED
    return Verdict.SUSPICIOUS if chance < _SUSPICIOUS_BELOW else Verdict.MALICIOUS
