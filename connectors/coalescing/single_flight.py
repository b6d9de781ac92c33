"""One leader asks, the others wait for what it learns; when it dies, one of them leads."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator
from typing import Callable, Optional

from ..cache import Entry
from ..clock import Clock
from ..errors import Cancelled, ConnectorError, RateLimited, from_dict
from ..state.heartbeat import Heartbeat
from ..state.unavailable import Fallback
from .leases import LeaseBook

_FIRST_LOOK_S = 0.01
_LONGEST_LOOK_S = 0.25

Kept = Callable[[], Optional[Entry]]


class Lead:
    """Held by the one who asks. `waiting` is told True when it begins to wait for quota, False when it goes out."""

    def __init__(self, waiting: Callable[[bool], None]) -> None:
        self.waiting = waiting


# A leader who gave up by its own patience leaves nothing to the others, who may be more patient.
_OWN_FAILURES = (RateLimited, Cancelled)


class SingleFlight:
    """`run(key, kept, ask, deadline)` makes sure that one caller of all processes asks for `key` at a time."""

    def __init__(self, leases: Fallback[LeaseBook], clock: Clock, heartbeat: Heartbeat) -> None:
        self._leases = leases
        self._clock = clock
        self._heartbeat = heartbeat
        self._led: set[str] = set()
        self._lock = threading.Lock()

    def run(self, key: str, kept: Kept, ask: Callable[[Lead], Entry], deadline: float) -> tuple[Entry, bool]:
        """The entry, and whether another caller's request brought it.

        `kept` looks for a usable entry in the cache; `ask` asks and keeps. `deadline` is the clock's monotonic
        seconds: until then one waits for a leader that waits for quota; a request under way is
        waited for longer, it has a time limit of its own. Raises what `ask` raised, in whichever process.
        """
        token = os.urandom(8).hex()
        while True:
            seen = self._leases.use(lambda book: book.claim(key, token))
            if seen.mine:
                with self._leading(key, token) as lead:
                    # Whoever led before may have been done between our look into the cache and our claim.
                    entry = kept()
                    return (entry, True) if entry is not None else (ask(lead), False)
            entry = self._follow(key, seen.lease.token, kept, deadline)
            if entry is not None:
                return entry, True

    @contextlib.contextmanager
    def _leading(self, key: str, token: str) -> Iterator[Lead]:
        error: str | None = None
        with self._lock:
            self._led.add(token)
        try:
            with self._heartbeat.keeping(self._renew):
                yield Lead(lambda now: self._leases.use(lambda book: book.waiting(key, token, now)))
        except ConnectorError as failure:
            if not isinstance(failure, _OWN_FAILURES) or failure.http_status is not None:
                error = json.dumps(failure.to_dict())
            raise
        finally:
            with self._lock:
                self._led.discard(token)
            self._leases.use(lambda book: book.release(key, token, error))

    def _renew(self) -> None:
        with self._lock:
            led = list(self._led)
        self._leases.use(lambda book: book.renew(led))

    def _follow(self, key: str, token: str, kept: Kept, deadline: float) -> Entry | None:
        """The leader's entry; None when it is gone without one. Raises its error."""
        look = _FIRST_LOOK_S
        while True:
            self._clock.sleep(look)
            look = min(look * 1.5, _LONGEST_LOOK_S)
            lease = self._leases.use(lambda book: book.peek(key))
            entry = kept()
            if entry is not None:
                return entry
            if lease is None or lease.token != token:
                return None
            if lease.error is not None:
                raise _told(lease.error)
            if lease.waiting and self._clock.monotonic() > deadline:
                raise RateLimited(
                    "the same indicator is asked for by another caller, who waits for quota longer than this one may; "
                    "repeat the action later, or let it wait for longer",
                    retry_after=1.0,
                    details={"source": "local", "window": None},
                )


def _told(error: str) -> ConnectorError:
    """The leader's error."""
    try:
        return from_dict(json.loads(error))
    except (ValueError, AttributeError):
        return from_dict({"message": "another caller asked for the same indicator, and its failure cannot be read"})
