"""Zip files that keys asked for. They are made in as much time as an analysis takes."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from .analyses import Pace
from .zip_encryption import zip_file

_FIRST_ID = 4_900_000_000
_STATUSES = {"queued": ("starting", 0), "in-progress": ("creating", 50), "completed": ("finished", 100)}


@dataclass(frozen=True)
class ZipOrder:
    """One zip file: `contents` by name, and the number of hashes that had no content. `started_at` in epoch seconds."""

    id: str
    owner: str
    contents: dict[str, bytes]
    missing: int
    password: str
    started_at: float


class ZipStore:
    """All ordered zip files. Safe to share between threads."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._lock = threading.Lock()
        self._orders: list[ZipOrder] = []

    def order(self, owner: str, contents: dict[str, bytes], missing: int, password: str, now: float) -> ZipOrder:
        """Begin to make a zip file."""
        with self._lock:
            made = ZipOrder(str(_FIRST_ID + len(self._orders)), owner, contents, missing, password, now)
            self._orders.append(made)
            return made

    def find(self, owner: str, ident: str) -> ZipOrder | None:
        """The owner's zip file with an id."""
        with self._lock:
            return next((one for one in self._orders if (one.owner, one.id) == (owner, ident)), None)

    def attributes(self, order: ZipOrder, now: float) -> dict[str, Any]:
        """The attributes of a zip_file."""
        status, progress = _STATUSES[self._pace.status(now - order.started_at)]
        done = len(order.contents) if status == "finished" else 0
        failed = order.missing if status != "starting" else 0
        return {"status": status, "progress": progress, "files_ok": done, "files_error": failed}

    def content(self, order: ZipOrder, now: float) -> bytes | None:
        """The zip file itself; None until it is finished."""
        if self._pace.status(now - order.started_at) != "completed":
            return None
        return zip_file(order.contents, order.password)
