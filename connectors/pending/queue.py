"""The queue as the core sees it, and the port of its stores."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Protocol

if TYPE_CHECKING:
    from ..state.unavailable import Fallback

_LOG = logging.getLogger("connectors.pending")
# Who has not been answered for so long has stopped waiting.
LONGEST_S = 7 * 86400.0
# The parts of an answer that somebody may want, each a bit.
_PARTS = ("raw", "engines")


class Wanted(NamedTuple):
    """One entry: a lookup's key in the cache, without the version, and since when (epoch seconds) it is wanted."""

    key: str
    queued_at: float
    bits: int = 0

    @property
    def kind(self) -> str:
        return self.key.partition(":")[0]

    @property
    def value(self) -> str:
        return self.key.partition(":")[2]

    @property
    def parts(self) -> frozenset[str]:
        """Which of `raw` and `engines` the answer is to have."""
        return frozenset(part for place, part in enumerate(_PARTS) if self.bits >> place & 1)


def bits_of(parts: Collection[str]) -> int:
    return sum(1 << place for place, part in enumerate(_PARTS) if part in parts)


class PendingStore(Protocol):
    """The port: one version's entries, each key once, `LONGEST_S` long."""

    def put(self, key: str, bits: int, most: int) -> bool:
        """Put the key at the end; one that is there stays where it is, and gets the new parts too.

        False, and one more in the count, if there are `most` others.
        """

    def oldest(self, count: int) -> list[Wanted]: ...

    def remove(self, entry: Wanted) -> None:
        """Take it out, unless more parts have been wanted since it was seen."""

    def clear(self) -> int:
        """Forget everything, the count too; how many entries that were."""

    def stats(self) -> dict[str, Any]:
        """`entries`; `refused`: how many there was no room for; `since`: when the oldest was put, or None."""


class Pending:
    """Never fails. `most` 0: nothing is put."""

    def __init__(self, store: Callable[[], Fallback[PendingStore]], most: int) -> None:
        self._store = store
        self._most = most
        self._has_warned = False

    def put(self, key: str, parts: Collection[str]) -> None:
        if not self._most or self._store().use(lambda store: store.put(key, bits_of(parts), self._most)):
            return
        if not self._has_warned:
            self._has_warned = True
            _LOG.warning(
                "the queue of pending indicators is full (%d): what finds no quota now is not queued; "
                "let it be drained, or raise VT_PENDING_MAX (in Splunk: pending_max)",
                self._most,
            )

    def oldest(self, count: int) -> list[Wanted]:
        return self._store().use(lambda store: store.oldest(count))

    def remove(self, entry: Wanted) -> None:
        self._store().use(lambda store: store.remove(entry))

    def clear(self) -> int:
        return self._store().use(lambda store: store.clear())

    def stats(self) -> dict[str, Any]:
        """As the port's, and `most`."""
        return {**self._store().use(lambda store: store.stats()), "most": self._most}
