"""API v2's scan ids, and the finished and pending scans."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ..analyses import Analysis
from ..data.kinds import Item, Kind
from ..errors import ApiError
from ..state import State

_SCAN_ID = re.compile(r"([0-9a-fA-F]{64})-([0-9]{1,12})", re.ASCII)


@dataclass(frozen=True)
class ScanId:
    """`<sha256>-<epoch>`: the SHA-256 of a file or of a canonical URL, and the time of the request for the scan."""

    sha256: str
    epoch: int

    @classmethod
    def read(cls, text: str) -> ScanId | None:
        """Parse a scan id; None if `text` is not one."""
        found = _SCAN_ID.fullmatch(text)
        return cls(found[1].lower(), int(found[2])) if found else None

    @classmethod
    def of(cls, analysis: Analysis) -> ScanId:
        """The id of an analysis."""
        return cls(analysis.item.id, int(analysis.started_at))

    def __str__(self) -> str:
        return f"{self.sha256}-{self.epoch}"


@dataclass(frozen=True)
class Scan:
    """A finished scan: its id, and the attributes of v3's object with its results."""

    id: ScanId
    item: Item
    attributes: Mapping[str, Any]


def find(state: State, kind: Kind, ident: str) -> Item | None:
    """The item with an id; None if the id is unknown or malformed."""
    try:
        return state.dataset.find(kind, ident)
    except ApiError:
        return None


def start(state: State, item: Item) -> Analysis:
    """Start a scan now."""
    return state.analyses.start(item, state.dataset.facts(item), state.clock())


def pending(state: State, item: Item, asked: ScanId | None = None) -> Analysis | None:
    """The requested analysis `asked`, or the newest, if it is not completed."""
    newest = next(iter(state.analyses.newest_first(item)), None)
    found = state.analyses.of(item, asked.epoch) if asked else newest
    return found if found is not None and not state.analyses.is_completed(found, state.clock()) else None


def finished(state: State, item: Item, asked: ScanId | None = None) -> Scan | None:
    """The requested scan `asked`, or the newest; None if it has not finished."""
    attributes: Mapping[str, Any] = state.report(item)["attributes"]
    if not attributes["last_analysis_results"]:
        return None
    newest = ScanId(item.id, last_seen(attributes))
    if asked is None or asked == newest:
        return Scan(newest, item, attributes)
    known = state.analyses.of(item, asked.epoch) is not None and pending(state, item, asked) is None
    return Scan(asked, item, attributes) if known else None


def last_seen(attributes: Mapping[str, Any]) -> int:
    """The epoch seconds of the last analysis in a v3 object's attributes; not every object has one."""
    return int(attributes.get("last_analysis_date") or attributes["last_modification_date"])


def date_text(epoch: float, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """Epoch seconds in v2's format, in UTC."""
    return datetime.fromtimestamp(int(epoch), timezone.utc).strftime(form)
