"""The object that a path of API v3 is about, and when something was last written to it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from ..cache import any_entry
from ..errors import InvalidIndicator
from ..indicators import Indicator, Kind, parse_as
from ..quick_imports import pattern
from .context import Context
from .path_kinds import LISTINGS, relationship_of
from .read_through import cache_key
from .same_object import written_key

KINDS: dict[str, Kind] = {"files": "hash", "urls": "url", "domains": "domain", "ip_addresses": "ip"}
_URL_ID = pattern(r"[0-9a-f]{64}")


def url_of_id(told: str) -> str | None:
    """The URL whose base64 is `told`, with or without padding, in either alphabet; None if it is not one.

    Source: https://docs.virustotal.com/reference/url#url-identifiers.
    """
    text = told.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def is_url_hash(told: str) -> bool:
    """Whether it has the form of the SHA-256 that VirusTotal gives a URL, which shows nothing of the URL."""
    return _URL_ID.fullmatch(told.lower()) is not None


def indicator_in(segments: Sequence[str]) -> Indicator | None:
    """The indicator of `files/ID`, `urls/ID`, ...; None if there is none, or only a hash of a URL."""
    kind = KINDS.get(segments[0]) if len(segments) > 1 else None
    if kind is None or (kind == "url" and is_url_hash(segments[1])):
        return None
    value = url_of_id(segments[1]) if kind == "url" else segments[1]
    try:
        return parse_as(kind, value) if value is not None else None
    except InvalidIndicator:
        return None


def about(segments: Sequence[str]) -> dict[str, Any] | None:
    """The object in the form of `same_object`: `type`, `indicator` and `id`; None if it is no indicator."""
    indicator = indicator_in(segments)
    if indicator is not None:
        return {"type": indicator.kind, "indicator": indicator.value}
    if len(segments) > 1 and segments[0] == "urls" and is_url_hash(segments[1]):
        return {"type": "url", "indicator": segments[1].lower(), "id": segments[1].lower()}
    return None


def written_at(context: Context, segments: Sequence[str]) -> float:
    """When the object of a path was last submitted for a scan, or commented or voted on for such a path (epoch
    seconds); 0 if that is not known.
    """
    if segments[0] == "comments" and len(segments) > 1:
        return _latest(context, [written_key(f"comment:{segments[1]}")])
    known = about(segments)
    if known is None:
        return 0.0
    query = f"{known['type']}:{known['indicator']}"
    listing = relationship_of(segments)
    keys = [written_key(query), *([written_key(query, listing)] if listing in LISTINGS else [])]
    return _latest(context, keys)


def _latest(context: Context, keys: Sequence[str]) -> float:
    marks = context.cache.find_many([cache_key(context, key) for key in keys], any_entry)
    return max((mark.fetched_at for mark in marks.values()), default=0.0)
