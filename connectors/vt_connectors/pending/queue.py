"""An entry of the queue, and the port of its stores."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..light_typing import Any, NamedTuple, Protocol

# Seconds after which an entry is dropped, because its answer is no longer of use.
LONGEST_S = 7 * 86400.0
# The longest indicator is a URL. A longer key is not ours and is ignored.
MOST_KEY_CHARACTERS = 16 * 1024
# The optional parts of an answer, a bit for each.
_PARTS = ("raw", "engines", "context")


class PendingLookup(NamedTuple):
    """`key`: as in the cache, without the API version. `queued_at`: epoch seconds. `parts_mask`: requested parts."""

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
        """Which of `raw`, `engines` and `context` the answer must have."""
        return frozenset(part for place, part in enumerate(_PARTS) if self.parts_mask >> place & 1)


def bits_of(parts: Collection[str]) -> int:
    return sum(1 << place for place, part in enumerate(_PARTS) if part in parts)


class PendingStore(Protocol):
    """The port: the entries of one API version, each key once, for `LONGEST_S`. Raises `StateUnavailable`."""

    def put_many(self, wanted: Mapping[str, int], most: int, refused: int = 0) -> set[str]:
        """Append the keys of `wanted` in order, until the queue has `most` entries. `wanted` has the bits of each key.

        A key that is queued already keeps its place, and gets the new bits too. Returns the keys that are queued now.
        The number of other keys, plus `refused`, is added to the count of refused lookups.
        """

    def oldest(self, count: int) -> list[PendingLookup]: ...

    def remove(self, entry: PendingLookup) -> None:
        """Remove the entry, unless further parts were requested since it was read."""

    def clear(self) -> int:
        """Remove all entries and reset the count of refused lookups. Returns the number of entries."""

    def stats(self) -> dict[str, Any]:
        """`entries`; `refused`: the number refused by a full queue; `since`: when the oldest was queued, or None."""
