"""The two levels as one: this process's memory before the store that all processes share."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Callable

from ..state.unavailable import Fallback
from .entry import AnswerStore, Entry

WillDo = Callable[[Entry], bool]


class AnswerCache:
    """Never fails: a store out of reach is a miss, and what cannot be kept is not kept."""

    def __init__(self, near: AnswerStore, shared: Fallback[AnswerStore]) -> None:
        self._near = near
        self._shared = shared

    @property
    def is_shared(self) -> bool:
        """Whether what was put last is where other processes see it."""
        return self._shared.is_shared

    def find(self, key: str, will_do: WillDo) -> Entry | None:
        """The nearest entry that will do."""
        entry = self._near.get(key)
        if entry is not None and will_do(entry):
            return entry
        return self.find_shared(key, will_do)

    def find_shared(self, key: str, will_do: WillDo) -> Entry | None:
        """The entry as other processes see it, if it will do: it may be newer than the one near."""
        entry = self._shared.use(lambda store: store.get(key))
        if entry is None or not will_do(entry):
            return None
        self._near.put(key, entry)
        return entry

    def find_many(self, keys: Collection[str], will_do: WillDo) -> dict[str, Entry]:
        """What the shared store has of `keys`, as far as it will do.

        None is put near: who asks for many keeps them.
        """
        found = self._shared.use(lambda store: store.get_many(keys))
        return {key: entry for key, entry in found.items() if will_do(entry)}

    def put(self, key: str, entry: Entry) -> None:
        self._near.put(key, entry)
        self._shared.use(lambda store: store.put(key, entry))

    def forget(self, key: str) -> None:
        """Other processes may have it near for some minutes yet."""
        self._near.forget(key)
        self._shared.use(lambda store: store.forget(key))

    def clear(self) -> int:
        self._near.clear()
        return self._shared.use(lambda store: store.clear())

    def keys(self, limit: int) -> list[tuple[str, str, float]]:
        return self._shared.use(lambda store: store.keys(limit))

    def stats(self) -> dict[str, Any]:
        return self._shared.use(lambda store: store.stats())
