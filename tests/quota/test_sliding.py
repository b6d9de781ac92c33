"""Sliding windows: when requests may start, and for how long a slot counts."""

from __future__ import annotations

import pytest

from tests.quota.scenario import Scenario
from vt_connectors.quota import reservations as slots
from vt_connectors.quota import waiters
from vt_connectors.quota.policy import Start, Wait


def test_no_more_than_the_limit_go_in_any_stretch() -> None:
    scenario = Scenario("4/minute")
    assert scenario.asks(10) == 4
    assert scenario.after(59.9).asks(10) == 0
    assert scenario.after(0.2).asks(10) == 4


def test_a_slot_is_free_one_window_after_its_use_not_at_a_full_minute() -> None:
    scenario = Scenario("2/minute")
    assert scenario.asks(1) == 1
    assert scenario.after(30).asks(5) == 1
    assert scenario.after(30.1).asks(5) == 1
    assert scenario.after(30).asks(5) == 1


def test_all_windows_hold_at_once() -> None:
    scenario = Scenario("2/second,3/minute,4/hour,5/day")
    assert scenario.asks(9) == 2
    assert scenario.after(2).asks(9) == 1
    assert scenario.after(61).asks(9) == 1
    assert scenario.after(61).asks(9) == 0
    assert scenario.after(3600).asks(9) == 1
    assert scenario.after(3700).asks(9) == 0, "the day is used up"


def test_without_windows_everyone_goes() -> None:
    assert Scenario("none").asks(1000) == 1000


def test_a_slot_counts_from_the_arrival_of_its_answer() -> None:
    scenario = Scenario("1/minute")
    assert scenario.goes("a")
    scenario.after(4).answer("a")
    assert not scenario.after(59.9).goes("b")
    assert scenario.after(0.2).goes("b")


def test_a_long_request_keeps_its_slot_while_its_owner_lives() -> None:
    scenario = Scenario("1/10s")
    assert scenario.goes("a")
    for _ in range(30):
        scenario.after(1).beat("a")
        assert not scenario.goes("b")
    scenario.answer("a")
    assert not scenario.after(9.9).goes("b")
    assert scenario.after(0.2).goes("b")


def test_a_dead_owners_slot_counts_until_a_window_after_its_last_heartbeat_and_a_grace() -> None:
    scenario = Scenario("1/minute")
    assert scenario.goes("a")
    scenario.after(3).beat("a")
    assert not scenario.after(slots.GRACE_S + 59.9).goes("b")
    assert scenario.after(0.2).goes("b")


def test_of_many_dead_owners_the_record_keeps_only_the_newest_requests_apart() -> None:
    scenario = Scenario("1000/day")
    for number in range(200):
        assert scenario.goes(f"{number:03d}")
    assert scenario.after(10).goes("one more")
    assert sorted(scenario.ledger.in_flight) == [*(f"{number:03d}" for number in range(136, 200)), "one more"]
    assert scenario.used("day") == 201


def test_an_owner_wrongly_taken_for_dead_gets_its_slot_back() -> None:
    scenario = Scenario("1/10s")
    assert scenario.goes("a")
    scenario.after(30)
    assert scenario.used("10s") == 0
    scenario.beat("a")
    scenario.after(1)
    assert not scenario.goes("b")
    scenario.answer("a")
    assert not scenario.after(9.9).goes("b")


def test_a_request_without_a_response_counts_for_a_grace() -> None:
    scenario = Scenario("1/minute")
    assert scenario.goes("a")
    scenario.lose("a")
    assert not scenario.after(slots.GRACE_S + 59.9).goes("b")
    assert scenario.after(0.2).goes("b")


def test_only_a_request_that_was_never_sent_is_given_back() -> None:
    scenario = Scenario("1/minute,1/day,1/month")
    assert scenario.goes("a")
    scenario.never_sent("a")
    assert (scenario.used("minute"), scenario.used("day"), scenario.used("month")) == (0, 0, 0)
    assert scenario.goes("b")
    scenario.lose("b")
    assert (scenario.used("minute"), scenario.used("day"), scenario.used("month")) == (1, 1, 1)
    scenario.never_sent("b")
    assert scenario.used("day") == 1, "what has been settled is not given back"


def test_first_come_first_served() -> None:
    scenario = Scenario("1/10s")
    assert scenario.asked("zero")
    for _ in range(10):
        assert all(scenario.waits(name) for name in "abc")
        scenario.after(1.001)
    assert scenario.waits("c")
    assert scenario.waits("b")
    assert isinstance(scenario.look("a"), Start)
    assert not scenario.goes("late"), "a new caller does not overtake waiters"


def test_a_killed_waiter_leaves_the_queue() -> None:
    scenario = Scenario("1/10s")
    assert scenario.asked("zero")
    assert scenario.waits("killed")
    assert scenario.waits("a")
    for _ in range(10):
        scenario.after(1)
        assert scenario.waits("a")
    assert isinstance(scenario.after(0.1).look("a"), Start)
    assert scenario.ledger.queue == []


