"""Sliding windows: who may go when, and what a slot costs."""

from __future__ import annotations

import pytest

from tests.quota.desk import Desk
from vt_connectors.quota import reservations as slots
from vt_connectors.quota import waiters
from vt_connectors.quota.policy import Start, Wait


def test_no_more_than_the_limit_go_in_any_stretch() -> None:
    desk = Desk("4/minute")
    assert desk.asks(10) == 4
    assert desk.after(59.9).asks(10) == 0
    assert desk.after(0.2).asks(10) == 4


def test_a_slot_is_free_again_one_window_after_it_was_used_not_at_a_full_minute() -> None:
    desk = Desk("2/minute")
    assert desk.asks(1) == 1
    assert desk.after(30).asks(5) == 1
    assert desk.after(30.1).asks(5) == 1
    assert desk.after(30).asks(5) == 1


def test_all_windows_hold_at_once() -> None:
    desk = Desk("2/second,3/minute,4/hour,5/day")
    assert desk.asks(9) == 2
    assert desk.after(2).asks(9) == 1
    assert desk.after(61).asks(9) == 1
    assert desk.after(61).asks(9) == 0
    assert desk.after(3600).asks(9) == 1
    assert desk.after(3700).asks(9) == 0, "the day is used up"


def test_without_windows_everyone_goes() -> None:
    assert Desk("none").asks(1000) == 1000


def test_a_slot_counts_from_the_arrival_of_its_answer() -> None:
    desk = Desk("1/minute")
    assert desk.goes("a")
    desk.after(4).answer("a")
    assert not desk.after(59.9).goes("b")
    assert desk.after(0.2).goes("b")


def test_a_request_under_way_for_long_keeps_its_slot_while_its_owner_lives() -> None:
    desk = Desk("1/10s")
    assert desk.goes("a")
    for _ in range(30):
        desk.after(1).beat("a")
        assert not desk.goes("b")
    desk.answer("a")
    assert not desk.after(9.9).goes("b")
    assert desk.after(0.2).goes("b")


def test_a_dead_owners_slot_counts_from_its_last_sign_of_life_and_a_grace_and_is_free_then() -> None:
    desk = Desk("1/minute")
    assert desk.goes("a")
    desk.after(3).beat("a")
    assert not desk.after(slots.GRACE_S + 59.9).goes("b")
    assert desk.after(0.2).goes("b")


def test_an_owner_taken_for_dead_that_lives_after_all_has_its_slot_again() -> None:
    desk = Desk("1/10s")
    assert desk.goes("a")
    desk.after(30)
    assert desk.used("10s") == 0
    desk.beat("a")
    desk.after(1)
    assert not desk.goes("b")
    desk.answer("a")
    assert not desk.after(9.9).goes("b")


def test_a_request_whose_answer_was_lost_may_be_counted_for_a_grace_yet() -> None:
    desk = Desk("1/minute")
    assert desk.goes("a")
    desk.lose("a")
    assert not desk.after(slots.GRACE_S + 59.9).goes("b")
    assert desk.after(0.2).goes("b")


def test_only_a_request_that_was_never_sent_is_given_back() -> None:
    desk = Desk("1/minute,1/day,1/month")
    assert desk.goes("a")
    desk.never_sent("a")
    assert (desk.used("minute"), desk.used("day"), desk.used("month")) == (0, 0, 0)
    assert desk.goes("b")
    desk.lose("b")
    assert (desk.used("minute"), desk.used("day"), desk.used("month")) == (1, 1, 1)
    desk.never_sent("b")
    assert desk.used("day") == 1, "what has been settled is not given back"


def test_first_come_first_served() -> None:
    desk = Desk("1/10s")
    assert desk.asked("zero")
    for _ in range(10):
        assert all(desk.waits(name) for name in "abc")
        desk.after(1.001)
    assert desk.waits("c")
    assert desk.waits("b")
    assert isinstance(desk.look("a"), Start)
    assert not desk.goes("late"), "one who comes now does not overtake those who wait"


def test_a_killed_waiter_leaves_the_queue() -> None:
    desk = Desk("1/10s")
    assert desk.asked("zero")
    assert desk.waits("killed")
    assert desk.waits("a")
    for _ in range(10):
        desk.after(1)
        assert desk.waits("a")
    assert isinstance(desk.after(0.1).look("a"), Start)
    assert desk.ledger.queue == []


