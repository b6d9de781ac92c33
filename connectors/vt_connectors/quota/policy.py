"""Decides when a request may be sent. Pure: from a ledger, the windows and the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from . import reservations as slots
from . import shares, waiters
from .calendar_use import ShareUse
from .ledger import Ledger
from .plan import Earliest, outlook, plan
from .timeline import Timeline
from .waiters import FIRST, LATE_S, LONGEST_LOOK_IN_S, LOOK_IN_S, Claim, Waiter
from .windows import Quota, Sliding, Window, period_end

_LONGEST_BLOCK_S = 86400.0
_LONGEST_GUESSED_BLOCK_S = 3600.0
# If there are more, they were configured one after another, and are not used together.
_MOST_LENGTHS = 16


@dataclass(frozen=True)
class Start:
    """Send now: the slot was taken at `taken_at`."""

    taken_at: float


@dataclass(frozen=True)
class Wait:
    """Not yet: look again at `until` (epoch seconds)."""

    until: float


@dataclass(frozen=True)
class Refuse:
    """The wait is too long for the caller: until `until` (epoch seconds). `window` names the window that is full.

    `reserved`: how many requests are left in the window, all for the shares of other clients; 0 if it is just full.
    `share`: of the caller, if it has one and `reserved`.
    """

    retry_after: float
    window: str
    until: float
    reserved: int = 0
    share: ShareUse | None = None


Decision = Union[Start, Wait, Refuse]
_NO_CLAIM = Claim(returns=False)


def is_free(ledger: Ledger, quota: Quota, now: float) -> bool:
    """Whether a request needs no slot: no user of the ledger has a window, and there is no pause after a 429."""
    return not quota.windows and not ledger.longest_window_s and ledger.blocked_until <= now


def decide(
    ledger: Ledger, quota: Quota, ticket: str, now: float, deadline: float, claim: Claim = _NO_CLAIM
) -> Decision:
    """Decide for the waiter `ticket`. Its first look enters the queue; `Start` and `Refuse` leave it.

    If the client has another ticket in the queue, this one waits without entering it. So does one for which only the
    shares of others are left.
    """
    tidy(ledger, quota, now)
    closed = next((window for window in quota.calendar if window.limit <= 0), None)
    if closed is not None:
        waiters.leave(ledger, ticket)
        return Refuse(closed.end(now) - now, closed.name, closed.end(now))
    waiters.come_back(ledger, ticket, claim, now)
    ahead = waiters.ahead_of(ledger, ticket, claim, now)
    enters = not waiters.has_another(ledger, ticket, claim)
    if enters and plan(ledger, quota, now, ahead, claim.client, Timeline(ledger)).start <= now:
        waiters.served(ledger, ticket, claim.batch)
        slots.take(ledger, ticket, now, claim.client)
        return Start(now)
    earliest, certain = outlook(ledger, quota, now, ahead, claim.client)
    if earliest > deadline:
        return _refuse(ledger, quota, ticket, now, certain, claim._replace(returns=claim.returns and enters))
    look_in = min(earliest - now, LOOK_IN_S * (1 + len(ahead) // FIRST), LONGEST_LOOK_IN_S)
    if certain.reserved:
        waiters.leave(ledger, ticket)
    elif enters:
        waiters.stay(ledger, ticket, claim, now + look_in + LATE_S)
    return Wait(now + look_in)


def forecast(
    ledger: Ledger, quota: Quota, now: float, deadline: float, claim: Claim, requests_ahead: int
) -> Refuse | None:
    """The refusal of a request behind `requests_ahead` others of its client, or None if it may start in time."""
    tidy(ledger, quota, now)
    ahead = waiters.ahead_of(ledger, "", claim, now)
    # The first request of the client has its ticket in the queue already.
    without_ticket = requests_ahead - sum(waiters.is_ticket_of(waiter, claim) for waiter in ahead)
    ahead += [Waiter("", 0.0, claim.client)] * max(0, without_ticket)
    earliest, certain = outlook(ledger, quota, now, ahead, claim.client)
    return _refused_until(certain, now) if earliest > max(deadline, now) else None


def _refuse(ledger: Ledger, quota: Quota, ticket: str, now: float, certain: Earliest, claim: Claim) -> Refuse:
    if any(calendar.name == certain.window for calendar in quota.calendar):
        waiters.leave(ledger, ticket)
    else:
        # At most half of a window is reserved for clients that may not return.
        room = max(1, min((window.limit for window in quota.sliding), default=1) // 2)
        waiters.reserve(ledger, ticket, claim, certain.start, now, room)
    return _refused_until(certain, now)


def _refused_until(certain: Earliest, now: float) -> Refuse:
    return Refuse(certain.start - now, certain.window, certain.start, certain.reserved, certain.share)


def penalise(ledger: Ledger, quota: Quota, now: float, retry_after: float | None) -> float:
    """After a 429, pause for `retry_after` seconds, or for longer with each 429 in a row. Returns the seconds.

    The pause ends with the UTC day at the latest, because VirusTotal's daily quota begins again then.
    """
    is_blocked = now < ledger.blocked_until
    if is_blocked and retry_after is None:
        return ledger.blocked_until - now
    if retry_after is None:
        retry_after = min(_minute(quota) * 2**ledger.consecutive_429s, _LONGEST_GUESSED_BLOCK_S)
    if not is_blocked:
        # Several requests in flight are refused for the same reason.
        ledger.consecutive_429s = min(ledger.consecutive_429s + 1, 16)
    block(ledger, now, retry_after)
    return ledger.blocked_for


def block(ledger: Ledger, now: float, seconds: float) -> None:
    """Pause for `seconds`, or until the day ends. Does not shorten another pause."""
    left_of_day = period_end("day", now) - now
    ledger.blocked_until = max(
        ledger.blocked_until, now + min(max(seconds, 0.0), left_of_day) + ledger.max_clock_skew_s
    )
    ledger.blocked_for = ledger.blocked_until - now


def shorten_block(ledger: Ledger, quota: Quota, now: float) -> None:
    """VirusTotal's figures show requests left, so only the minute's window may be full: the pause ends with it."""
    began = ledger.blocked_until - ledger.blocked_for
    ledger.blocked_for = min(ledger.blocked_for, _minute(quota) + ledger.max_clock_skew_s)
    ledger.blocked_until = min(ledger.blocked_until, began + ledger.blocked_for)


def _minute(quota: Quota) -> float:
    """The length of the shortest window: a guess for a 429 without a time."""
    return min((window.seconds for window in quota.sliding), default=60.0)


def forgive(ledger: Ledger) -> None:
    """VirusTotal accepted a request: the next 429 is the first in a row."""
    ledger.consecutive_429s = 0


def tidy(ledger: Ledger, quota: Quota, now: float) -> None:
    """Drop expired stamps, settle requests whose owners died long ago, and clamp future stamps to now."""
    ledger.longest_window_s = max([ledger.longest_window_s, *(_seen_s(window) for window in quota.windows)])
    _note_lengths(ledger, quota)
    slots.tidy(ledger, now)
    waiters.tidy(ledger, now)
    shares.tidy(ledger.shares, now)
    _tidy_block(ledger, now)
    ledger.reset_at = min(ledger.reset_at, now + ledger.max_clock_skew_s)
    ledger.inherited_until = min(ledger.inherited_until, now)


def _note_lengths(ledger: Ledger, quota: Quota) -> None:
    """The lengths decide how small buckets are. A window whose length was dropped is only counted less finely."""
    current = {window.seconds for window in quota.sliding}
    if not current.issubset(ledger.lengths):
        known = current.union(ledger.lengths)
        ledger.lengths = sorted(known if len(known) <= _MOST_LENGTHS else current)


def _tidy_block(ledger: Ledger, now: float) -> None:
    """No pause lasts longer than its own length, nor beyond the day."""
    ledger.blocked_for = min(ledger.blocked_for, _LONGEST_BLOCK_S + ledger.max_clock_skew_s)
    ledger.blocked_until = min(ledger.blocked_until, now + ledger.blocked_for)
    beyond = ledger.blocked_until - (period_end("day", now) + ledger.max_clock_skew_s)
    if beyond > 0:
        ledger.blocked_for -= beyond
        ledger.blocked_until -= beyond


def _seen_s(window: Window) -> float:
    """Days and months have their own counts; for them 1 only means that requests are counted."""
    return window.seconds if isinstance(window, Sliding) else 1.0
