"""An entry of the queue, and the port of the stores that keep it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, Protocol

# Who has not been answered for so long has stopped waiting.
LONGEST_S = 7 * 86400.0
# The longest indicator is a URL; a longer key was not put there by this product, and is not seen.
MOST_KEY_CHARACTERS = 16 * 1024
# The parts of an answer that somebody may want, each a bit.
_PARTS = ("raw", "engines")


class PendingLookup(NamedTuple):
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
    """The port: one version's entries, each key once, `LONGEST_S` long. Raises `StateUnavailable`."""

    def put_many(self, wanted: Mapping[str, int], most: int, refused: int = 0) -> set[str]:
        """Put these keys at the end, in order, until `most` are there. `wanted` has the bits of each.

        A key that is there already keeps its place, and gets the new bits too. Returns those of the keys that are in
        the queue now. All others, and `refused` more, are added to the count of the refused.
        """

    def oldest(self, count: int) -> list[PendingLookup]: ...

    def remove(self, entry: PendingLookup) -> None:
        """Take it out, unless more parts have been wanted since it was seen."""

    def clear(self) -> int:
        """Forget everything, the count too; how many entries that were."""

    def stats(self) -> dict[str, Any]:
        """`entries`; `refused`: how many there was no room for; `since`: when the oldest was put, or None."""
