"""Who may send a request, and when. Pure: a ledger, the windows and the time go in, a decision comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from . import reservations as slots
from . import waiters
from .ledger import Ledger
from .timeline import Timeline
from .waiters import FIRST, LATE_S, LONGEST_LOOK_IN_S, LOOK_IN_S, Claim, Waiter
from .windows import Calendar, Period, Quota, Sliding, Window, period_end, period_key

# Two requests one window apart to the microsecond are too close for two clocks.
MARGIN_S = 0.005
_LONGEST_BLOCK_S = 86400.0
_LONGEST_UNTOLD_BLOCK_S = 3600.0
# More have been configured in turn, and are not used at once.
_MOST_LENGTHS = 16


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
    """It would take longer than the caller waits: until `until` (epoch seconds). `window` names what is used up."""

    retry_after: float
    window: str
    until: float


Decision = Union[Start, Wait, Refuse]
_NO_CLAIM = Claim(returns=False)


def is_free(ledger: Ledger, quota: Quota, now: float) -> bool:
    """Whether a request needs no slot: nobody who uses the ledger has any window, and no 429 is waited out."""
    return not quota.windows and not ledger.longest_window_s and ledger.blocked_until <= now


def decide(
    ledger: Ledger, quota: Quota, ticket: str, now: float, deadline: float, claim: Claim = _NO_CLAIM
) -> Decision:
    """One look of the waiter `ticket`, which enters the queue with it, and leaves it with `Start` or `Refuse`.

    A client that has another ticket in the queue waits without entering it.
    """
    tidy(ledger, quota, now)
    closed = next((window for window in quota.calendar if window.limit <= 0), None)
    if closed is not None:
        waiters.leave(ledger, ticket)
        return Refuse(closed.end(now) - now, closed.name, closed.end(now))
    waiters.come_back(ledger, ticket, claim, now)
    ahead = waiters.ahead_of(ledger, ticket, claim, now)
    enters = not waiters.has_another(ledger, ticket, claim)
    if enters and _plan(ledger, quota, now, ahead, Timeline(ledger))[0] <= now:
        waiters.served(ledger, ticket, claim.batch)
        slots.take(ledger, ticket, now)
        return Start(now)
    hoped, told = _outlook(ledger, quota, now, ahead)
    if hoped > deadline:
        return _refuse(ledger, quota, ticket, now, told, claim._replace(returns=claim.returns and enters))
    look_in = min(hoped - now, LOOK_IN_S * (1 + len(ahead) // FIRST), LONGEST_LOOK_IN_S)
    if enters:
        waiters.stay(ledger, ticket, claim, now + look_in + LATE_S)
    return Wait(now + look_in)


def forecast(
    ledger: Ledger, quota: Quota, now: float, deadline: float, claim: Claim, requests_ahead: int
) -> Refuse | None:
    """The refusal of a request that waits behind `requests_ahead` of its own client's, or None if it may be in time."""
    tidy(ledger, quota, now)
    ahead = waiters.ahead_of(ledger, "", claim, now)
    # The first of the client's has its ticket in the queue already.
    without_ticket = requests_ahead - sum(waiters.is_ticket_of(waiter, claim) for waiter in ahead)
    ahead += [Waiter("", 0.0)] * max(0, without_ticket)
    hoped, (told, window) = _outlook(ledger, quota, now, ahead)
    return Refuse(told - now, window, told) if hoped > max(deadline, now) else None


def _outlook(ledger: Ledger, quota: Quota, now: float, ahead: list[Waiter]) -> tuple[float, tuple[float, str]]:
    """When one behind `ahead` may start at the earliest; and, for certain, when and what holds it until then.

    The former is earlier if clients that were refused do not return for the places that are kept for them.
    """
    told = _plan(ledger, quota, now, ahead, Timeline(ledger, latest=now))
    reserved = [waiter for waiter in ahead if waiter.is_reserved]
    if not reserved:
        return told[0], told
    waiting = [waiter for waiter in ahead if not waiter.is_reserved]
    alone, _ = _plan(ledger, quota, now, waiting, Timeline(ledger, latest=now))
    given_up = max([alone, *(waiter.promise for waiter in reserved if waiter.due <= alone)])
    return min(told[0], given_up), told


