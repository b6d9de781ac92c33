"""The substitute quota record while the shared record cannot be used, for all processes of a user on this machine.

Together these processes have a share of the quota. A ledger begins with the requests of the shared record, if that can
still be read (a full or read-only disk), else each sliding window is waited out once. When the shared record can be
used again, the requests granted here are moved to it.
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
from ...quota.shares import Shares, add_use
from ...state.fallback import StateBusy, StateUnavailable
from .ledgers import SqliteLedgers

# Returns a key's ledger of the shared record; None if it cannot be read.
Readable = Callable[[str], Optional[Ledger]]
# `reset_at` of a ledger that began with the shared record: not 0, and before every window.
_LONG_AGO = 1.0


class SubstituteLedgers:
    """Raises `Unavailable` if this record cannot be used either, because no request is sent without a record."""

    def __init__(self, path: Path, clock: Clock, shared: Readable) -> None:
        self._path = path
        self._shared = shared
        self._clock = clock
        self._ledgers = SqliteLedgers(path, clock)
        # Scopes without a ledger, each with the state of the file in which that was found.
        self._empty_in: dict[str, tuple[int, int, int]] = {}

    def transact(self, scope: str, change: Change[Result]) -> Result:
        def work() -> Result:
            before = self._shared(scope) if self._ledgers.content(scope) is None else None

            def begun(ledger: Ledger, now: float) -> Result:
                _begin(ledger, before, now)
                return change(ledger, now)

            return self._ledgers.transact(scope, begun)

        return _usable(work)

    def peek(self, scope: str) -> tuple[Ledger, float]:
        if _usable(lambda: self._ledgers.content(scope)) is None:
            self.transact(scope, lambda ledger, now: None)
        return _usable(lambda: self._ledgers.peek(scope))

    def spent(self, scope: str) -> str | None:
        """The ledger (JSON) of requests that are not in the shared record yet; None if there are none.

        Fast if nothing was written since the last call.
        """
        try:
            found = self._path.stat()
            state = (found.st_ino, found.st_mtime_ns, found.st_size)
            if self._empty_in.get(scope) == state:
                return None
            content = self._ledgers.content(scope)
        except (OSError, StateUnavailable, ConfigError):
            return None
        if content is None:
            self._empty_in[scope] = state
        return content

    def forget(self, scope: str, spent: str) -> None:
        """Delete the ledger, which is in the shared record now, unless it has changed meanwhile."""
        try:
            self._ledgers.take(scope, spent)
        except (StateUnavailable, ConfigError):
            return

    def close(self) -> None:
        self._ledgers.close()


class RejoiningLedgers:
    """The shared record. Adds the requests that the substitute record granted."""

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
            # The shared record may use the clock of another machine.
            _add(ledger, granted, now, now - self._clock.now())
            return change(ledger, now)

        result = self._shared.transact(scope, with_spent)
        # After the shared write: if this process is killed in between, requests count twice instead of not at all.
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
            f"neither the shared quota record nor its substitute can be used ({error}); "
            "no request is sent without a record; see `vtaction doctor`",
            details={"source": "state"},
        ) from error


def readable(shared: LedgerStore) -> Readable:
    """A function that reads ledgers of `shared`."""

    def ledger(scope: str) -> Ledger | None:
        try:
            return shared.last(scope) if isinstance(shared, SqliteLedgers) else shared.peek(scope)[0]
        except (StateUnavailable, ConfigError):
            return None

    return ledger


def _begin(ledger: Ledger, before: Ledger | None, now: float) -> None:
    """Initialise a new ledger. `reset_at` is 0 only in an unused ledger."""
    if ledger.reset_at:
        return
    ledger.reset_at = now
    if before is not None:
        ledger.reset_at = before.reset_at or _LONG_AGO
        ledger.settled = sorted([*before.settled, *before.in_flight.values()])
        ledger.older, ledger.inherited_until = before.older, now
        ledger.longest_window_s, ledger.lengths = before.longest_window_s, list(before.lengths)
        ledger.blocked_until, ledger.blocked_for = before.blocked_until, before.blocked_for
        ledger.positions = dict(before.positions)
        ledger.shares = Shares(registered=dict(before.shares.registered))


def _add(ledger: Ledger, spent: Ledger, now: float, ahead_s: float) -> None:
    _add_finished(ledger, spent, now, ahead_s)
    for period, counts in spent.used.items():
        for key, count in counts.items():
            ledger.used[period][key] = ledger.used[period].get(key, 0) + count
    add_use(ledger.shares, spent.shares)
    ledger.blocked_until = max(ledger.blocked_until, spent.blocked_until + ahead_s if spent.blocked_until else 0.0)
    ledger.blocked_for = max(ledger.blocked_for, spent.blocked_for)
    for stream, position in spent.positions.items():
        ledger.positions[stream] = max(ledger.positions.get(stream, ""), position)


def _add_finished(ledger: Ledger, spent: Ledger, now: float, ahead_s: float) -> None:
    """Add finished requests. The inherited ones are in the shared record already, in separate buckets. If not, because
    the shared record was made again, they count from the beginning of this record.
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
