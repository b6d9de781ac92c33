"""When a cached answer will do. Pure."""

from __future__ import annotations

from typing import NamedTuple

from .entry import Entry

# An entry from further in the future than this was stored by a clock that has been set back since.
_AHEAD_S = 300.0
# A caller may be content with older answers than the settings are: that old, where they are thrown away by age.
_LONGEST_S = 30 * 86400.0


class Freshness(NamedTuple):
    """How long answers live, in seconds: found ones, and those that may change any minute, `not_found` above all."""

    ttl_s: float
    ttl_not_found_s: float

    def will_do(self, entry: Entry, now: float, max_age_s: float | None) -> bool:
        """`max_age_s` is the caller's own limit and overrules the lifetime of found answers.

        What may change any minute never outlives its own.
        """
        age = now - entry.fetched_at
        if not age >= -_AHEAD_S:
            return False
        age = max(0.0, age)
        if entry.is_fleeting:
            return age <= min(self.ttl_not_found_s, self.ttl_not_found_s if max_age_s is None else max_age_s)
        return age <= (self.ttl_s if max_age_s is None else max_age_s)

    def longest_s(self, entry: Entry) -> float:
        """For how long the entry, fetched just now, may be good for anybody."""
        return self.ttl_not_found_s if entry.is_fleeting else max(self.ttl_s, _LONGEST_S)
