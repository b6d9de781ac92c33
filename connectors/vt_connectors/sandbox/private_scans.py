"""Private scans: each belongs to the key that asked for it, is seen by no other, and is gone after its retention."""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .analyses import Pace
from .data.catalogue import FileFacts
from .data.kinds import Item, Kind
from .private_options import ScanOptions

_DAY_S = 86400


@dataclass(frozen=True)
class PrivateScan:
    """One scan; `facts` for a file. Times in epoch seconds."""

    id: str
    owner: str
    item: Item
    facts: FileFacts | None
    options: ScanOptions
    started_at: float

    @property
    def expires_at(self) -> int:
        """When the report is deleted."""
        return int(self.started_at) + self.options.retention_days * _DAY_S


class PrivateScans:
    """All private scans. Safe to share between threads."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._lock = threading.Lock()
        self._scans: list[PrivateScan] = []  # oldest first

    def start(self, owner: str, item: Item, facts: FileFacts | None, options: ScanOptions, now: float) -> PrivateScan:
        """Start a scan of a file or a URL; a second one within the same second is the same scan."""
        scan = PrivateScan(_scan_id(item, facts, int(now)), owner, item, facts, options, now)
        with self._lock:
            same = next((one for one in self._scans if (one.owner, one.id) == (owner, scan.id)), None)
            if same is None:
                self._scans.append(scan)
            return same or scan

    def of(self, owner: str, now: float, kind: Kind | None = None) -> list[PrivateScan]:
        """The scans of an owner that have not expired, the newest first."""
        with self._lock:
            scans = self._scans[::-1]
        return [one for one in scans if one.owner == owner and now < one.expires_at and kind in (None, one.item.kind)]

    def latest(self, owner: str, kind: Kind, ident: str, now: float) -> PrivateScan | None:
        """The newest scan of the file or URL with an id."""
        return next((one for one in self.of(owner, now, kind) if one.item.id == ident), None)

    def delete(self, owner: str, item: Item) -> None:
        """Delete all scans of a file."""
        with self._lock:
            self._scans = [one for one in self._scans if (one.owner, one.item) != (owner, item)]

    def is_completed(self, scan: PrivateScan, now: float) -> bool:
        """Whether the report is ready."""
        return self.status(scan, now) == "completed"

    def status(self, scan: PrivateScan, now: float) -> str:
        """queued, in-progress or completed."""
        return self._pace.status(now - scan.started_at)


def scan_attributes(scan: PrivateScan, status: str) -> dict[str, Any]:
    """The attributes of a private_analysis; it has no results."""
    attributes: dict[str, Any] = {"date": int(scan.started_at), "status": status}
    if scan.item.kind is Kind.FILE:
        attributes["sandbox_configuration"] = scan.options.configuration
        if scan.options.is_detonated:
            progress = {"queued": ("queued", 0), "in-progress": ("in-progress", 50), "completed": ("finished", 100)}
            word, percent = progress[status]
            attributes["sandbox_status"] = {"Sandbox One": {"status": word, "in_progress_percent": percent}}
        if status != "completed":
            attributes["pending_stages"] = {"static_analysis": status}
    return attributes


def _scan_id(item: Item, facts: FileFacts | None, epoch: int) -> str:
    name = facts.md5 if facts is not None else item.id[:32]
    return base64.b64encode(f"{name}:None:{epoch}".encode("ascii")).decode("ascii")


def scan_meta(scan: PrivateScan) -> Mapping[str, Any]:
    """`meta` of a private_analysis: the file or the URL."""
    if scan.facts is None:
        return {"url_info": {"id": scan.item.id, "url": scan.item.value}}
    facts = scan.facts
    return {"file_info": {"sha256": facts.sha256, "sha1": facts.sha1, "md5": facts.md5, "size": facts.size}}
