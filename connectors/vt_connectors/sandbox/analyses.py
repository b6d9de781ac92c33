"""Analyses: queued, in progress, or completed, depending on the clock."""

from __future__ import annotations

import base64
import threading
from dataclasses import dataclass
from typing import Any

from .data.catalogue import FileFacts
from .data.engines import ENGINES, part_of, scan_of
from .data.kinds import Item, Kind
from .data.objects import SubmissionHistory, scan_profile

_QUEUED, _IN_PROGRESS, _COMPLETED = "queued", "in-progress", "completed"


@dataclass(frozen=True)
class Analysis:
    """One analysis and the time of its request, in epoch seconds."""

    id: str
    item: Item
    started_at: float


@dataclass(frozen=True)
class Pace:
    """The ages in seconds at which an analysis leaves the queue, and is completed."""

    queued_s: float = 2.0
    completed_s: float = 5.0

    def status(self, age_s: float) -> str:
        """The status of an analysis requested `age_s` seconds ago."""
        if age_s >= self.completed_s:
            return _COMPLETED
        return _QUEUED if age_s < self.queued_s else _IN_PROGRESS


class AnalysisStore:
    """All requested analyses. Safe to share between threads."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._lock = threading.Lock()
        self._by_id: dict[str, Analysis] = {}
        self._by_item: dict[Item, list[Analysis]] = {}

    def start(self, item: Item, facts: FileFacts | None, now: float) -> Analysis:
        """Start a scan; a second request within the same second gets the same analysis."""
        analysis = Analysis(_analysis_id(item, facts, int(now)), item, now)
        with self._lock:
            if analysis.id in self._by_id:
                return self._by_id[analysis.id]
            self._by_id[analysis.id] = analysis
            self._by_item.setdefault(item, []).append(analysis)
        return analysis

    def find(self, ident: str) -> Analysis | None:
        """The analysis with the id, or None."""
        with self._lock:
            return self._by_id.get(ident)

    def of(self, item: Item, epoch: int) -> Analysis | None:
        """The analysis of an item that was requested in the given epoch second."""
        with self._lock:
            return next((a for a in self._by_item.get(item, ()) if int(a.started_at) == epoch), None)

    def newest_first(self, item: Item) -> list[Analysis]:
        """All analyses of an item."""
        with self._lock:
            return self._by_item.get(item, [])[::-1]

    def is_completed(self, analysis: Analysis, now: float) -> bool:
        return self._pace.status(now - analysis.started_at) == _COMPLETED

    def standing(self, item: Item, now: float) -> SubmissionHistory:
        """The submissions of one item, and which scans have finished by `now`."""
        with self._lock:
            analyses = list(self._by_item.get(item, ()))
        if not analyses:
            return SubmissionHistory()
        finished = [a for a in analyses if self._pace.status(now - a.started_at) == _COMPLETED]
        return SubmissionHistory(
            submissions=len(analyses),
            first_at=int(analyses[0].started_at),
            last_at=int(analyses[-1].started_at),
            finished_at=int(finished[-1].started_at) if finished else None,
        )

    def attributes(self, analysis: Analysis, now: float) -> dict[str, Any]:
        """`attributes` of an analysis object: no results while queued, some while in progress."""
        status = self._pace.status(now - analysis.started_at)
        scan = scan_of(analysis.item, scan_profile(analysis.item))
        rows = {_QUEUED: 0, _IN_PROGRESS: len(ENGINES) // 3, _COMPLETED: len(ENGINES)}[status]
        if status != _COMPLETED:
            scan = part_of(scan, rows)
        return {
            "date": int(analysis.started_at),
            "status": status,
            "stats": scan.stats,
            "results": scan.results,
        }


def analysis_meta(item: Item, facts: FileFacts | None) -> dict[str, Any]:
    """`meta` of an analysis: the analysed file or URL."""
    if item.kind is Kind.URL:
        return {"url_info": {"id": item.id, "url": item.value}}
    if facts is None:
        return {}
    info: dict[str, Any] = {"sha256": facts.sha256, "sha1": facts.sha1, "md5": facts.md5}
    if facts.size is not None:
        info["size"] = facts.size
    return {"file_info": info}


def _analysis_id(item: Item, facts: FileFacts | None, epoch: int) -> str:
    if facts is not None:
        return base64.b64encode(f"{facts.md5}:{epoch}".encode("ascii")).decode("ascii")
    return f"{item.kind.letter}-{item.id}-{epoch}"
