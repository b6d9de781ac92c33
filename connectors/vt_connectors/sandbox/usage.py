"""Which calls each key made on which day: what GET /users/{id}/api_usage shows."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any

from .errors import bad_request
from .quotas import Clock

_MOST_DAYS = 30
_KEPT_DAYS = 60
_NAMES = {"files": "file", "urls": "url", "domains": "domain", "ip_addresses": "ip_addresses"}
_PARTS = {
    "comments": "comments",
    "graphs": "graphs",
    "behaviours": "behaviours",
    "behaviour_summary": "behaviours",
    "behaviour_mitre_trees": "behaviours",
    "download": "download",
    "download_url": "download",
    "analyse": "rescan",
}


def endpoint_name(method: str, segments: tuple[str, ...]) -> str:
    """The name of a call's endpoint in the usage, such as `file_relationships`. `segments`: after /api/v3 or /_ah."""
    collection, *below = segments or ("",)
    if collection == "intelligence" and below:
        return f"intelligence_{below[0]}"
    if collection == "private" and below:
        return f"private_{below[0]}"
    if collection == "upload":  # of a URL for one upload, whose other segments are secret
        return "private_files" if below[:1] == ["private"] else "file_upload"
    if collection not in _NAMES:
        return collection
    if not below:
        return "url_submission" if collection == "urls" else "file_upload"
    if below == ["upload_url"]:
        return "file_upload_url"
    if len(below) == 1:
        return collection
    if below[1] == "votes" and method == "POST":
        return "item_vote"
    return f"{_NAMES[collection]}_{_PARTS.get(below[1], 'relationships')}"


class Usage:
    """The calls of all keys by day of UTC. Safe to share between threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, bool, str]] = Counter()

    def note(self, key: str, endpoint: str, is_charged: bool) -> None:
        """Count a call."""
        with self._lock:
            self._counts[key, self._today().strftime("%Y-%m-%d"), is_charged, endpoint] += 1

    def of(self, key: str, start: str | None, end: str | None) -> dict[str, Any]:
        """The calls of a key from `start` to `end`, both YYYYMMDD and included; else of 30 days. ApiError 400."""
        last = _date(end) if end else self._today()
        first = _date(start) if start else last - timedelta(days=_MOST_DAYS - 1)
        if not timedelta(0) <= last - first < timedelta(days=_MOST_DAYS):
            raise bad_request(f"From start_date to end_date are 1 to {_MOST_DAYS} days")
        if first < self._today() - timedelta(days=_KEPT_DAYS):
            raise bad_request(f"Usage is kept for {_KEPT_DAYS} days")
        shown: dict[str, Any] = {}
        for is_charged, suffix in ((True, ""), (False, "_endpoints_not_consuming_quota")):
            daily = self._daily(key, first, last, is_charged)
            total: Counter[str] = Counter()
            for counts in daily.values():
                total.update(counts)
            shown.update({f"daily{suffix}": daily, f"total{suffix}": dict(total)})
        return shown

    def _daily(self, key: str, first: datetime, last: datetime, is_charged: bool) -> dict[str, dict[str, int]]:
        days = [(first + timedelta(days=number)).strftime("%Y-%m-%d") for number in range((last - first).days + 1)]
        daily: dict[str, dict[str, int]] = {}
        with self._lock:
            for (who, day, charged, endpoint), count in sorted(self._counts.items()):
                if (who, charged) == (key, is_charged) and day in days:
                    daily.setdefault(day, {})[endpoint] = count
        return daily

    def _today(self) -> datetime:
        now = datetime.fromtimestamp(self._clock(), timezone.utc)
        return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _date(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=timezone.utc)
    except ValueError:
        raise bad_request(f'"{text}" is not a date such as 20260102') from None
