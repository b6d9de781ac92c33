"""The times from which the requests of a ledger count, in order. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import NamedTuple

from .ledger import Ledger


class Inside(NamedTuple):
    """The number of requests in a window, and the time of the oldest; 0 if there is none."""

    requests: int
    oldest: float


class Timeline:
    """`latest`: count requests in flight as finished by then."""

    def __init__(self, ledger: Ledger, latest: float | None = None) -> None:
        in_flight = ledger.in_flight.values()
        young = [*ledger.settled, *(in_flight if latest is None else (min(stamp, latest) for stamp in in_flight))]
        young.sort()
        older = ledger.older
        if older.moments and young and older.moments[-1] > young[0]:
            counts = (after - before for before, after in zip((0, *older.upto), older.upto))
            pairs = sorted([*zip(older.moments, counts), *((stamp, 1) for stamp in young)])
            self._moments = [moment for moment, _ in pairs]
            self._upto = list(accumulate(count for _, count in pairs))
        else:
            self._moments = [*older.moments, *young]
            self._upto = [*older.upto, *range(older.total + 1, older.total + len(young) + 1)]

    def newest(self, count: int) -> float:
        """The time of the oldest of the `count` newest requests; 0 if there are fewer."""
        total = self._upto[-1] if self._upto else 0
        return self._moments[bisect_left(self._upto, total - count + 1)] if total >= count else 0.0

    def after(self, moment: float) -> Inside:
        """The requests after `moment`."""
        place = bisect_right(self._moments, moment)
        if place == len(self._moments):
            return Inside(0, 0.0)
        return Inside(self._upto[-1] - (self._upto[place - 1] if place else 0), self._moments[place])

    def add(self, moment: float) -> None:
        """Add a request. Fast if few are later."""
        place = bisect_right(self._moments, moment)
        self._moments.insert(place, moment)
        self._upto.insert(place, self._upto[place - 1] if place else 0)
        for later in range(place, len(self._upto)):
            self._upto[later] += 1
