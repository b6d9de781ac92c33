"""The record of the quota while the shared one cannot be used: one for all processes of a user on this machine.

Together they have a share of the quota. A ledger begins with what the shared record granted before, if that can still
be read (a full or read-only disk), else with each sliding window waited out once. When the shared record is back, what
was granted here is added to it, and forgotten here: the next outage begins anew.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Callable, Optional

from ...clock import Clock
from ...errors import ConfigError, Unavailable
from ...quota.buckets import from_rows
from ...quota.ledger import Ledger
from ...quota.ledger_store import Change, LedgerStore, Result
from ...state.fallback import StateBusy, StateUnavailable
from .ledgers import SqliteLedgers

# The shared record's ledger of a key, as it is now; None if it cannot be read.
Readable = Callable[[str], Optional[Ledger]]
# Of a ledger whose beginning is known: it has begun, and no window reaches so far back.
_LONG_AGO = 1.0


class SubstituteLedgers:
    """Raises `Unavailable` if this record cannot be used either: nothing is asked without one."""

    def __init__(self, path: Path, clock: Clock, shared: Readable) -> None:
        self._path = path
        self._shared = shared
        self._clock = clock
        self._book = SqliteLedgers(path, clock)
        # Scopes without a ledger, each with the state of the file in which that was seen.
        self._nothing_in: dict[str, tuple[int, int, int]] = {}

    def transact(self, scope: str, change: Change[Result]) -> Result:
        def work() -> Result:
            before = self._shared(scope) if self._book.content(scope) is None else None

            def begun(ledger: Ledger, now: float) -> Result:
                _begin(ledger, before, now)
                return change(ledger, now)

            return self._book.transact(scope, begun)

        return _usable(work)

    def peek(self, scope: str) -> tuple[Ledger, float]:
        if _usable(lambda: self._book.content(scope)) is None:
            self.transact(scope, lambda ledger, now: None)
        return _usable(lambda: self._book.peek(scope))

    def spent(self, scope: str) -> str | None:
        """The ledger (as JSON) of what was granted here and is not in the shared record yet; None if nothing was.
        Quick if nothing was written here since the last look.
        """
        try:
            found = self._path.stat()
            state = (found.st_ino, found.st_mtime_ns, found.st_size)
            if self._nothing_in.get(scope) == state:
                return None
            content = self._book.content(scope)
        except (OSError, StateUnavailable, ConfigError):
            return None
        if content is None:
            self._nothing_in[scope] = state
        return content

    def forget(self, scope: str, spent: str) -> None:
        """It is in the shared record now. What was granted meanwhile stays."""
        try:
            self._book.take(scope, spent)
        except (StateUnavailable, ConfigError):
            return

    def close(self) -> None:
        self._book.close()


class RejoiningLedgers:
    """The shared record, to which is added what was granted in its place."""

    def __init__(self, shared: LedgerStore, substitute: SubstituteLedgers, clock: Clock) -> None:
        self._shared = shared
        self._substitute = substitute
        self._clock = clock

    def transact(self, scope: str, change: Change[Result]) -> Result:
        spent = self._substitute.spent(scope)
        if spent is None:
            return self._shared.transact(scope, change)

        granted = Ledger.from_json(spent.encode())

        def with_spent(ledger: Ledger, now: float) -> Result:
            # The shared record's clock may be another machine's.
            _add(ledger, granted, now, now - self._clock.now())
            return change(ledger, now)

        result = self._shared.transact(scope, with_spent)
        # Only now: if this process is killed in between, it counts twice, and never not at all.
        self._substitute.forget(scope, spent)
        return result

    def peek(self, scope: str) -> tuple[Ledger, float]:
        return self._shared.peek(scope)


def _usable(work: Callable[[], Result]) -> Result:
    try:
        return work()
    except StateBusy:
        raise
    except (StateUnavailable, ConfigError) as error:
        raise Unavailable(
            f"the shared record of the quota cannot be used, and neither can the one in its place ({error}): "
            "nothing is asked without a record; see `vtaction doctor`"
        ) from error


def readable(shared: LedgerStore) -> Readable:
    """What can be read of `shared`, whatever its kind."""

    def ledger(scope: str) -> Ledger | None:
        try:
            return shared.last(scope) if isinstance(shared, SqliteLedgers) else shared.peek(scope)[0]
        except (StateUnavailable, ConfigError):
            return None

    return ledger


def _begin(ledger: Ledger, before: Ledger | None, now: float) -> None:
    """`reset_at` is never 0 again once a ledger was used here."""
    if ledger.reset_at:
        return
    ledger.reset_at = now
    if before is not None:
        ledger.reset_at = before.reset_at or _LONG_AGO
        ledger.settled = sorted([*before.settled, *before.in_flight.values()])
        ledger.older, ledger.inherited_until = before.older, now
        ledger.longest_window_s, ledger.lengths = before.longest_window_s, list(before.lengths)
        ledger.blocked_until, ledger.blocked_for = before.blocked_until, before.blocked_for


def _add(ledger: Ledger, spent: Ledger, now: float, ahead_s: float) -> None:
    _add_finished(ledger, spent, now, ahead_s)
    for period, counts in spent.used.items():
        for key, count in counts.items():
            ledger.used[period][key] = ledger.used[period].get(key, 0) + count
    ledger.blocked_until = max(ledger.blocked_until, spent.blocked_until + ahead_s if spent.blocked_until else 0.0)
    ledger.blocked_for = max(ledger.blocked_for, spent.blocked_for)


def _add_finished(ledger: Ledger, spent: Ledger, now: float, ahead_s: float) -> None:
    """Those that the record began with are there already, in buckets of their own. If they are not, as the shared
    record was made anew, they count as of the beginning.
    """
    began = spent.inherited_until
    ledger.longest_window_s = max(ledger.longest_window_s, spent.longest_window_s)
    visible = now - ledger.longest_window_s - 1.0
    missing = _finished(spent, visible - ahead_s, began) - _finished(ledger, visible, began + ahead_s)
    stamps = Counter(stamp + ahead_s for stamp in (*spent.settled, *spent.in_flight.values()) if stamp >= began)
    stamps -= Counter(ledger.settled)
    ledger.settled = sorted([*ledger.settled, *stamps.elements(), *[began + ahead_s] * missing])
    later = from_rows(row for row in spent.older.rows() if row.newest >= began * 1000).moved(ahead_s)
    ledger.older = from_rows(sorted([*ledger.older.rows(), *later.rows()]))


def _finished(ledger: Ledger, since: float, until: float) -> int:
    """How many requests finished from `since` until before `until`."""
    return sum(since <= stamp < until for stamp in ledger.settled) + sum(
        row.requests for row in ledger.older.rows() if since * 1000 <= row.newest < until * 1000
    )
