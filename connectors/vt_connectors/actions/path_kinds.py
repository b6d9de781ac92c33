"""How long the answer to a reading call of API v3 may be cached, by the kind of its path. Pure.

Paths: https://docs.virustotal.com/reference/overview. Lifetimes are in seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

OBJECTS = ("files", "urls", "domains", "ip_addresses")
LISTINGS = ("comments", "votes")

_SHORT_S, _PAGE_S, _LONG_S = 600.0, 3600.0, 86400.0
# The state of a job or an account, addresses that are valid once, streams, and objects that expire.
_NEVER = frozenset(("analyses", "users", "groups", "metadata", "feeds", "private", "me"))
_NEVER_BEGINNING = ("monitor", "ioc_stream", "hunting_notification")
# Also as the last segment: what leads to a file, and scans of one object.
_NEVER_LAST = frozenset(("upload_url", "download", "download_url", "analyses"))
_BEHAVIOURS = frozenset(("behaviours", "behaviour_summary", "behaviour_mitre_trees"))
# These change only with a new edition.
_REFERENCES = frozenset(("attack_tactics", "attack_techniques", "popular_threat_categories"))


class Lifetime(NamedTuple):
    """`seconds`: None means that of reports. `is_cached`: whether the answer may be stored at all."""

    seconds: float | None
    is_cached: bool = True


def lifetime_of(segments: Sequence[str], query: Collection[str]) -> Lifetime:
    """`segments`: of the path below /api/v3/, decoded. `query`: the names of the query's values."""
    first, last = segments[0], segments[-1]
    if first in _NEVER or first.startswith(_NEVER_BEGINNING) or last in _NEVER_LAST or "download" in first:
        return Lifetime(0.0, is_cached=False)
    lives_s = _seconds(first, segments)
    if "cursor" in query:
        return Lifetime(_PAGE_S if lives_s is None else min(lives_s, _PAGE_S))
    return Lifetime(lives_s)


def _seconds(first: str, segments: Sequence[str]) -> float | None:
    if first == "search":
        return None
    if first in _REFERENCES or first == "file_behaviours":
        return _LONG_S
    if first not in OBJECTS or len(segments) < 2:
        return _SHORT_S
    if len(segments) == 2:
        return None
    name = relationship_of(segments)
    if name in LISTINGS:
        return _SHORT_S
    return _LONG_S if name in _BEHAVIOURS else _PAGE_S


def relationship_of(segments: Sequence[str]) -> str | None:
    """The relationship of an object that a path names; None for the object itself."""
    if len(segments) < 3:
        return None
    return segments[3] if segments[2] == "relationships" and len(segments) > 3 else segments[2]
