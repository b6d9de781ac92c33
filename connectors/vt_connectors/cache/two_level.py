"""When a cached answer is fresh enough, and two levels as one cache: this process's memory before the store that all
processes share.
"""

from __future__ import annotations

from collections.abc import Collection

from ..clock import epoch_of, iso
from ..errors import Unavailable
from ..light_typing import Any, Callable, NamedTuple, TypeVar
from ..log import logger
from ..state.fallback import Fallback, StateBusy
from .entry import AnswerStore, Entry

_LOG = logger("cache")
WillDo = Callable[[Entry], bool]
Reply = TypeVar("Reply")
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

        Answers that may change soon never live longer than `ttl_not_found_s`, and none lives longer than its object.
        """
        if self.is_expired(entry, now):
            return False
        begins, ends = self.window(entry, max_age_s)
        return begins <= now <= ends

    def window(self, entry: Entry, max_age_s: float | None) -> tuple[float, float]:
        """From when to when the entry is fresh enough (epoch seconds), apart from the end of its object."""
        if entry.is_fleeting:
            longest_s = self.ttl_not_found_s if max_age_s is None else min(self.ttl_not_found_s, max_age_s)
        else:
            longest_s = self.ttl_s if max_age_s is None else max_age_s
        return entry.fetched_at - _AHEAD_S, entry.fetched_at + longest_s

    def is_expired(self, entry: Entry, now: float) -> bool:
        """Whether VirusTotal has deleted the object by `now`."""
        return entry.expires is not None and iso(now) >= entry.expires

    def longest_s(self, entry: Entry) -> float:
        """For how many seconds an entry that was just fetched may be fresh enough for any caller."""
        longest = self.ttl_not_found_s if entry.is_fleeting else max(self.ttl_s, _LONGEST_S)
        if entry.expires is None:
            return longest
        return max(1.0, min(longest, epoch_of(entry.expires) - entry.fetched_at))


class AnswerCache:
    """A store that cannot be reached is a miss; an answer that cannot be stored is not stored.

    `written` is the same store as `shared` with its own fallback, because a full store can still be read.
    """

    def __init__(
        self, near: AnswerStore, shared: Fallback[AnswerStore], written: Fallback[AnswerStore] | None = None
    ) -> None:
        self._near = near
        self._shared = shared
        self._written = written or shared

    @property
    def is_shared(self) -> bool:
        """Whether other processes see the entry that was put last."""
        return self._written.is_shared

    def find(self, key: str, will_do: WillDo) -> Entry | None:
        """The nearest entry that `will_do`. Raises `StateBusy` if the store exists and cannot be read now."""
        entry = self._near.get(key)
        if entry is not None and will_do(entry):
            return entry
        return self.find_shared(key, will_do)

    def in_memory(self, key: str) -> Entry | None:
        """The entry in this process's memory, however old it is."""
        return self._near.get(key)

    def peek(self, key: str, will_do: WillDo) -> Entry | None:
        """As `find`; None if the store cannot be read now."""
        try:
            return self.find(key, will_do)
        except StateBusy:
            return None

    def peek_shared(self, key: str, will_do: WillDo) -> Entry | None:
        """As `find_shared`; None if the store cannot be read now."""
        try:
            return self.find_shared(key, will_do)
        except StateBusy:
            return None

    def find_shared(self, key: str, will_do: WillDo) -> Entry | None:
        """The entry of the shared store, if it `will_do`: it may be newer than the one in memory. Raises as `find`."""
        entry = self._shared.use(lambda store: store.get(key))
        if entry is None or not will_do(entry):
            return None
        self._near.put(key, entry)
        return entry

    def find_many(self, keys: Collection[str], will_do: WillDo) -> dict[str, Entry]:
        """The entries of `keys` that `will_do`, from the shared store, else from memory.

        They are not put into memory: a caller of many has them already.
        """
        try:
            found = self._shared.use(lambda store: store.get_many(keys))
        except StateBusy as error:
            _LOG.warning("%s", error)
            found = {}
        both = {**self._near.get_many([key for key in keys if key not in found]), **found}
        return {key: entry for key, entry in both.items() if will_do(entry)}

    def put(self, key: str, entry: Entry) -> bool:
        """Whether all processes find it now."""
        self._near.put(key, entry)
        try:
            is_stored = self._written.use(lambda store: store.put(key, entry))
        except StateBusy as error:
            _LOG.info("an answer is not cached: %s", error)
            return False
        return is_stored and self.is_shared

    def forget(self, key: str) -> None:
        """Other processes may have it in memory for some more seconds."""
        self._near.forget(key)
        try:
            self._written.use(lambda store: store.forget(key))
        except StateBusy as error:
            _LOG.warning("an outdated answer stays in the cache: %s", error)

    def clear(self) -> int:
        """Remove everything, and return the number of entries. Raises `Unavailable`, as `keys` and `stats` do."""
        self._near.clear()
        return self._read_or_refuse(self._written, lambda store: store.clear())

    def keys(self, limit: int, begins: Collection[str] = ()) -> list[tuple[str, str, float]]:
        return self._read_or_refuse(self._shared, lambda store: store.keys(limit, begins))

    def stats(self) -> dict[str, Any]:
        return self._read_or_refuse(self._shared, lambda store: store.stats())

    def _read_or_refuse(self, shared: Fallback[AnswerStore], work: Callable[[AnswerStore], Reply]) -> Reply:
        try:
            return shared.use(work)
        except StateBusy as error:
            raise Unavailable(f"{error}; repeat it later", details={"source": "state"}) from None
