"""Who may send a request, and when. Pure: a ledger, the windows and the time go in, a decision comes out.

A request takes its slot before it is sent, and the slot counts from the latest moment at which VirusTotal may have
counted the request: its answer's arrival, or, when its owner died, a grace after the owner's last sign of life.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass
from typing import Union

from .ledger import Ledger
from .windows import Period, Quota, period_key

# A request whose owner fell silent reaches VirusTotal within this, or never.
GRACE_S = 5.0
# One waiter looks in at least this often ...
LOOK_IN_S = 1.0
# ... and is taken for dead when it is late by more than this.
LATE_S = 2.0
# Two requests one window apart to the microsecond are too close for two clocks.
MARGIN_S = 0.005
_LONGEST_BLOCK_S = 31 * 86400.0
_LONGEST_UNTOLD_BLOCK_S = 3600.0
_PERIODS: tuple[Period, ...] = ("day", "month")


@dataclass(frozen=True)
class Start:
    """Go now: the slot is taken."""


@dataclass(frozen=True)
class Wait:
    """Not before `until` (epoch seconds), as it looks now."""

    until: float


@dataclass(frozen=True)
class Refuse:
    """It would take longer than the caller waits. `window` names what is used up."""

    retry_after: float
    window: str


Decision = Union[Start, Wait, Refuse]


def decide(ledger: Ledger, quota: Quota, ticket: str, now: float, deadline: float) -> Decision:
    """One look of the waiter `ticket`, who enters the queue with it, and leaves it with `Start` or `Refuse`."""
    tidy(ledger, quota, now)
    names = [name for name, _ in ledger.queue]
    position = names.index(ticket) if ticket in names else len(names)
    earliest, _ = _plan(ledger, quota, now, position, _stamps(ledger))
    if earliest <= now:
        leave(ledger, ticket)
        _take(ledger, ticket, now)
        return Start()
    hoped, window = _plan(ledger, quota, now, position, _stamps(ledger, latest=now))
    if hoped > deadline:
        leave(ledger, ticket)
        return Refuse(hoped - now, window)
    _stay(ledger, ticket, now + min(max(hoped - now, 0.0), LOOK_IN_S) + LATE_S)
    return Wait(hoped)


def settle(ledger: Ledger, ticket: str, taken_at: float, now: float, *, answered: bool) -> None:
    """The request came back, or its end is unknown: then it may be counted for a grace yet."""
    if ledger.flights.pop(ticket, None) is not None:
        latest = now if answered else now + GRACE_S
        _record(ledger, latest)
        _count_across(ledger, taken_at, latest)
    if answered and now >= ledger.blocked_until:
        ledger.strikes = 0


def refund(ledger: Ledger, ticket: str, taken_at: float) -> None:
    """The request was certainly never sent (no connection was made): as if it had not been asked for."""
    if ledger.flights.pop(ticket, None) is not None:
        for period in _PERIODS:
            counts, key = ledger.used[period], period_key(period, taken_at)
            counts[key] = max(0, counts.get(key, 0) - 1)


def beat(ledger: Ledger, tickets: list[str], now: float) -> None:
    """The owners of these requests live."""
    for ticket in tickets:
        if ticket in ledger.flights:
            ledger.flights[ticket] = now + GRACE_S


def penalise(ledger: Ledger, quota: Quota, now: float, retry_after: float | None) -> float:
    """A 429 came: nobody asks for `retry_after` seconds, or a wait that grows with each in a row. Returns the wait."""
    if now < ledger.blocked_until and retry_after is None:
        return ledger.blocked_until - now
    if retry_after is None:
        shortest = min((window.seconds for window in quota.sliding), default=60.0)
        retry_after = min(shortest * 2**ledger.strikes, _LONGEST_UNTOLD_BLOCK_S)
    ledger.strikes = min(ledger.strikes + 1, 16)
    ledger.blocked_until = max(ledger.blocked_until, now + min(max(retry_after, 0.0), _LONGEST_BLOCK_S))
    return ledger.blocked_until - now


def tidy(ledger: Ledger, quota: Quota, now: float) -> None:
    """Forget what no window can see, bury the dead, and pull back stamps that a clock set back left in the future."""
    ledger.horizon = max([ledger.horizon, *(window.seconds for window in quota.sliding)])
    for ticket, latest in list(ledger.flights.items()):
        if latest > now + GRACE_S:
            ledger.flights[ticket] = now + GRACE_S
        elif latest < now:
            del ledger.flights[ticket]
            _record(ledger, latest)
            _count_across(ledger, latest - GRACE_S, latest)
    if ledger.settled and ledger.settled[-1] > now + GRACE_S:
        ledger.settled = sorted(min(stamp, now) for stamp in ledger.settled)
    del ledger.settled[: bisect_left(ledger.settled, now - ledger.horizon - 1.0)]
    ledger.queue = [(name, min(promise, now + LOOK_IN_S + LATE_S)) for name, promise in ledger.queue if promise >= now]
    ledger.blocked_until = min(ledger.blocked_until, now + _LONGEST_BLOCK_S)
    for counts in ledger.used.values():
        for key in sorted(counts)[:-3]:
            del counts[key]


def _plan(ledger: Ledger, quota: Quota, now: float, position: int, stamps: list[float]) -> tuple[float, str]:
    """When the waiter at `position` may start if those before it start as early as they may, and what holds it."""
    counts = {window.period: dict(ledger.used[window.period]) for window in quota.calendar}
    start, window = now, ""
    for _ in range(position + 1):
        start, window = _earliest(ledger, quota, now, stamps, counts)
        insort(stamps, start)
        for period, used in counts.items():
            key = period_key(period, start)
            used[key] = used.get(key, 0) + 1
    return start, window


def _earliest(
    ledger: Ledger,
    quota: Quota,
    now: float,
    stamps: list[float],
    counts: dict[Period, dict[str, int]],
) -> tuple[float, str]:
    start, name = now, ""
    if ledger.blocked_until > now:
        start, name = ledger.blocked_until, "upstream"
    for window in quota.sliding:
        if len(stamps) >= window.limit:
            free = stamps[-window.limit] + window.seconds + MARGIN_S
            if free > start:
                start, name = free, window.name
    # A month ends with a day, so the month goes last and settles both.
    for calendar in sorted(quota.calendar, key=lambda item: item.period):
        if counts[calendar.period].get(calendar.key(start), 0) >= calendar.limit:
            start, name = calendar.end(start), calendar.name
    return start, name


def _stamps(ledger: Ledger, latest: float | None = None) -> list[float]:
    """Every slot's stamp in order; with `latest`, as if all under way had come back by then."""
    flights = ledger.flights.values()
    return sorted([*ledger.settled, *(flights if latest is None else (min(stamp, latest) for stamp in flights))])


def _take(ledger: Ledger, ticket: str, now: float) -> None:
    ledger.flights[ticket] = now + GRACE_S
    for period in _PERIODS:
        counts, key = ledger.used[period], period_key(period, now)
        counts[key] = counts.get(key, 0) + 1


def _count_across(ledger: Ledger, taken_at: float, latest: float) -> None:
    """A request that was under way at midnight may have been counted on either side: it is, on both."""
    for period in _PERIODS:
        key = period_key(period, latest)
        if key != period_key(period, taken_at):
            ledger.used[period][key] = ledger.used[period].get(key, 0) + 1


def _record(ledger: Ledger, stamp: float) -> None:
    if ledger.horizon:
        insort(ledger.settled, stamp)


def leave(ledger: Ledger, ticket: str) -> None:
    """The waiter went away."""
    ledger.queue = [entry for entry in ledger.queue if entry[0] != ticket]


def _stay(ledger: Ledger, ticket: str, promise: float) -> None:
    for index, (name, _) in enumerate(ledger.queue):
        if name == ticket:
            ledger.queue[index] = (name, promise)
            return
    ledger.queue.append((ticket, promise))
