"""What is to be recorded when an answer has reached the caller."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Callable

_MOST = 100


class Deliveries:
    """Records by the name that the answer has. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: OrderedDict[str, Callable[[], None]] = OrderedDict()

    def offer(self, name: str, record: Callable[[], None]) -> None:
        """Call `record` when the answer `name` is delivered. Of too many answers, the oldest is forgotten."""
        with self._lock:
            self._records[name] = record
            if len(self._records) > _MOST:
                self._records.popitem(last=False)

    def delivered(self, name: str) -> None:
        """The caller has the answer. Raises what its record raises."""
        with self._lock:
            record = self._records.pop(name, None)
        if record is not None:
            record()
