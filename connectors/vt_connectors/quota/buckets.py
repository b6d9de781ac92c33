"""Buckets of neighbouring finished requests, because there are too many to store each one. Pure.

All requests of a bucket count from the time of its newest. So a request leaves a window late and never early: by the
span of its bucket at most, which is at most 1/256 of the shortest window that still covers the bucket.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

# A bucket spans at most this part of a window.
PARTS = 256
# Windows with at most this limit are exact: the newest requests are in no bucket.
EXACT = 64
# This many more requests are put into buckets at once.
BATCH = 32
# Milliseconds: the year 33658. A larger number is damage.
_MOST_MS = 10**15


class Bucket(NamedTuple):
    """`newest` and `oldest` are epoch milliseconds: rounded up and down."""

    newest: int
    oldest: int
    requests: int


class Resolution(NamedTuple):
    """A window of `width` * 256 covers buckets whose newest request is not before `since` (milliseconds)."""

    since: float
    width: float


@dataclass(frozen=True)
class Buckets:
    """In order of their newest requests. A process mostly reads the same buckets again, so `parse` caches some.

    `text` is the stored form, three numbers per bucket: `newest` minus the `newest` of the bucket before, the span,
    and the number of requests. `moments`: the newest requests in epoch seconds. `upto`: the number of requests until
    each moment.
    """

    text: str = ""
    moments: tuple[float, ...] = ()
    upto: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        return self.upto[-1] if self.upto else 0

    def rows(self) -> list[Bucket]:
        return _rows(self.text)

    def moved(self, step: float) -> Buckets:
        """The clock was set forward by `step` seconds."""
        later, earlier = math.ceil(step * 1000), math.floor(step * 1000)
        return from_rows(Bucket(row.newest + later, row.oldest + earlier, row.requests) for row in self.rows())

    def pulled_back(self, latest: float) -> Buckets:
        """The same buckets with no moment later than `latest` (epoch seconds)."""
        if not self.moments or self.moments[-1] <= latest + 0.001:
            return self
        most = _rounded_up(latest)
        return from_rows(Bucket(min(row.newest, most), min(row.oldest, most), row.requests) for row in self.rows())


NONE = Buckets()


def resolutions(lengths: Sequence[float], now: float) -> list[Resolution]:
    """For windows of these lengths (seconds), the shortest first."""
    return [Resolution((now - length) * 1000, length * 1000 / PARTS) for length in sorted(lengths)]


def merged_with(
    buckets: Buckets,
    stamps: Iterable[float],
    allowed: Sequence[Resolution],
    *,
    since: float = 0.0,
    boundary: float = 0.0,
) -> Buckets:
    """`buckets` and `stamps`, in as few buckets as the windows allow, without those that ended before `since`.

    No bucket has requests from both sides of `boundary`. All in epoch seconds.
    """
    exact = (Bucket(_rounded_up(stamp), math.floor(stamp * 1000), 1) for stamp in stamps)
    merged: list[Bucket] = []
    for row in sorted([*buckets.rows(), *exact]):
        if row.newest < since * 1000:
            continue
        if merged and _fit(merged[-1], row, allowed, boundary * 1000):
            last = merged[-1]
            row = Bucket(row.newest, min(last.oldest, row.oldest), last.requests + row.requests)
            merged[-1] = row
        else:
            merged.append(row)
    return from_rows(merged)


def from_rows(rows: Iterable[Bucket]) -> Buckets:
    """`rows` must be in the order of `newest`."""
    parts, before = [], 0
    for newest, oldest, count in rows:
        parts.append(f"{newest - before} {newest - oldest} {count}")
        before = newest
    return parse(" ".join(parts))


@functools.lru_cache(maxsize=16)
def parse(text: str) -> Buckets:
    """Raises `ValueError` for a text that is not a `Buckets.text`."""
    rows = _rows(text)
    if any(row.requests < 1 or row.oldest > row.newest for row in rows):
        raise ValueError("a bucket is empty, or ends before it begins")
    moments = tuple(row.newest / 1000 for row in rows)
    if any(later < earlier for earlier, later in zip(moments, moments[1:])):
        raise ValueError("the buckets are not in order")
    return Buckets(text, moments, tuple(accumulate(row.requests for row in rows)))


def _rows(text: str) -> list[Bucket]:
    numbers = [int(number) for number in text.split()]
    if len(numbers) % 3:
        raise ValueError("a bucket lacks a number")
    newest = list(accumulate(numbers[::3]))
    if newest and not 0 <= newest[-1] < _MOST_MS:
        raise ValueError("a bucket has an invalid time")
    return [Bucket(end, end - span, count) for end, span, count in zip(newest, numbers[1::3], numbers[2::3])]


def _fit(one: Bucket, other: Bucket, allowed: Sequence[Resolution], boundary_ms: float) -> bool:
    if (one.newest < boundary_ms) != (other.newest < boundary_ms):
        return False
    span = other.newest - min(one.oldest, other.oldest)
    return span <= next((resolution.width for resolution in allowed if other.newest >= resolution.since), math.inf)


def _rounded_up(moment: float) -> int:
    """Later than `moment`, however floating point rounds."""
    return math.floor(moment * 1000) + 1
