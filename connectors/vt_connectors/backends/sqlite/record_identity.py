"""What a quota record says of itself: which file it is in, and which records it knows to be lost. Pure.

A record is known by its id. A copy of its file has the same id, but is another file: what was granted by the original
since then is not in it.
"""

from __future__ import annotations

from typing import NamedTuple

from .checksum import checked_content, with_checksum

_MOST_LOST = 32


class RecordIdentity(NamedTuple):
    """`inode` and `path` of the file that the record was last written in; 0 and empty if it was not written yet.

    `lost`: ids of records that were lost before this one, and whose loss this one reckons with.
    """

    inode: int = 0
    path: str = ""
    lost: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        return with_checksum({"inode": str(self.inode), "path": self.path, "lost": " ".join(self.lost)})

    def with_lost(self, record_id: bytes) -> RecordIdentity:
        return self._replace(lost=(*self.lost, record_id.hex())[-_MOST_LOST:])

    def knows_of(self, record_id: bytes) -> bool:
        return record_id.hex() in self.lost

    def is_copied_to(self, inode: int) -> bool:
        """Whether the record is read from another file than the one it was written in."""
        return self.inode not in (0, inode)


def home_from(content: object) -> RecordIdentity:
    """Raises `ValueError` for anything that `to_bytes` did not write. An earlier version's record has none."""
    if content is None:
        return RecordIdentity()
    try:
        found = checked_content(content)
        return RecordIdentity(int(found["inode"]), found["path"], tuple(found["lost"].split()))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a record's home: {error}") from error
