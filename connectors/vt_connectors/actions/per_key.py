"""What of an answer depends on the key that asked, and where the cache keeps it.

VirusTotal's own object has what the key's licence adds, such as `gti_assessment` and `threat_severity`, and nothing
says which of its attributes those are. So `raw` belongs to the key: the cache keeps it under a hash of the key, and
gives it to no other. All else is the same for every key, and shared.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Callable

from ..cache import Entry, any_entry
from .context import Context

if TYPE_CHECKING:
    from ..api_key import ApiKey

PARTS = frozenset(("raw",))

WillDo = Callable[[Entry], bool]
Find = Callable[[str, WillDo], "Entry | None"]


class CachedAnswer:
    """One question's answer in the cache. `key`: what is shared of it. `api_key`: who asks; None: the configured key.

    What belongs to a key is good as long as what is shared is there, and is not newer: what makes the one outdated
    makes the other so.
    """

    def __init__(self, context: Context, key: str, api_key: ApiKey | None) -> None:
        self._context = context
        self._key = key
        self._api_key = api_key

    def find(self, find: Find, parts: Collection[str], will_do: WillDo, *, is_new: bool) -> Entry | None:
        """The answer with `parts`, if there is one that will do. `find`: the cache's way to look.

        `is_new`: what will do was fetched just now, so another key's answer of a moment later does not outdate it.
        """
        if PARTS.isdisjoint(parts):
            return find(self._key, will_do)
        shared = find(self._key, any_entry)
        if shared is None:
            return None
        if will_do(shared.without(PARTS)):
            return shared.without(PARTS)
        since, own = 0.0 if is_new else shared.fetched_at, self._own()
        return find(own, lambda entry: entry.fetched_at >= since and will_do(entry)) if own else None

    def fetched_at(self) -> frozenset[float]:
        """When what is kept of it was fetched (epoch seconds): what is shared, and what is the key's."""
        names = [self._key, self._own()]
        found = [self._context.cache.peek_shared(name, any_entry) for name in names if name is not None]
        return frozenset(entry.fetched_at for entry in found if entry is not None)

    def put(self, entry: Entry, stays: WillDo) -> bool:
        """Whether all processes find it now. What is shared is left as it is if it `stays`."""
        shared = entry.without(PARTS)
        if shared is entry:
            return self._context.cache.put(self._key, entry)
        own, cache = self._own(), self._context.cache
        there = cache.peek_shared(self._key, lambda kept: stays(kept) and _same_analysis(kept, entry))
        is_kept = there is not None or cache.put(self._key, shared)
        return own is not None and cache.put(own, entry) and is_kept

    def _own(self) -> str | None:
        owner = self._context.owner(self._api_key)
        return own_key(self._key, owner) if owner else None


def is_without_key(context: Context, parts: Collection[str]) -> bool:
    """Whether the cache may have what belongs to a key that this process cannot see."""
    return not PARTS.isdisjoint(parts) and context.owner(None) is None


def own_key(key: str, owner: str) -> str:
    """What the cache knows the owner's part of the answer with this key by."""
    return f"key-{owner}:{key}"


def find_many(keys: Collection[str], context: Context, parts: Collection[str], will_do: WillDo) -> dict[str, Entry]:
    """As `CachedAnswer.find` for many, with the configured key."""
    if PARTS.isdisjoint(parts):
        return context.cache.find_many(keys, will_do)
    shared = {key: entry.without(PARTS) for key, entry in context.cache.find_many(keys, any_entry).items()}
    found = {key: entry for key, entry in shared.items() if will_do(entry)}
    owner = context.owner(None) if len(found) < len(shared) else None
    if owner is None:
        return found
    own = {own_key(key, owner): key for key in shared if key not in found}
    for name, entry in context.cache.find_many(own, will_do).items():
        if entry.fetched_at >= shared[own[name]].fetched_at:
            found[own[name]] = entry
    return found


def _same_analysis(kept: Entry, entry: Entry) -> bool:
    return bool(kept.report.get("last_analysis") == entry.report.get("last_analysis"))
