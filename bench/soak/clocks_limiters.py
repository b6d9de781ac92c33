"""Limiters of several processes with one ledger file, at midnights and month's ends, while the clock is set."""

from __future__ import annotations

import random
import tempfile
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.soak.clocks_setting import SetClock
from bench.soak.drill import Effort, Tally
from tests.quota.scenario import utc
from vt_connectors.backends.memory.ledgers import MemoryLedgers
from vt_connectors.backends.sqlite.ledgers import SqliteLedgers
from vt_connectors.errors import RateLimited
from vt_connectors.quota import Quota, parse_quota
from vt_connectors.quota.ledger_store import LedgerStore
from vt_connectors.quota.limiter import Limiter
from vt_connectors.quota.plan import MARGIN_S
from vt_connectors.quota.reservations import GRACE_S
from vt_connectors.quota.windows import period_key
from vt_connectors.state.fallback import Fallback
from vt_connectors.state.heartbeat import Heartbeat

_QUOTAS = ("4/minute", "2/10s,5/minute", "4/minute,9/day", "2/second,5/day,8/month", "3/10s,6/month")
_MOMENTS = (
    *("2028-02-28T23:59:30", "2028-02-29T23:58:00", "2027-02-28T23:59:00", "2026-12-31T23:59:40"),
    *("2026-04-30T20:00:00", "2026-10-25T00:59:30", "2026-06-15T12:00:00"),
)
_PROCESSES = 3
_LATE_S = 1.0
_DAY_S = 86400.0


def tallies(effort: Effort) -> Iterator[Tally]:
    kept = Tally(
        "requests of three processes with one book, the clock set between and during them, at midnights, month's ends, "
        "on leap day",
        "a sliding window exceeded in true time; a day or month exceeded, as the clock had it when they went out",
    )
    waits = Tally(
        "waits and refusals of the same",
        "longer than the caller was willing to, a refusal for longer than the window and a grace, or, when all windows "
        "are over, no request",
    )
    with tempfile.TemporaryDirectory(dir=effort.place("clocks")) as folder:
        for number in range(effort.times(12, 120)):
            seed = effort.seed * 100_000 + number
            _Machine(seed, Path(folder) / f"quota-{number}.db").run(kept, waits)
    yield kept
    yield waits


class _Machine:
    """`counted` has the server's times of requests in true time, `dated` the same times by the clock.

    If the clock was set while a request was in flight, `dated` has the time when it was sent: it counts on that day.
    """

    def __init__(self, seed: int, path: Path) -> None:
        self._draw = random.Random(seed)
        self._name = f"machine {seed}"
        self.quota = parse_quota(self._draw.choice(_QUOTAS))
        self._clock = SetClock(utc(self._draw.choice(_MOMENTS)), self._draw, self._draw.choice([0.02, 0.2]))
        self._books: list[LedgerStore] = [SqliteLedgers(path, self._clock) for _ in range(_PROCESSES)]
        self._limiters = [self._limiter(book) for book in self._books]
        self.counted: list[float] = []
        self.dated: list[float] = []

    def _limiter(self, book: LedgerStore) -> Limiter:
        shared = Fallback[LedgerStore](book, MemoryLedgers(self._clock), self._clock, "alone")
        return Limiter(shared, "a key", lambda: self.quota, self._clock, Heartbeat())

    def run(self, kept: Tally, waits: Tally) -> None:
        for _ in range(self._draw.randint(10, 40)):
            self._clock.advance(self._draw.choice([0.0, 0.5, 5.0, 20.0, 70.0, 4000.0]) * self._draw.random())
            wrong = self._ask(self._draw.choice([0.0, 3.0, 30.0, 90.0]))
            waits.count(*([f"{self._name}, {self.quota}: {wrong}"] if wrong else []))
        self._clock.advance(max(window.seconds for window in self.quota.sliding) + GRACE_S + 1)
        if not self.quota.calendar:
            wrong = self._ask(0.0, must_go=True)
            waits.count(*([f"{self._name}, {self.quota}, at the end: {wrong}"] if wrong else []))
        self._ask(9 * 3600.0)
        exceeded = _exceeded(self.quota, self.counted, self.dated)
        kept.tried += len(self.counted) - 1
        kept.count(*(f"{self._name}, {window} of {self.quota}" for window in exceeded))
        for book in self._books:
            assert isinstance(book, SqliteLedgers)
            book.close()

    def _ask(self, patience: float, *, must_go: bool = False) -> str | None:
        clock, draw = self._clock, self._draw
        began = clock.monotonic()
        try:
            with draw.choice(self._limiters).slot(began + patience) as slot:
                waited, taken, out, times_set = clock.monotonic() - began, clock.true, clock.now(), len(clock.steps)
                clock.advance(draw.uniform(0.0, 4.0))
                fate = draw.choice(["answered", "answered", "unknown", "never_sent"])
                if fate != "never_sent":
                    counted = draw.choice([taken, clock.true, draw.uniform(taken, clock.true)])
                    self.counted.append(counted)
                    self.dated.append(out + counted - taken if times_set == len(clock.steps) else out)
                if fate == "answered":
                    slot.answered()
                if fate == "never_sent":
                    slot.never_sent()
        except RateLimited as error:
            waited = clock.monotonic() - began
            if must_go or (error.retry_after or 0.0) > self._longest(str(error.details["window"])):
                return f"refused for {error.retry_after} s, set by {clock.steps}"
        return f"{waited} s and not {patience}" if waited > patience + _LATE_S else None

    def _longest(self, window: str) -> float:
        if window in ("day", "month"):
            # What was counted on a day, while the clock had it, stays there: the next one may be full as well.
            return 2 * _DAY_S * (1 if window == "day" else 31)
        return max(one.seconds for one in self.quota.sliding) + GRACE_S + MARGIN_S


def _exceeded(quota: Quota, counted: list[float], dated: list[float]) -> list[str]:
    times = sorted(counted)
    found = []
    for window in quota.sliding:
        inside = [bisect_left(times, time + window.seconds) - place for place, time in enumerate(times)]
        if max(inside, default=0) > window.limit:
            found.append(f"{max(inside)} in {window.name}")
    for calendar in quota.calendar:
        counts = Counter(period_key(calendar.period, time) for time in dated)
        found += [f"{count} in {key}" for key, count in counts.items() if count > calendar.limit]
    return found
