"""Buckets of finished requests: compared with exact stamps, never early, and late by 1/256 of the window at most."""

from __future__ import annotations

import random
from bisect import bisect_right

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vt_connectors.quota import buckets
from vt_connectors.quota.buckets import PARTS, Buckets, merged_with, resolutions

_NOW = 1_767_323_045.0
# What is written down is in milliseconds, rounded up.
_ROUNDED_S = 0.002

_lengths = st.lists(st.sampled_from([1.0, 10.0, 60.0, 3600.0]), min_size=1, max_size=3, unique=True)
_seeds = st.integers(0, 2**32)
# Some examples are as large as others are many.
_EXAMPLES = settings().max_examples


def _batches(seed: int, longest: float) -> list[tuple[float, list[float]]]:
    """Times, and the ages of the requests that are then put into buckets, in any order."""
    draw = random.Random(seed)
    dense = longest / draw.choice([50, 2000])
    return [
        (draw.random() * dense * 30, [draw.choice([0.0, dense, longest]) * draw.random() for _ in range(30)])
        for _ in range(draw.randint(1, 40))
    ]


@pytest.mark.once  # arithmetic with times
@given(lengths=_lengths, seed=_seeds, later=st.floats(0, 1.5))
def test_a_window_counts_no_fewer_requests_and_none_for_much_longer(
    lengths: list[float], seed: int, later: float
) -> None:
    exact: list[float] = []
    now, kept = _NOW, buckets.NONE
    for step, ages in _batches(seed, max(lengths)):
        now += step
        stamps = [now - age for age in ages]
        exact = sorted([*exact, *stamps])
        kept = merged_with(kept, stamps, resolutions(lengths, now), since=now - max(lengths))
        for moment in (now, now + later * max(lengths)):
            for length in lengths:
                seen = _after(kept, moment - length)
                assert seen >= _count(exact, moment - length)
                assert seen <= _count(exact, moment - length - length / PARTS - _ROUNDED_S)


@settings(max_examples=_EXAMPLES // 25)
@given(lengths=_lengths, seed=_seeds)
def test_the_number_of_buckets_is_bounded(lengths: list[float], seed: int) -> None:
    draw, kept = random.Random(seed), buckets.NONE
    for number in range(20):
        now = _NOW + number * max(lengths) / 10
        stamps = [now - draw.random() * max(lengths) for _ in range(2000)]
        kept = merged_with(kept, stamps, resolutions(lengths, now), since=now - max(lengths))
    assert len(kept.rows()) <= (2 * PARTS + 3) * len(lengths)


@settings(max_examples=_EXAMPLES // 2)
@given(seed=_seeds, step=st.floats(0.1, 1e6))
def test_a_clock_set_forward_moves_all_buckets_and_frees_no_slot(seed: int, step: float) -> None:
    draw = random.Random(seed)
    stamps = sorted(_NOW - draw.random() * 60 for _ in range(300))
    kept = merged_with(buckets.NONE, stamps, resolutions([60.0], _NOW)).moved(step)
    for length in (10.0, 30.0, 59.0):
        moment = _NOW + step - length
        exact = [stamp + step for stamp in stamps]
        assert _count(exact, moment) <= _after(kept, moment) <= _count(exact, moment - 60 / PARTS - _ROUNDED_S)


def test_a_clock_set_back_leaves_no_bucket_in_the_future() -> None:
    kept = merged_with(buckets.NONE, [_NOW - 10, _NOW - 5, _NOW], resolutions([60.0], _NOW))
    back = kept.pulled_back(_NOW - 7)
    assert back.total == 3
    assert back.moments[-1] == pytest.approx(_NOW - 7, abs=_ROUNDED_S)
    assert _after(back, _NOW - 7.5) == 2
    assert back.pulled_back(_NOW - 7) == back


def test_buckets_do_not_cross_a_boundary() -> None:
    stamps = [_NOW + place / 1000 for place in range(20)]
    kept = merged_with(buckets.NONE, stamps, resolutions([3600.0], _NOW), boundary=_NOW + 0.01)
    assert [row.requests for row in kept.rows()] == [9, 11]


def test_written_buckets_are_read_again() -> None:
    kept = merged_with(buckets.NONE, [_NOW, _NOW + 1, _NOW + 100], resolutions([3600.0], _NOW))
    assert kept.text == f"{int((_NOW + 1) * 1000) + 1} 1001 2 99000 1 1"
    assert buckets.parse(kept.text) == kept
    assert buckets.parse("") == buckets.NONE


@pytest.mark.parametrize(
    "text",
    ["1", "1 2", "5000 1 0", "5000 1 -2", "5000 -1 2", "5000 1 2 -1000 1 1", "1 1 1 x", "1e3 1 1", f"{10**20} 1 1"],
)
def test_invalid_buckets_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        buckets.parse(text)


def _after(kept: Buckets, moment: float) -> int:
    place = bisect_right(kept.moments, moment)
    return kept.total - (kept.upto[place - 1] if place else 0)


def _count(stamps: list[float], moment: float) -> int:
    return len(stamps) - bisect_right(stamps, moment)
