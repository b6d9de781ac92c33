"""An entry of the queue, and the port of the stores that keep it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, Protocol

# Seconds after which an entry is dropped: nobody waits for it any more.
LONGEST_S = 7 * 86400.0
# The longest indicator is a URL. A longer key is not ours and is ignored.
MOST_KEY_CHARACTERS = 16 * 1024
# The optional parts of an answer, a bit for each.
_PARTS = ("raw", "engines")


class PendingLookup(NamedTuple):
    """`key`: as in the cache, without the API version. `queued_at`: epoch seconds. `parts_mask`: the wanted parts."""

    key: str
    queued_at: float
    parts_mask: int = 0

    @property
    def kind(self) -> str:
        return self.key.partition(":")[0]

    @property
    def value(self) -> str:
        return self.key.partition(":")[2]

    @property
    def parts(self) -> frozenset[str]:
        """Which of `raw` and `engines` the answer must have."""
        return frozenset(part for place, part in enumerate(_PARTS) if self.parts_mask >> place & 1)


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
