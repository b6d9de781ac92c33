"""Documents that many change: each change is a new version, and a version is added by one alone.

There is no other atomic step than the insertion of a key. Who inserts version n + 1 has changed what version n says;
whoever else wanted to is refused, and looks again. A look may be of a while ago: then the next version is there
already, and the insertion is refused. So versions are kept for longer than any look is late.
"""

from __future__ import annotations

import time
from typing import Any

from .collection import Collection, Document

# A member that is further behind than this is taken to answer nobody.
KEPT_S = 3600.0
# One who stood still for so long between its look and its step has not made it: the version may have been one that was
# there and is gone.
_STOOD_STILL_S = KEPT_S / 4


class Look:
    """The newest version seen, if any, and when it was looked for."""

    def __init__(self, newest: Document | None) -> None:
        self.newest = newest
        self._at = time.monotonic(), time.time()

    @property
    def version(self) -> int:
        return 0 if self.newest is None else int(self.newest["version"])

    @property
    def is_over(self) -> bool:
        # The one clock stands still while the machine sleeps, the other may be set.
        monotonic, wall = self._at
        return max(time.monotonic() - monotonic, time.time() - wall) > _STOOD_STILL_S


class Versions:
    """Of things by name, in one collection."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection

    def look(self, name: str) -> Look:
        look = Look(None)
        found = self.collection.query({"name": name}, sort="version:-1", limit=1)
        look.newest = found[0] if found else None
        return look

    def add(self, name: str, after: Look, content: dict[str, Any]) -> Document | None:
        """The document of the version after the one in `after`; None if somebody else was faster."""
        version = after.version + 1
        document = {"_key": key(name, version), "name": name, "version": version, **content}
        return document if self.collection.insert(document) and not after.is_over else None


def key(name: str, version: int) -> str:
    return f"{name}.{version}"