def _refuse(ledger: Ledger, quota: Quota, ticket: str, now: float, told: tuple[float, str], claim: Claim) -> Refuse:
    until, window = told
    if any(calendar.name == window for calendar in quota.calendar):
        waiters.leave(ledger, ticket)
    else:
        # No more than half of a window is kept for clients that may not return.
        room = max(1, min((window.limit for window in quota.sliding), default=1) // 2)
        waiters.reserve(ledger, ticket, claim, until, now, room)
    return Refuse(until - now, window, until)


def penalise(ledger: Ledger, quota: Quota, now: float, retry_after: float | None) -> float:
    """A 429 came: no request is sent for `retry_after` seconds, or a wait that grows with each in a row. Returns it.

    It ends with the UTC day at the latest: then VirusTotal's daily quota begins anew, and one request tries.
    """
    is_blocked = now < ledger.blocked_until
    if is_blocked and retry_after is None:
        return ledger.blocked_until - now
    if retry_after is None:
        retry_after = min(_minute(quota) * 2**ledger.consecutive_429s, _LONGEST_UNTOLD_BLOCK_S)
    if not is_blocked:
        # Several under way at once are refused for one and the same reason.
        ledger.consecutive_429s = min(ledger.consecutive_429s + 1, 16)
    block(ledger, now, retry_after)
    return ledger.blocked_for


def block(ledger: Ledger, now: float, seconds: float) -> None:
    """No request is sent for `seconds`, or until the day ends. It shortens no other block."""
    left_of_day = period_end("day", now) - now
    ledger.blocked_until = max(
        ledger.blocked_until, now + min(max(seconds, 0.0), left_of_day) + ledger.max_clock_skew_s
    )
    ledger.blocked_for = ledger.blocked_until - now


def shorten_block(ledger: Ledger, quota: Quota, now: float) -> None:
    """VirusTotal's own figures show requests left: a block lasts for a minute's window, as that alone may be full."""
    began = ledger.blocked_until - ledger.blocked_for
    ledger.blocked_for = min(ledger.blocked_for, _minute(quota) + ledger.max_clock_skew_s)
    ledger.blocked_until = min(ledger.blocked_until, began + ledger.blocked_for)


def _minute(quota: Quota) -> float:
    """The length of the shortest window, in which a 429 that says nothing more is probably over."""
    return min((window.seconds for window in quota.sliding), default=60.0)


def forgive(ledger: Ledger) -> None:
    """VirusTotal took a request: the next 429 is the first in a row."""
    ledger.consecutive_429s = 0


def tidy(ledger: Ledger, quota: Quota, now: float) -> None:
    """Forget what no window can see, bury the dead, and pull back stamps that a clock set back left in the future."""
    ledger.longest_window_s = max([ledger.longest_window_s, *(_seen_s(window) for window in quota.windows)])
    _note_lengths(ledger, quota)
    slots.tidy(ledger, now)
    waiters.tidy(ledger, now)
    _tidy_block(ledger, now)
    ledger.reset_at = min(ledger.reset_at, now + ledger.max_clock_skew_s)
    ledger.inherited_until = min(ledger.inherited_until, now)


def _note_lengths(ledger: Ledger, quota: Quota) -> None:
    """Buckets are as small as each window needs. Windows that are forgotten here are only seen less finely."""
    asked = {window.seconds for window in quota.sliding}
    if not asked.issubset(ledger.lengths):
        known = asked.union(ledger.lengths)
        ledger.lengths = sorted(known if len(known) <= _MOST_LENGTHS else asked)


def _tidy_block(ledger: Ledger, now: float) -> None:
    """No block lasts longer than it was made for, nor beyond the day, whoever wrote it down."""
    ledger.blocked_for = min(ledger.blocked_for, _LONGEST_BLOCK_S + ledger.max_clock_skew_s)
    ledger.blocked_until = min(ledger.blocked_until, now + ledger.blocked_for)
    beyond = ledger.blocked_until - (period_end("day", now) + ledger.max_clock_skew_s)
    if beyond > 0:
        ledger.blocked_for -= beyond
        ledger.blocked_until -= beyond


def _seen_s(window: Window) -> float:
    """Days and months have counts of their own; of these the horizon only says that somebody counts."""
    return window.seconds if isinstance(window, Sliding) else 1.0


def _plan(ledger: Ledger, quota: Quota, now: float, ahead: list[Waiter], timeline: Timeline) -> tuple[float, str]:
    """When one behind `ahead` may start if those start as early as they may, and what holds it."""
    counts = {window.period: dict(ledger.used[window.period]) for window in quota.calendar}
    for waiter in ahead:
        start, _ = _earliest(ledger, quota, now, timeline, counts)
        start = max(start, waiter.due)
        timeline.add(start)
        for period, used in counts.items():
            key = period_key(period, start)
            used[key] = used.get(key, 0) + 1
    return _earliest(ledger, quota, now, timeline, counts)


def _earliest(
    ledger: Ledger,
    quota: Quota,
    now: float,
    timeline: Timeline,
    counts: dict[Period, dict[str, int]],
) -> tuple[float, str]:
    start, name = now, ""
    if ledger.blocked_until > now:
        start, name = ledger.blocked_until, "upstream"
    for window in quota.sliding:
        free = max(timeline.newest(window.limit), ledger.reset_at) + window.seconds + MARGIN_S
        if free > start:
            start, name = free, window.name
    if not counts:
        return start, name
    agreed = _off_midnight(start, ledger.max_clock_skew_s)
    if agreed > start:
        start, name = agreed, quota.calendar[0].name
    full = _full(quota, counts, start)
    while full is not None:
        start, name = full.end(start) + ledger.max_clock_skew_s, full.name
        full = _full(quota, counts, start)
    return start, name


def _off_midnight(start: float, max_clock_skew_s: float) -> float:
    """Clocks that differ do not agree on the day just then: nobody starts until they do."""
    end = period_end("day", start - max_clock_skew_s)
    return start if end > start + max_clock_skew_s else end + max_clock_skew_s


def _full(quota: Quota, counts: dict[Period, dict[str, int]], start: float) -> Calendar | None:
    """The day or month around `start` that has no room; the month if both."""
    full = [window for window in quota.calendar if counts[window.period].get(window.key(start), 0) >= window.limit]
    return max(full, key=lambda window: window.period, default=None)
