"""What a 429 does to everyone."""

from __future__ import annotations

from tests.quota.desk import Desk


def test_nobody_goes_for_as_long_as_retry_after_says() -> None:
    desk = Desk("4/minute")
    assert desk.penalise(90.0) == 90.0
    refusal = desk.refused("a", 30)
    assert (refusal.window, refusal.retry_after) == ("upstream", 90.0)
    assert not desk.after(89.9).goes("a")
    assert desk.after(0.2).goes("a")


def test_without_retry_after_the_wait_is_a_window_and_grows_with_each_in_a_row() -> None:
    desk = Desk("4/minute,9/hour")
    waits = []
    for _ in range(9):
        waits.append(desk.penalise())
        desk.after(waits[-1] + 1)
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_a_request_that_is_taken_ends_the_row() -> None:
    desk = Desk("4/minute")
    desk.after(desk.penalise() + 1)
    desk.after(desk.penalise() + 1)
    desk.forgive()
    assert desk.penalise() == 60


def test_several_refused_at_once_are_one_strike() -> None:
    for retry_after in (None, 60.0):
        desk = Desk("4/minute")
        for _ in range(4):
            desk.after(0.1).penalise(retry_after)
        desk.after(60)
        assert desk.penalise() == 120


def test_a_longer_retry_after_prolongs_a_block_and_a_shorter_one_does_not_shorten_it() -> None:
    desk = Desk("4/minute")
    desk.penalise(60.0)
    assert desk.penalise(100.0) == 100.0
    assert desk.penalise(1.0) == 100.0


def test_an_absurd_retry_after_is_held_within_a_month() -> None:
    desk = Desk("4/minute")
    assert desk.penalise(1e12) == 31 * 86400
    assert desk.after(31 * 86400 + 1).penalise(-5.0) == 0.0


def test_a_clock_set_back_does_not_prolong_a_block() -> None:
    desk = Desk("4/minute")
    desk.penalise(60.0)
    desk.after(-3600)
    assert not desk.goes("a")
    assert desk.after(60.1).goes("a")
