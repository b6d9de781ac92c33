"""What VirusTotal answered within one batch of requests: equal ones share it, whatever they say of the cache."""

from __future__ import annotations

import threading

from cachetools import LRUCache

from ..coalescing import Fetched
from ..errors import OutcomeUnknown, from_dict

_MOST = 4096
_MOST_WRITES = 65_536


class BatchAnswers:
    """One batch's: a call with many values, a search, the lines that a runner has in hand.

    With `cache: off` and `cache: refresh` nothing is taken from the cache, but a batch asks for equal indicators once.
    The `_MOST` last answers are kept, in memory, for as long as the batch lasts. So are `_MOST_WRITES` of what was
    written: equal scans and comments of a batch are performed once.
    """

    def __init__(self) -> None:
        self._answers: LRUCache[str, tuple[str, Fetched]] = LRUCache(_MOST)
        self._writes: LRUCache[str, Fetched | OutcomeUnknown] = LRUCache(_MOST_WRITES)
        self._lock = threading.Lock()

    def has(self, key: str) -> bool:
        """Whether the question with this key was answered at all."""
        with self._lock:
            return key in self._answers

    def find(self, key: str, account: str) -> Fetched | None:
        """The answer to the question with this key, as far as a caller of `account` may have it."""
        with self._lock:
            owner, fetched = self._answers.get(key, ("", None))
        if fetched is None or owner == account:
            return fetched
        return None if fetched.public is None else fetched._replace(entry=fetched.public)

    def put(self, key: str, account: str, fetched: Fetched) -> None:
        with self._lock:
            self._answers[key] = account, fetched

    def written(self, key: str) -> Fetched | None:
        """The answer to an equal request of this batch that wrote. Raises `OutcomeUnknown` if that is what it ended
        with.
        """
        with self._lock:
            found = self._writes.get(key)
        if isinstance(found, OutcomeUnknown):
            raise from_dict(found.to_dict())
        return found if found is None else found._replace(is_shared=True)

    def note_written(self, key: str, outcome: Fetched | OutcomeUnknown) -> None:
        """`key`: of request and account."""
        with self._lock:
            self._writes[key] = outcome

    def forget(self, key: str) -> None:
        """What was written since makes it outdated."""
        with self._lock:
            self._answers.pop(key, None)
