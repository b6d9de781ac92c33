"""Who may send a request, and when. Pure: a ledger, the windows and the time go in, a decision comes out."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass
from typing import Union

from . import slots
from .ledger import Ledger
from .windows import Calendar, Period, Quota, Sliding, Window, period_end, period_key

# The first waiters look in this often, those further behind less often ...
LOOK_IN_S = 1.0
LONGEST_LOOK_IN_S = 10.0
_FIRST = 16
# ... one who is late lets the others by, and is taken for dead when it is late by more than this.
_LETS_BY_S = 0.2
LATE_S = 2.0
# Two requests one window apart to the microsecond are too close for two clocks.
MARGIN_S = 0.005
_LONGEST_BLOCK_S = 31 * 86400.0
_LONGEST_UNTOLD_BLOCK_S = 3600.0


@dataclass(frozen=True)
class Start:
    """Go now: the slot is taken, as of `taken_at`."""

    taken_at: float


@dataclass(frozen=True)
class Wait:
    """Not yet: look in again at `until` (epoch seconds)."""

    until: float


@dataclass(frozen=True)
class Refuse:
    """It would take longer than the caller waits. `window` names what is used up."""

    retry_after: float
    window: str


Decision = Union[Start, Wait, Refuse]


def is_free(ledger: Ledger, quota: Quota, now: float) -> bool:
    """Whether a request needs no slot: nobody who uses the ledger has any window, and no 429 is waited out."""
    return not quota.windows and not ledger.horizon and ledger.blocked_until <= now


def decide(ledger: Ledger, quota: Quota, ticket: str, now: float, deadline: float) -> Decision:
    """One look of the waiter `ticket`, who enters the queue with it, and leaves it with `Start` or `Refuse`."""
    tidy(ledger, quota, now)
    closed = next((window for window in quota.calendar if window.limit <= 0), None)
    if closed is not None:
        leave(ledger, ticket)
        return Refuse(closed.end(now) - now, closed.name)
    position = _position(ledger, ticket, now)
    earliest, _ = _plan(ledger, quota, now, position, _stamps(ledger))
    if earliest <= now:
        leave(ledger, ticket)
        slots.take(ledger, ticket, now)
        return Start(now)
    hoped, window = _plan(ledger, quota, now, position, _stamps(ledger, latest=now))
    if hoped > deadline:
        leave(ledger, ticket)
        return Refuse(hoped - now, window)
    look_in = min(hoped - now, LOOK_IN_S * (1 + position // _FIRST), LONGEST_LOOK_IN_S)
    _stay(ledger, ticket, now + look_in + LATE_S)
    return Wait(now + look_in)


def penalise(ledger: Ledger, quota: Quota, now: float, retry_after: float | None) -> float:
    """A 429 came: nobody asks for `retry_after` seconds, or a wait that grows with each in a row. Returns the wait."""
    is_blocked = now < ledger.blocked_until
    if is_blocked and retry_after is None:
        return ledger.blocked_until - now
    if retry_after is None:
        shortest = min((window.seconds for window in quota.sliding), default=60.0)
        retry_after = min(shortest * 2**ledger.strikes, _LONGEST_UNTOLD_BLOCK_S)
    if not is_blocked:
        # Several under way at once are refused for one and the same reason.
        ledger.strikes = min(ledger.strikes + 1, 16)
    retry_after = min(max(retry_after, 0.0), _LONGEST_BLOCK_S) + ledger.apart_s
    ledger.blocked_until = max(ledger.blocked_until, now + retry_after)
    ledger.blocked_for = ledger.blocked_until - now
    return ledger.blocked_for


def forgive(ledger: Ledger) -> None:
    """VirusTotal took a request: the next 429 is the first in a row."""
    ledger.strikes = 0


def tidy(ledger: Ledger, quota: Quota, now: float) -> None:
    """Forget what no window can see, bury the dead, and pull back stamps that a clock set back left in the future."""
    ledger.horizon = max([ledger.horizon, *(_seen_s(window) for window in quota.windows)])
    slots.tidy(ledger, now)
    furthest = now + LONGEST_LOOK_IN_S + LATE_S
    ledger.queue = [(name, min(promise, furthest)) for name, promise in ledger.queue if promise >= now]
    ledger.blocked_until = min(ledger.blocked_until, now + ledger.blocked_for)
    ledger.lost_at = min(ledger.lost_at, now + ledger.apart_s)


def _seen_s(window: Window) -> float:
    """Days and months have counts of their own; of these the horizon only says that somebody counts."""
    return window.seconds if isinstance(window, Sliding) else 1.0


def _position(ledger: Ledger, ticket: str, now: float) -> int:
    """How many who are there are before the waiter."""
    before = 0
    for name, promise in ledger.queue:
        if name == ticket:
            break
        before += promise - LATE_S + _LETS_BY_S >= now
    return before


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
        last = stamps[-window.limit] if len(stamps) >= window.limit else 0.0
        free = max(last, ledger.lost_at) + window.seconds + MARGIN_S
        if free > start:
            start, name = free, window.name
    agreed = _off_midnight(start, ledger.apart_s)
    if quota.calendar and agreed > start:
        start, name = agreed, quota.calendar[0].name
    full = _full(quota, counts, start)
    while full is not None:
        start, name = full.end(start) + ledger.apart_s, full.name
        full = _full(quota, counts, start)
    return start, name


def _off_midnight(start: float, apart_s: float) -> float:
    """Clocks that differ do not agree on the day just then: nobody starts until they do."""
    end = period_end("day", start - apart_s)
    return start if end > start + apart_s else end + apart_s


def _full(quota: Quota, counts: dict[Period, dict[str, int]], start: float) -> Calendar | None:
    """The day or month around `start` that has no room; the month if both."""
    full = [window for window in quota.calendar if counts[window.period].get(window.key(start), 0) >= window.limit]
    return max(full, key=lambda window: window.period, default=None)


def _stamps(ledger: Ledger, latest: float | None = None) -> list[float]:
    """Every slot's stamp in order; with `latest`, as if all under way had come back by then."""
    flights = ledger.flights.values()
    return sorted([*ledger.settled, *(flights if latest is None else (min(stamp, latest) for stamp in flights))])


def leave(ledger: Ledger, ticket: str) -> None:
    """The waiter went away."""
    ledger.queue = [entry for entry in ledger.queue if entry[0] != ticket]


def _stay(ledger: Ledger, ticket: str, promise: float) -> None:
    for index, (name, _) in enumerate(ledger.queue):
        if name == ticket:
            ledger.queue[index] = (name, promise)
            return
    ledger.queue.append((ticket, promise))
