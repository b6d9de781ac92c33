"""The verdict on every item there is: the catalogue's, else one fixed by the item's value."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from .catalogue import known
from .draws import draw
from .kinds import Item, Kind, Verdict

# Of a hundred uncatalogued values so many are below each bound.
_UNKNOWN_BELOW = 20
_UNDETECTED_BELOW = 65
_SUSPICIOUS_BELOW = 80


@dataclass(frozen=True)
class Profile:
    """A verdict and, if it is set, how many engines are behind it."""

    verdict: Verdict
    detections: int | None = None


def profile_of(item: Item) -> Profile:
    """What there is to say about `item` before anyone submits it to this server."""
    entry = known(item)
    if entry is not None:
        return Profile(entry.verdict, entry.detections)
    if item.kind is Kind.IP:
        return Profile(_ip_verdict(item))
    return Profile(_drawn(item))


def _ip_verdict(item: Item) -> Verdict:
    # There is a report on every address, and nothing bad to say of one that is not on the internet.
    drawn = _drawn(item)
    is_public = ipaddress.ip_address(item.value).is_global
    return drawn if is_public and drawn is not Verdict.UNKNOWN else Verdict.UNDETECTED


def _drawn(item: Item) -> Verdict:
    chance = draw(f"{item.kind.value}:{item.value}", "verdict", 100)
    if chance < _UNKNOWN_BELOW:
        return Verdict.UNKNOWN
    if chance < _UNDETECTED_BELOW:
        return Verdict.UNDETECTED
    return Verdict.SUSPICIOUS if chance < _SUSPICIOUS_BELOW else Verdict.MALICIOUS
