"""What is to be recorded when an answer has reached the caller."""

from __future__ import annotations

import threading
from collections import OrderedDict

from ..errors import ConnectorError
from ..light_typing import TYPE_CHECKING, Callable
from ..log import logger

if TYPE_CHECKING:
    from ..contract.response import Response

_LOG = logger("actions.deliveries")
_MOST = 100


class Deliveries:
    """Records by the cursor of the answer. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: OrderedDict[str, Callable[[], None]] = OrderedDict()

    def offer(self, name: str, record: Callable[[], None]) -> None:
        """Call `record` when the answer with the cursor `name` is delivered. Of too many, the oldest is forgotten."""
        with self._lock:
            self._records[name] = record
            if len(self._records) > _MOST:
                self._records.popitem(last=False)

    def delivered(self, response: Response) -> None:
        """The caller has the response. Never raises `ConnectorError`."""
        data = response["data"] if response["status"] == "ok" else None
        name = data.get("cursor") if data else None
        with self._lock:
            record = self._records.pop(name, None) if isinstance(name, str) else None
        if record is None:
            return
        try:
            record()
        except ConnectorError as error:
            _LOG.warning("the position in the stream was not kept, so the next poll repeats: %s", error.message)
