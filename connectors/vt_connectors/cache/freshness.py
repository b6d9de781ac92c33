"""When a cached answer is fresh enough. Pure."""

from __future__ import annotations

from ..light_typing import NamedTuple
from .entry import Entry

# Seconds. An entry from further in the future was stored before the clock was set back.
_AHEAD_S = 300.0
# Seconds. A caller may accept older answers than the settings do. Stores that remove by age keep them so long.
_LONGEST_S = 30 * 86400.0


class Freshness(NamedTuple):
    """Lifetimes in seconds: of found answers, and of those that may change soon, such as `not_found`."""

    ttl_s: float
    ttl_not_found_s: float

    def will_do(self, entry: Entry, now: float, max_age_s: float | None) -> bool:
        """`max_age_s`: the caller's limit, which replaces the lifetime of found answers.

        Answers that may change soon never live longer than `ttl_not_found_s`.
        """
        age = now - entry.fetched_at
        if not age >= -_AHEAD_S:
            return False
        age = max(0.0, age)
        if entry.is_fleeting:
            return age <= min(self.ttl_not_found_s, self.ttl_not_found_s if max_age_s is None else max_age_s)
        return age <= (self.ttl_s if max_age_s is None else max_age_s)

    def longest_s(self, entry: Entry) -> float:
        """For how many seconds an entry that was just fetched may be fresh enough for any caller."""
        return self.ttl_not_found_s if entry.is_fleeting else max(self.ttl_s, _LONGEST_S)
