"""The identity of a quota record: the file it is in, and the records it knows to be lost. Pure.

A record has an id. A copy of its file has the same id, but is another file, and lacks requests that the original has
granted since.
"""

from __future__ import annotations

from typing import NamedTuple

from .record_file import checked_content, with_checksum

_MOST_LOST = 32


class RecordIdentity(NamedTuple):
    """`inode` and `path` of the file that the record was last written in; 0 and empty if it was not written yet.

    `lost`: the ids of lost records whose requests this one accounts for.
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
        """Whether the record is read from another file than it was written in."""
        return self.inode not in (0, inode)


def home_from(content: object) -> RecordIdentity:
    """Raises `ValueError` for anything that `to_bytes` did not write. Records of earlier versions have none."""
    if content is None:
        return RecordIdentity()
    try:
        found = checked_content(content)
        return RecordIdentity(int(found["inode"]), found["path"], tuple(found["lost"].split()))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a record's identity: {error}") from error
