"""The quota: our own record with bars and reset times, the account's figures, and the use by endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ....clock import iso
from ....errors import printable
from .sheet import Cell, Sheet, bar, cell, moment
from .verdict_sheet import span

if TYPE_CHECKING:
    from ....contract.response import Response

_FULL, _HIGH = 1.0, 0.8
_CALENDAR = ("day", "month")


def quota_sheets(response: Response, now: float) -> Iterator[Sheet]:
    """`now` in epoch seconds: reset times are counted from it."""
    data = response["data"]
    windows = [_window(name, seen, now) for name, seen in data["windows"].items()]
    columns = ("window", "use", "used", "limit", "left", "free again")
    yield Sheet(columns, windows, "Our record of this key, shared by all processes")
    rows = [row for name, figure in data.get("account", {}).items() for row in _pools(name, figure)]
    if rows:
        title = "VirusTotal's figures for the account"
        yield Sheet(("quota", "use", "used", "limit", "left", "pool"), rows, title)
    if "usage" in data:
        yield _usage(data["usage"])


def _window(name: str, seen: Mapping[str, Any], now: float) -> tuple[Cell, ...]:
    if "limit" not in seen:
        paused = f"paused by VirusTotal until {moment(seen['until'])}"
        return (cell(name), cell(None), cell(None), cell(None), cell(0), cell(paused))
    left = max(0, seen["limit"] - seen["used"])
    numbers = (seen["used"], seen["limit"], left)
    return (cell(name), _bar(seen["used"], seen["limit"]), *map(cell, numbers), _reset(name, seen, now))


def _reset(name: str, seen: Mapping[str, Any], now: float) -> Cell:
    wait_s = seen.get("resets_in_s", 0)
    if not seen["used"] or not wait_s:
        return cell(None)
    until = iso(round(now + wait_s))
    at = f" ({moment(until)})" if name in _CALENDAR else ""
    return Cell(f"in {span(wait_s)}{at}", "", until)


def _pools(name: str, figure: Mapping[str, Any]) -> Iterator[tuple[Cell, ...]]:
    """A row for each pool, with a mark at the pool that runs out first."""
    for pool in ("user", "group"):
        if pool not in figure:
            continue
        numbers = figure[pool]
        first = " (runs out first)" if pool == figure["pool"] and "group" in figure else ""
        yield (cell(name.replace("_", " ")), *_use(figure, numbers), cell(f"{pool}{first}{_limit(figure, numbers)}"))


def _use(figure: Mapping[str, Any], numbers: Mapping[str, Any]) -> tuple[Cell, ...]:
    """The bar, and what is used, allowed and left."""
    used, allowed, left = (numbers[word] for word in ("used", "allowed", "left"))
    if _limit(figure, numbers):
        return (cell(None), cell(used), cell(None), cell(None))
    return (_bar(used, allowed), cell(used), cell(allowed), cell(left))


def _limit(figure: Mapping[str, Any], numbers: Mapping[str, Any]) -> str:
    """Why there are no figures of a limit; empty if there are."""
    if numbers["allowed"] == 0:
        return ": not in the licence"
    return ": no limit" if figure["pool"] is None or numbers["left"] is None else ""


def _bar(used: int | None, limit: int | None) -> Cell:
    """Green, yellow when little is left, red when nothing is. Its exact value is the percentage."""
    if used is None or not limit:
        return cell(None)
    part = min(1.0, used / limit)
    style = "red" if part >= _FULL else "yellow" if part >= _HIGH else "green"
    return Cell("".join(bar(used, limit)), style, f"{part:.0%}", is_whole=True)


def _usage(usage: Mapping[str, Any]) -> Sheet:
    """The use of the account by endpoint, the most used first, and the sum."""
    unread = f"; {usage['unread']} figures cannot be read" if "unread" in usage else ""
    rows = [
        tuple(map(cell, (row["endpoint"], row["requests"], row["not_counted"])))
        for row in (*usage["endpoints"], {**usage, "endpoint": "all"})
    ]
    title = printable(f"use from {usage['start']} to {usage['end']}{unread}")
    return Sheet(("endpoint", "requests", "not counted"), rows, title)
