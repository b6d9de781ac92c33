"""Values from VirusTotal's objects, which guarantee only `type` and `id`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ..errors import InvalidResponse
from ..verdict.report import LATEST_EPOCH
from ..verdict.report import mapping as mapping
from ..verdict.report import text as text
from ..verdict.report import texts as texts
from .port import AnalysisStatus


def number(value: object) -> int | None:
    """An integer; v2 may send it as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        return int(value)
    return value if isinstance(value, int) else None


def epoch(value: object) -> int | None:
    """v3's dates: seconds since 1970."""
    found = number(value)
    return found if found is not None and 0 < found <= LATEST_EPOCH else None


def epoch_of_text(value: object, form: str = "%Y-%m-%d %H:%M:%S") -> int | None:
    """Dates as text, in UTC without saying so: v2's, and in v3 those of certificates."""
    try:
        return int(datetime.strptime(str(value), form).replace(tzinfo=timezone.utc).timestamp())
    except (ValueError, OverflowError):
        return None


def analysis_status(value: object) -> AnalysisStatus:
    """Only `completed` is final; unknown values count as in progress."""
    if value == "completed" or value == "queued":
        return value
    return "in-progress"


def objects_of(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows of a list response. Raises `InvalidResponse`."""
    data = answer.get("data")
    if not isinstance(data, list):
        raise InvalidResponse("VirusTotal's response is not a list", http_status=200)
    return [row for row in data if isinstance(row, Mapping)]


def objects_or_object_of(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """As `objects_of`, also for a relationship to one object: `data` is the object, or null without one.

    Source: recorded responses for `network_location` of a URL and `group` of a graph.
    """
    data = answer.get("data")
    if "data" in answer and data is None:
        return []
    return [data] if isinstance(data, Mapping) else objects_of(answer)
