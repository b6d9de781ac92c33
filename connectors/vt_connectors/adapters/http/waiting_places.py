"""Half of the threads may wait for quota, so that the other half answers from the cache at any time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class WaitingPlaces:
    """A request without a place does not wait: it is sent at once, or refused with the time when to return."""

    def __init__(self, most: int) -> None:
        self._free = threading.BoundedSemaphore(most)
        self._lock = threading.Lock()
        self._taken = 0

    @contextlib.contextmanager
    def place(self) -> Iterator[bool]:
        """Whether there is one. It is given back at the end."""
        has_place = self._free.acquire(blocking=False)
        if has_place:
            with self._lock:
                self._taken += 1
        try:
            yield has_place
        finally:
            if has_place:
                with self._lock:
                    self._taken -= 1
                self._free.release()

    @property
    def taken(self) -> int:
        return self._taken