def test_a_late_waiter_lets_others_pass_and_keeps_its_place() -> None:
    scenario = Scenario("1/10s")
    assert scenario.asked("zero")
    scenario.after(9.5)
    assert scenario.waits("late")
    assert scenario.waits("a")
    assert scenario.after(0.6).waits("a")
    assert scenario.asked("late"), "it is not so late that it loses its place"
    assert scenario.waits("late again")
    assert scenario.after(9.9).waits("a")
    scenario.after(0.5)
    assert isinstance(scenario.look("a"), Start)


def test_a_waiter_that_leaves_makes_room() -> None:
    scenario = Scenario("1/10s")
    assert scenario.asked("zero")
    assert scenario.waits("a")
    waiters.leave(scenario.ledger, "a")
    scenario.after(10.1)
    assert scenario.goes("b")


def test_waiters_far_behind_look_less_often_and_are_not_taken_for_dead() -> None:
    scenario = Scenario("1/minute")
    assert scenario.asked("zero")
    naps = []
    for number in range(100):
        decision = scenario.look(f"waiter {number}")
        assert isinstance(decision, Wait)
        naps.append(decision.until - scenario.now)
    assert naps == sorted(naps)
    assert naps[0] == pytest.approx(waiters.LOOK_IN_S)
    scenario.after(naps[-1])
    scenario.look("waiter 99")
    assert "waiter 99" in [waiter.ticket for waiter in scenario.ledger.queue]


@pytest.mark.parametrize(
    ("quota", "window", "wait"),
    [("1/second,1/minute", "minute", 60), ("1/minute,1/hour", "hour", 3600), ("1/90s", "90s", 90)],
)
def test_a_refusal_comes_at_once_and_names_the_window_and_the_wait(quota: str, window: str, wait: float) -> None:
    scenario = Scenario(quota)
    assert scenario.asked("a")
    refusal = scenario.refused("b", wait - 1)
    assert (refusal.window, round(refusal.retry_after)) == (window, wait)
    assert scenario.ledger.queue == []
    assert isinstance(scenario.look("c", wait + 1), Wait)


def test_a_refusal_includes_earlier_waiters() -> None:
    scenario = Scenario("1/minute")
    assert scenario.asked("zero")
    assert scenario.waits("a")
    assert scenario.waits("b")
    assert round(scenario.refused("c", 150).retry_after) == 180


def test_a_waiter_whose_time_is_up_is_refused() -> None:
    scenario = Scenario("1/minute")
    assert scenario.goes("a")
    assert isinstance(scenario.look("b", 61), Wait)
    scenario.after(4).answer("a")
    assert round(scenario.refused("b", 57).retry_after) == 60


@pytest.mark.parametrize("step", [-3600.0, -7.0, -0.5])
def test_a_clock_set_back_blocks_for_a_window_and_a_grace_at_most(step: float) -> None:
    scenario = Scenario("2/minute")
    assert scenario.asked("a")
    assert scenario.goes("under way")
    assert scenario.waits("waiting")
    scenario.after(step)
    assert not scenario.goes("b")
    scenario.beat("under way")
    scenario.answer("under way")
    scenario.after(60 + slots.GRACE_S + 0.1)
    assert scenario.asks(5) == 2
    assert scenario.ledger.queue == []


def test_a_request_without_a_response_keeps_its_grace_when_the_clock_is_set_back() -> None:
    scenario = Scenario("1/minute")
    assert scenario.goes("a")
    scenario.lose("a")
    assert not scenario.after(-3).goes("b")
    assert not scenario.after(slots.GRACE_S + 59.9).goes("b")
    assert scenario.after(0.2).goes("b")


def test_a_lost_record_is_waited_out_in_every_window() -> None:
    scenario = Scenario("4/second,5/minute")
    scenario.ledger.reset_at = scenario.now
    refusal = scenario.refused("a")
    assert (refusal.window, round(refusal.retry_after)) == ("minute", 60)
    assert (scenario.used("minute"), scenario.resets("minute")) == (5, 60.0)
    assert scenario.after(60.1).asks(9) == 4


def test_the_usage_of_a_window_says_when_its_oldest_slot_is_free() -> None:
    scenario = Scenario("4/minute")
    scenario.asks(1)
    scenario.after(20).asks(2)
    assert (scenario.used("minute"), scenario.resets("minute")) == (3, 40.0)


def test_the_ledger_stays_small() -> None:
    scenario = Scenario("4/second,500/day")
    for _ in range(200):
        scenario.after(3600).asks(4)
    assert len(scenario.ledger.settled) <= 4
    assert len(scenario.ledger.used["day"]) <= 3
