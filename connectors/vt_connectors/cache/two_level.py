"""The two levels as one: this process's memory before the store that all processes share."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Callable, TypeVar

from ..errors import Unavailable
from ..log import logger
from ..state.fallback import Fallback, StateBusy
from .entry import AnswerStore, Entry

_LOG = logger("cache")
WillDo = Callable[[Entry], bool]
Told = TypeVar("Told")


class AnswerCache:
    """A store that cannot be reached is a miss, and an answer that cannot be kept is not kept.

    `written` has the same store as `shared`, and its own state: a full store can still be read.
    """

    def __init__(
        self, near: AnswerStore, shared: Fallback[AnswerStore], written: Fallback[AnswerStore] | None = None
    ) -> None:
        self._near = near
        self._shared = shared
        self._written = written or shared

    @property
    def is_shared(self) -> bool:
        """Whether what was put last is where other processes see it."""
        return self._written.is_shared

    def find(self, key: str, will_do: WillDo) -> Entry | None:
        """The nearest entry that will do. Raises `StateBusy` if the store is there and cannot be read now."""
        entry = self._near.get(key)
        if entry is not None and will_do(entry):
            return entry
        return self.find_shared(key, will_do)

    def peek(self, key: str, will_do: WillDo) -> Entry | None:
        """As `find`; None if the store cannot be read now: for what can be done without."""
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
        """The entry as other processes see it, if it will do: it may be newer than the one near. Raises as `find`."""
        entry = self._shared.use(lambda store: store.get(key))
        if entry is None or not will_do(entry):
            return None
        self._near.put(key, entry)
        return entry

    def find_many(self, keys: Collection[str], will_do: WillDo) -> dict[str, Entry]:
        """What the shared store has of `keys`, as far as it will do, and of the others what is near.

        None is put near: who asks for many keeps them.
        """
        try:
            found = self._shared.use(lambda store: store.get_many(keys))
        except StateBusy as error:
            _LOG.warning("%s", error)
            found = {}
        both = {**self._near.get_many([key for key in keys if key not in found]), **found}
        return {key: entry for key, entry in both.items() if will_do(entry)}

    def put(self, key: str, entry: Entry) -> bool:
        """Whether all processes find it there now."""
        self._near.put(key, entry)
        try:
            is_kept = self._written.use(lambda store: store.put(key, entry))
        except StateBusy as error:
            _LOG.info("an answer is not kept now: %s", error)
            return False
        return is_kept and self.is_shared

    def forget(self, key: str) -> None:
        """Other processes may have it near for some minutes yet."""
        self._near.forget(key)
        try:
            self._written.use(lambda store: store.forget(key))
        except StateBusy as error:
            _LOG.warning("an outdated answer stays in the cache: %s", error)

    def clear(self) -> int:
        """How many entries that were. Raises `Unavailable`, as `keys` and `stats` do."""
        self._near.clear()
        return self._told(self._written, lambda store: store.clear())

    def keys(self, limit: int, begins: Collection[str] = ()) -> list[tuple[str, str, float]]:
        return self._told(self._shared, lambda store: store.keys(limit, begins))

    def stats(self) -> dict[str, Any]:
        return self._told(self._shared, lambda store: store.stats())

    def _told(self, shared: Fallback[AnswerStore], work: Callable[[AnswerStore], Told]) -> Told:
        try:
            return shared.use(work)
        except StateBusy as error:
            raise Unavailable(f"{error}; repeat it later") from None
