"""Days and months in UTC."""

from __future__ import annotations

import pytest

from tests.quota.scenario import Scenario


@pytest.mark.parametrize(
    ("period", "used_at", "still_full", "free"),
    [
        ("day", "2026-01-02T00:00:00", "2026-01-02T23:59:59", "2026-01-03T00:00:00"),
        ("day", "2024-02-28T12:00:00", "2024-02-28T23:59:59", "2024-02-29T00:00:00"),
        ("day", "2025-12-31T12:00:00", "2025-12-31T23:59:59", "2026-01-01T00:00:00"),
        ("month", "2026-01-31T23:00:00", "2026-01-31T23:59:59", "2026-02-01T00:00:00"),
        ("month", "2024-02-01T00:00:00", "2024-02-29T23:59:59", "2024-03-01T00:00:00"),
        ("month", "2023-02-01T00:00:00", "2023-02-28T23:59:59", "2023-03-01T00:00:00"),
        ("month", "2025-12-05T00:00:00", "2025-12-31T23:59:59", "2026-01-01T00:00:00"),
    ],
)
def test_a_day_and_a_month_end_at_midnight_utc(period: str, used_at: str, still_full: str, free: str) -> None:
    scenario = Scenario(f"2/{period}", used_at)
    assert scenario.asks(5) == 2
    assert scenario.at(still_full).asks(5) == 0
    assert scenario.refused("x").window == period
    assert scenario.at(free).asks(5) == 2


def test_an_exhausted_month_says_when_the_next_begins() -> None:
    scenario = Scenario("9/day,2/month", "2024-02-10T00:00:00")
    scenario.asks(2)
    refusal = scenario.refused("a", 86400)
    assert (refusal.window, refusal.retry_after) == ("month", 20 * 86400.0)


def test_a_full_day_at_the_end_of_a_full_month_waits_for_the_first() -> None:
    scenario = Scenario("2/day,2/month", "2026-01-30T12:00:00")
    scenario.asks(2)
    assert scenario.refused("a").window == "month"
    assert scenario.refused("a").retry_after == 1.5 * 86400


def test_waits_of_several_days_are_planned_day_by_day() -> None:
    scenario = Scenario("1/day", "2026-01-02T12:00:00")
    assert scenario.asks(1) == 1
    assert scenario.waits("tomorrow")
    assert scenario.waits("the day after")
    assert scenario.refused("c").retry_after == 2.5 * 86400


def test_a_request_in_flight_at_midnight_counts_on_both_days() -> None:
    scenario = Scenario("1/day,1/month", "2026-01-31T23:59:50")
    assert scenario.goes("a")
    scenario.after(4).beat("a")
    scenario.after(4).beat("a")
    scenario.at("2026-02-01T00:00:01")
    assert not scenario.goes("b"), "it may be counted today yet"
    scenario.answer("a")
    assert (scenario.used("day"), scenario.used("month")) == (1, 1)


def test_a_request_answered_just_before_midnight_leaves_the_next_day_alone() -> None:
    scenario = Scenario("1/day", "2026-01-02T23:59:58")
    assert scenario.asked("a")
    assert scenario.at("2026-01-03T00:00:00").asks(2) == 1


def test_a_request_never_sent_before_midnight_is_refunded_on_both_days() -> None:
    scenario = Scenario("1/day", "2026-01-02T23:59:58")
    assert scenario.goes("a")
    scenario.never_sent("a")
    assert scenario.asked("b")
    assert scenario.at("2026-01-03T00:00:00").asks(2) == 1


def test_a_dead_owners_request_at_midnight_counts_on_both_days() -> None:
    scenario = Scenario("1/day", "2026-01-02T23:59:58")
    assert scenario.goes("a")
    assert scenario.at("2026-01-03T00:01:00").asks(2) == 0
    assert scenario.at("2026-01-04T00:01:00").asks(2) == 1


def test_the_accounts_figures_raise_our_count_and_never_lower_it() -> None:
    scenario = Scenario("10/day,20/month")
    scenario.asks(3)
    scenario.take_over(day=7, month=1)
    assert (scenario.used("day"), scenario.used("month")) == (7, 3)
    scenario.take_over(day=0)
    assert scenario.asks(9) == 3


def test_no_more_is_left_of_a_window_than_of_the_pool_that_runs_out_first() -> None:
    scenario = Scenario("1000/day,15500/month")
    scenario.asks(3)
    scenario.take_over(day=74, left={"day": 10, "month": None})
    assert scenario.used("day") == 990
    assert scenario.asks(20) == 10
    scenario.take_over(day=84, left={"day": 400})
    assert scenario.asks(1) == 0, "use is never lowered"


def test_a_window_larger_than_the_account_is_cut_down_and_a_smaller_one_is_left_as_it_is() -> None:
    larger = Scenario("5000/day")
    larger.take_over(left={"day": 2})
    assert larger.asks(9) == 2
    smaller = Scenario("3/day")
    smaller.take_over(left={"day": 400})
    assert smaller.asks(9) == 3


def test_the_next_day_is_full_again() -> None:
    scenario = Scenario("5/day")
    scenario.take_over(left={"day": 0})
    assert scenario.asks(9) == 0
    assert scenario.at("2026-01-03T00:00:01").asks(9) == 5


def test_figures_of_the_day_before_do_not_fill_a_new_day() -> None:
    scenario = Scenario("5/day,50/month", "2026-02-01T00:00:01")
    scenario.take_over(2.0, day=5, month=50, left={"day": 0, "month": 0})
    assert scenario.asks(9) == 5
    scenario.take_over(0.5, left={"day": 0})
    assert scenario.asks(9) == 0


def test_a_window_allows_at_most_what_is_left_of_the_accounts_hour() -> None:
    scenario = Scenario("4/minute")
    scenario.asks(1)
    scenario.take_over(left={"hour": 2})
    assert scenario.used("minute") == 2
    assert scenario.asks(9) == 2
    assert scenario.after(60.1).asks(9) == 4
    scenario.take_over(left={"hour": 100})
    assert scenario.after(60.1).asks(9) == 4


def test_an_hour_with_nothing_left_stops_all_for_a_window() -> None:
    scenario = Scenario("4/minute")
    scenario.take_over(left={"hour": 0, "day": 9, "month": 9})
    assert (scenario.asks(1), scenario.after(60.1).asks(1)) == (0, 1)


def test_a_large_window_pauses_all_for_a_minute() -> None:
    scenario = Scenario("50000/minute")
    scenario.take_over(left={"hour": 20, "day": 9, "month": 9})
    assert len(scenario.ledger.to_json()) < 40_000
    assert (scenario.asks(1), scenario.after(60.1).asks(1)) == (0, 1)


def test_without_windows_the_accounts_figures_stop_nothing() -> None:
    scenario = Scenario("none")
    scenario.take_over(day=500, left={"hour": 0, "day": 0, "month": 0})
    assert scenario.asks(9) == 9


def test_a_clock_set_back_over_midnight_remembers_the_day() -> None:
    scenario = Scenario("3/day", "2026-01-02T23:30:00")
    scenario.asks(2)
    scenario.at("2026-01-03T00:10:00").asks(1)
    assert scenario.at("2026-01-02T23:40:00").asks(5) == 1


def test_days_counted_by_a_clock_far_ahead_do_not_displace_today() -> None:
    scenario = Scenario("2/day", "2031-05-01T12:00:00")
    for day in range(1, 6):
        scenario.at(f"2031-05-0{day}T12:00:00").asks(1)
    scenario.at("2026-01-02T12:00:00")
    assert scenario.asks(5) == 2
    assert scenario.after(60).asks(5) == 0
