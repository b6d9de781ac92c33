"""The answers within one batch of requests: equal requests share them, even with `cache: off` or `refresh`."""

from __future__ import annotations

import threading

from ..errors import OutcomeUnknown, from_dict
from ..light_typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from ..coalescing import Fetched

_MOST = 4096
_MOST_WRITES = 65_536


class BatchAnswers:
    """The answers of one batch: a call with many values, a search, or the lines that a runner has read.

    With `cache: off` and `cache: refresh` the cache is not read, but a batch looks up equal indicators once. The last
    `_MOST` answers stay in memory until the batch ends. So do the last `_MOST_WRITES` outcomes of writes: equal scans
    and comments of a batch are performed once.
    """

    def __init__(self) -> None:
        # Empty until the first answer, because most batches are answered from the cache.
        self._answers: MutableMapping[str, tuple[str, Fetched]] = {}
        self._writes: MutableMapping[str, Fetched | OutcomeUnknown] = {}
        self._lock = threading.Lock()

    def has(self, key: str) -> bool:
        """Whether the query with this key was answered in this batch."""
        with self._lock:
            return key in self._answers

    def find(self, key: str, account: str) -> Fetched | None:
        """The answer to the query with this key; to another account only the part that is the same for all keys."""
        with self._lock:
            owner, fetched = self._answers.get(key, ("", None))
        if fetched is None or owner == account:
            return fetched
        return None if fetched.public is None else fetched._replace(entry=fetched.public)

    def put(self, key: str, account: str, fetched: Fetched) -> None:
        with self._lock:
            if not self._answers:
                self._answers = _last(_MOST)
            self._answers[key] = account, fetched

    def written(self, key: str) -> Fetched | None:
        """The answer to an equal write of this batch, or None. Raises `OutcomeUnknown` if its outcome is unknown."""
        with self._lock:
            found = self._writes.get(key)
        if isinstance(found, OutcomeUnknown):
            raise from_dict(found.to_dict())
        return found if found is None else found._replace(is_shared=True)

    def note_written(self, key: str, outcome: Fetched | OutcomeUnknown) -> None:
        """`key`: identifies the request and the account."""
        with self._lock:
            if not self._writes:
                self._writes = _last(_MOST_WRITES)
            self._writes[key] = outcome

    def forget(self, key: str) -> None:
        """Remove the answer, because a write made it outdated."""
        with self._lock:
            self._answers.pop(key, None)


def _last(most: int) -> MutableMapping[str, Any]:
    """The `most` last used entries."""
    from cachetools import LRUCache

    return LRUCache(most)