def test_a_late_waiter_lets_others_by_and_keeps_its_place() -> None:
    desk = Desk("1/10s")
    assert desk.asked("zero")
    desk.after(9.5)
    assert desk.waits("late")
    assert desk.waits("a")
    assert desk.after(0.6).waits("a")
    assert desk.asked("late"), "it is not so late that it loses its place"
    assert desk.waits("late again")
    assert desk.after(9.9).waits("a")
    desk.after(0.5)
    assert isinstance(desk.look("a"), Start)


def test_a_waiter_that_leaves_makes_room() -> None:
    desk = Desk("1/10s")
    assert desk.asked("zero")
    assert desk.waits("a")
    waiters.leave(desk.ledger, "a")
    desk.after(10.1)
    assert desk.goes("b")


def test_those_far_behind_look_in_less_often_and_are_not_taken_for_dead() -> None:
    desk = Desk("1/minute")
    assert desk.asked("zero")
    naps = []
    for number in range(100):
        decision = desk.look(f"waiter {number}")
        assert isinstance(decision, Wait)
        naps.append(decision.until - desk.now)
    assert naps == sorted(naps)
    assert naps[0] == pytest.approx(waiters.LOOK_IN_S)
    desk.after(naps[-1])
    desk.look("waiter 99")
    assert "waiter 99" in [waiter.ticket for waiter in desk.ledger.queue]


@pytest.mark.parametrize(
    ("quota", "window", "wait"),
    [("1/second,1/minute", "minute", 60), ("1/minute,1/hour", "hour", 3600), ("1/90s", "90s", 90)],
)
def test_a_refusal_comes_at_once_and_names_the_window_and_the_wait(quota: str, window: str, wait: float) -> None:
    desk = Desk(quota)
    assert desk.asked("a")
    refusal = desk.refused("b", wait - 1)
    assert (refusal.window, round(refusal.retry_after)) == (window, wait)
    assert desk.ledger.queue == []
    assert isinstance(desk.look("c", wait + 1), Wait)


def test_a_refusal_reckons_with_those_who_wait_already() -> None:
    desk = Desk("1/minute")
    assert desk.asked("zero")
    assert desk.waits("a")
    assert desk.waits("b")
    assert round(desk.refused("c", 150).retry_after) == 180


def test_a_waiter_whose_time_is_up_is_refused() -> None:
    desk = Desk("1/minute")
    assert desk.goes("a")
    assert isinstance(desk.look("b", 61), Wait)
    desk.after(4).answer("a")
    assert round(desk.refused("b", 57).retry_after) == 60


@pytest.mark.parametrize("step", [-3600.0, -7.0, -0.5])
def test_a_clock_set_back_blocks_nobody_for_longer_than_the_window_and_a_grace(step: float) -> None:
    desk = Desk("2/minute")
    assert desk.asked("a")
    assert desk.goes("under way")
    assert desk.waits("waiting")
    desk.after(step)
    assert not desk.goes("b")
    desk.beat("under way")
    desk.answer("under way")
    desk.after(60 + slots.GRACE_S + 0.1)
    assert desk.asks(5) == 2
    assert desk.ledger.queue == []


def test_one_whose_answer_was_lost_just_before_the_clock_was_set_back_has_its_grace_all_the_same() -> None:
    desk = Desk("1/minute")
    assert desk.goes("a")
    desk.lose("a")
    assert not desk.after(-3).goes("b")
    assert not desk.after(slots.GRACE_S + 59.9).goes("b")
    assert desk.after(0.2).goes("b")


def test_what_was_used_before_a_lost_book_is_waited_out_in_every_window() -> None:
    desk = Desk("4/second,5/minute")
    desk.ledger.lost_at = desk.now
    refusal = desk.refused("a")
    assert (refusal.window, round(refusal.retry_after)) == ("minute", 60)
    assert (desk.used("minute"), desk.resets("minute")) == (5, 60.0)
    assert desk.after(60.1).asks(9) == 4


def test_the_usage_of_a_window_says_when_its_oldest_slot_is_free() -> None:
    desk = Desk("4/minute")
    desk.asks(1)
    desk.after(20).asks(2)
    assert (desk.used("minute"), desk.resets("minute")) == (3, 40.0)


def test_the_ledger_stays_small() -> None:
    desk = Desk("4/second,500/day")
    for _ in range(200):
        desk.after(3600).asks(4)
    assert len(desk.ledger.settled) <= 4
    assert len(desk.ledger.used["day"]) <= 3
