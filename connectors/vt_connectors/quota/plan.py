"""When a request may start, behind the requests that are served before it. Pure, like `policy`."""

from __future__ import annotations

from ..light_typing import NamedTuple
from .calendar_use import CalendarUse, ShareUse
from .ledger import Ledger
from .timeline import Timeline
from .waiters import Waiter
from .windows import Calendar, Quota, Sliding, period_end

# Two clocks do not agree to the microsecond on the end of a window.
MARGIN_S = 0.005


class Earliest(NamedTuple):
    """`start` (epoch seconds) of a request, and the name of the window that delays it; empty without a delay.

    `reserved`: how many requests are left in that window for the shares of other clients; 0 if it is just full.
    `share`: of the request's client, if `reserved`.
    """

    start: float
    window: str = ""
    reserved: int = 0
    share: ShareUse | None = None


def plan(ledger: Ledger, quota: Quota, now: float, ahead: list[Waiter], client: str, timeline: Timeline) -> Earliest:
    """The start of a request of `client` behind `ahead`, if each starts as early as allowed.

    Waiters for which only the shares of others are left do not delay anybody.
    """
    use, sliding = CalendarUse(ledger, quota), quota.sliding
    for waiter in ahead:
        if use.is_held_up(waiter.client, now):
            continue
        start = max(_earliest(ledger, sliding, now, timeline, use, waiter.client).start, waiter.due)
        timeline.add(start)
        use.add(waiter.client, start)
    return _earliest(ledger, sliding, now, timeline, use, client)


def outlook(ledger: Ledger, quota: Quota, now: float, ahead: list[Waiter], client: str) -> tuple[float, Earliest]:
    """The earliest possible start of a request behind `ahead`; and its certain start, with the window that delays it.

    The first is earlier if refused clients do not return for their reserved places.
    """
    certain = plan(ledger, quota, now, ahead, client, Timeline(ledger, latest=now))
    reserved = [waiter for waiter in ahead if waiter.is_reserved]
    if not reserved:
        return certain.start, certain
    waiting = [waiter for waiter in ahead if not waiter.is_reserved]
    alone = plan(ledger, quota, now, waiting, client, Timeline(ledger, latest=now)).start
    given_up = max([alone, *(waiter.promise for waiter in reserved if waiter.due <= alone)])
    return min(certain.start, given_up), certain


def _earliest(
    ledger: Ledger, sliding: list[Sliding], now: float, timeline: Timeline, use: CalendarUse, client: str
) -> Earliest:
    start, name = now, ""
    if ledger.blocked_until > now:
        start, name = ledger.blocked_until, "upstream"
    for window in sliding:
        free = max(timeline.newest(window.limit), ledger.reset_at) + window.seconds + MARGIN_S
        if free > start:
            start, name = free, window.name
    if not use.windows:
        return Earliest(start, name)
    agreed = _off_midnight(start, ledger.max_clock_skew_s)
    if agreed > start:
        start, name = agreed, use.windows[0].name
    reserved, share = 0, None
    shut = _shut(use, client, start)
    if shut is not None and not use.is_full(shut, start):
        reserved, share = use.reserved_from(shut, client, start), use.share(shut, client, start)
    while shut is not None:
        start, name = shut.end(start) + ledger.max_clock_skew_s, shut.name
        # Shares may be others by then, and a client may have none of them for ever.
        shut = _last([window for window in use.windows if use.is_full(window, start)])
    return Earliest(start, name, reserved, share)


def _off_midnight(start: float, max_clock_skew_s: float) -> float:
    """Around midnight, clocks that differ disagree on the day, so requests wait until they agree."""
    end = period_end("day", start - max_clock_skew_s)
    return start if end > start + max_clock_skew_s else end + max_clock_skew_s


def _shut(use: CalendarUse, client: str, start: float) -> Calendar | None:
    """The day or month of `start` if it has no request left for the client; the month if both have none."""
    return _last(
        [window for window in use.windows if use.is_full(window, start) or use.reserved_from(window, client, start)]
    )


def _last(windows: list[Calendar]) -> Calendar | None:
    """The window that ends last; None without any."""
    return max(windows, key=lambda window: window.period, default=None)
