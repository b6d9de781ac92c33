"""Documents that many processes change: each change is a new version, and only one process can add it.

The only atomic operation of the KV store is the insertion of a key. The process that inserts version n + 1 has changed
version n; the insertion by any other process is refused, and it reads again. A read may be stale: then the next version
already exists, and the insertion is refused. So versions are stored for longer than any read can be stale.
"""

from __future__ import annotations

import time
from typing import Any

from .collection import Collection, Document

# A member that is further behind than this is assumed to serve no requests.
KEPT_S = 3600.0
# If a process was suspended for this long between its read and its insertion, the insertion does not count: a deleted
# version may have had the same number.
_LONGEST_PAUSE_S = KEPT_S / 4


class Look:
    """The newest version seen, if any, and when it was read."""

    def __init__(self, newest: Document | None) -> None:
        self.newest = newest
        self._at = time.monotonic(), time.time()

    @property
    def version(self) -> int:
        return 0 if self.newest is None else int(self.newest["version"])

    @property
    def is_over(self) -> bool:
        # The monotonic clock stops while the machine sleeps; the wall clock may be set.
        monotonic, wall = self._at
        return max(time.monotonic() - monotonic, time.time() - wall) > _LONGEST_PAUSE_S


class Versions:
    """Versions of named documents, in one collection."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection

    def look(self, name: str) -> Look:
        look = Look(None)
        found = self.collection.query({"name": name}, sort="version:-1", limit=1)
        look.newest = found[0] if found else None
        return look

    def add(self, name: str, after: Look, content: dict[str, Any]) -> Document | None:
        """The document of the version after the one in `after`; None if another process was faster."""
        version = after.version + 1
        document = {"_key": key(name, version), "name": name, "version": version, **content}
        return document if self.collection.insert(document) and not after.is_over else None


def key(name: str, version: int) -> str:
    return f"{name}.{version}"
