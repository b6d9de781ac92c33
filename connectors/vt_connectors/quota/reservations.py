"""How requests in flight and finished requests count against the quota. Pure, like `policy`.

A request takes its slot before it is sent. The slot counts from the latest moment at which VirusTotal may have counted
the request: the arrival of its response, or a grace after the last heartbeat of an owner that died.
If clocks differ, stamps are `max_clock_skew_s` later, so that they are the latest by every clock.
"""

from __future__ import annotations

from bisect import bisect_left, insort

from . import buckets, shares
from .ledger import Ledger
from .windows import Period, period_key

# A request whose owner stopped its heartbeat reaches VirusTotal within this time, or never.
GRACE_S = 5.0
# For so long the ledger still knows a request whose grace ended, so that it counts once if its owner was only slow: on
# a busy machine, heartbeats may be some seconds late. Of more requests than this, it knows the newest.
KNOWN_S, MOST_KNOWN = 60.0, 64
_ROUNDING_S = 0.001
# Counts of neighbouring periods are stored too, because a clock may be set back across the border.
_REACH_S: dict[Period, float] = {"day": 86400.0, "month": 31 * 86400.0}


def take(ledger: Ledger, ticket: str, now: float, client: str = "") -> None:
    """The request of `client` may be sent."""
    now += ledger.max_clock_skew_s
    if client in ledger.shares.registered:
        ledger.shares.senders[ticket] = client
    for period in _REACH_S:
        _count(ledger, ticket, period, now, 1)
    ledger.in_flight[ticket] = now
    _push(ledger, ticket, now + GRACE_S)


def settle(ledger: Ledger, ticket: str, now: float, *, answered: bool) -> None:
    """The request was answered, or its end is unknown: then VirusTotal may still count it during a grace."""
    _restore(ledger, ticket, now)
    now += ledger.max_clock_skew_s
    _push(ledger, ticket, now if answered else now + GRACE_S)
    _record(ledger, ticket)


def settle_late(ledger: Ledger, ticket: str, answered_at: float) -> None:
    """The request was answered at `answered_at`. No change if the ledger does not know it any more."""
    if ticket in ledger.in_flight:
        settle(ledger, ticket, answered_at, answered=True)


def refund(ledger: Ledger, ticket: str, taken_at: float) -> None:
    """The request was certainly not sent (no connection was made), so it does not count."""
    taken_at += ledger.max_clock_skew_s
    latest = ledger.in_flight.pop(ticket, None)
    if latest is not None:
        for period in _REACH_S:
            _count(ledger, ticket, period, taken_at, -1)
            if period_key(period, latest) != period_key(period, taken_at):
                _count(ledger, ticket, period, latest, -1)
    ledger.shares.senders.pop(ticket, None)


def beat(ledger: Ledger, tickets: list[str], now: float) -> None:
    """The owners of these requests are alive."""
    for ticket in tickets:
        _restore(ledger, ticket, now)
        _push(ledger, ticket, now + ledger.max_clock_skew_s + GRACE_S)


def has_run_out(ledger: Ledger, ticket: str, now: float) -> bool:
    """Whether the ledger counts the request as finished, or may do so at any moment."""
    return ledger.in_flight.get(ticket, 0.0) < now + ledger.max_clock_skew_s


def move(ledger: Ledger, step: float) -> None:
    """The clock was set forward by `step` seconds: move all times with it."""
    ledger.settled = [stamp + step for stamp in ledger.settled]
    ledger.older = ledger.older.moved(step)
    for ticket, latest in ledger.in_flight.items():
        _push(ledger, ticket, latest + step)


def tidy(ledger: Ledger, now: float) -> None:
    """Drop expired stamps, settle requests whose owners died long ago, and clamp future stamps to now."""
    now += ledger.max_clock_skew_s
    for ticket, latest in list(ledger.in_flight.items()):
        if latest > now + GRACE_S:
            _push(ledger, ticket, now + GRACE_S)
    _settle_unknown(ledger, now)
    if ledger.settled and ledger.settled[-1] > now + GRACE_S:
        # A request whose response was lost may still be counted during a grace.
        ledger.settled = [min(stamp, now + GRACE_S) for stamp in ledger.settled]
    ledger.older = ledger.older.pulled_back(now + GRACE_S)
    _forget(ledger, now)
    for period, reach in _REACH_S.items():
        oldest, newest = period_key(period, now - reach), period_key(period, now + reach)
        for counts in (ledger.used[period], ledger.shares.used[period]):
            for key in [key for key in counts if not oldest <= key <= newest]:
                del counts[key]


def _forget(ledger: Ledger, now: float) -> None:
    """Drop stamps that are older than every window, and put surplus stamps into buckets."""
    since = now - ledger.max_clock_skew_s - ledger.longest_window_s - 1.0
    del ledger.settled[: bisect_left(ledger.settled, since)]
    if ledger.older.moments and ledger.older.moments[-1] < since:
        ledger.older = buckets.NONE
    if len(ledger.settled) < buckets.EXACT + buckets.BATCH:
        return
    surplus = ledger.settled[: -buckets.EXACT]
    del ledger.settled[: -buckets.EXACT]
    # Processes of earlier versions do not record lengths.
    allowed = buckets.resolutions([*ledger.lengths, ledger.longest_window_s], now - 2 * ledger.max_clock_skew_s - 1.0)
    ledger.older = buckets.merged_with(ledger.older, surplus, allowed, since=since, boundary=ledger.inherited_until)


def _settle_unknown(ledger: Ledger, now: float) -> None:
    """The owners of these requests died."""
    ended = sorted((latest, ticket) for ticket, latest in ledger.in_flight.items() if latest < now)
    known = [ticket for latest, ticket in ended[-MOST_KNOWN:] if latest >= now - KNOWN_S]
    for _, ticket in ended[: len(ended) - len(known)]:
        _record(ledger, ticket)


def _record(ledger: Ledger, ticket: str) -> None:
    stamp = ledger.in_flight.pop(ticket)
    ledger.shares.senders.pop(ticket, None)
    if ledger.longest_window_s:
        insort(ledger.settled, stamp)


def _restore(ledger: Ledger, ticket: str, now: float) -> None:
    """The ledger does not have the request: its heartbeat was very late, or its slot is from another ledger."""
    if ticket not in ledger.in_flight:
        take(ledger, ticket, now)


def _push(ledger: Ledger, ticket: str, latest: float) -> None:
    """Move the latest moment at which the request may be counted.

    A request in flight at midnight may be counted in either period, so it counts in both.
    """
    before = ledger.in_flight[ticket]
    # A move back by at most a grace undoes an earlier move; a larger one means that the clock was set back.
    is_undone = 0 < before - latest <= GRACE_S + _ROUNDING_S
    for period in _REACH_S:
        if period_key(period, latest) != period_key(period, before):
            _count(ledger, ticket, period, before if is_undone else latest, -1 if is_undone else 1)
    ledger.in_flight[ticket] = latest


def _count(ledger: Ledger, ticket: str, period: Period, at: float, change: int) -> None:
    counts, key = ledger.used[period], period_key(period, at)
    counts[key] = max(0, counts.get(key, 0) + change)
    client = ledger.shares.senders.get(ticket)
    if client is not None:
        shares.count(ledger.shares, client, period, key, change)
