"""The use of an account by day and endpoint, as VirusTotal reports it. Pure.

Shape: https://docs.virustotal.com/reference/user-api-usage. `daily` has the requests of each day by endpoint, `total`
the sums; both once more for requests that do not count against the quota.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

# VirusTotal reports at most 30 days in one response.
MOST_DAYS = 30
_DAY_FORM = "%Y-%m-%d"
_NOT_COUNTED = "_endpoints_not_consuming_quota"
# Much larger numbers are not valid counts.
_LARGEST = 1_000_000_000_000
_MOST_ENDPOINTS, _LONGEST_NAME = 200, 100

Counts = dict[str, int]


class Days(NamedTuple):
    """The first and the last day of a report, as YYYYMMDD."""

    first: str
    last: str


def last_days(count: int, now: float) -> Days:
    """The last `count` days of UTC, including the day of `now` (epoch seconds)."""
    today = datetime.fromtimestamp(now, timezone.utc)
    first = today - timedelta(days=count - 1)
    return Days(first.strftime("%Y%m%d"), today.strftime("%Y%m%d"))


def is_usage(data: object) -> bool:
    """Whether `data` of a response is a report on the use."""
    return isinstance(data, Mapping) and any(isinstance(data.get(name), Mapping) for name in ("daily", "total"))


def shown_usage(data: Mapping[str, Any], days: Days) -> dict[str, Any]:
    """The report for people: `endpoints` of all days, the most used first, and `days`, the oldest first.

    `requests` count against the quota, `not_counted` do not. `unread`: how many figures cannot be read and are left
    out; absent without any.
    """
    read = _Reader()
    counted, free = read.by_day(data, ""), read.by_day(data, _NOT_COUNTED)
    sums = {suffix: read.total(data, suffix, days_) for suffix, days_ in (("", counted), (_NOT_COUNTED, free))}
    found: dict[str, Any] = {
        "start": _with_dashes(days.first),
        "end": _with_dashes(days.last),
        "requests": sum(sums[""].values()),
        "not_counted": sum(sums[_NOT_COUNTED].values()),
        "endpoints": _rows(sums[""], sums[_NOT_COUNTED]),
        "days": [_day(day, counted.get(day, {}), free.get(day, {})) for day in sorted({*counted, *free})],
    }
    return {**found, "unread": read.unread} if read.unread else found


class _Reader:
    """Reads figures, and counts those that cannot be read."""

    def __init__(self) -> None:
        self.unread = 0

    def by_day(self, data: Mapping[str, Any], suffix: str) -> dict[str, Counts]:
        """The days with any use, and their counts by endpoint."""
        found: dict[str, Counts] = {}
        for day, counts in self._entries(data, f"daily{suffix}"):
            if not _is_day(day) or not isinstance(counts, Mapping):
                self.unread += 1
            elif len(found) < MOST_DAYS:
                found[day] = self._counts(counts)
        return {day: counts for day, counts in found.items() if counts}

    def total(self, data: Mapping[str, Any], suffix: str, days: Mapping[str, Counts]) -> Counts:
        """VirusTotal's sums; the sum of the days for an endpoint without one."""
        sums: Counts = {}
        for counts in days.values():
            for name, count in counts.items():
                sums[name] = sums.get(name, 0) + count
        return {**sums, **self._counts(dict(self._entries(data, f"total{suffix}")))}

    def _entries(self, data: Mapping[str, Any], name: str) -> Iterator[tuple[str, Any]]:
        entries = data.get(name)
        if isinstance(entries, Mapping):
            yield from entries.items()
        elif name in data:
            self.unread += 1

    def _counts(self, counts: Mapping[str, Any]) -> Counts:
        found: Counts = {}
        for name, count in counts.items():
            is_number = isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= _LARGEST
            if not is_number or len(name) > _LONGEST_NAME or not name.isprintable() or len(found) == _MOST_ENDPOINTS:
                self.unread += 1
            elif count:
                found[name] = count
        return found


def _day(day: str, counted: Counts, free: Counts) -> dict[str, Any]:
    sums = {"date": day, "requests": sum(counted.values()), "not_counted": sum(free.values())}
    return {**sums, "endpoints": _rows(counted, free)}


def _rows(counted: Counts, free: Counts) -> list[dict[str, Any]]:
    """The endpoints with their counts, the most used first."""
    names = sorted({*counted, *free}, key=lambda name: (-counted.get(name, 0), -free.get(name, 0), name))
    return [{"endpoint": name, "requests": counted.get(name, 0), "not_counted": free.get(name, 0)} for name in names]


def _is_day(text: str) -> bool:
    try:
        return datetime.strptime(text, _DAY_FORM).strftime(_DAY_FORM) == text
    except ValueError:
        return False


def _with_dashes(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"
