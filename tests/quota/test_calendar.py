"""Days and months in UTC."""

from __future__ import annotations

import pytest

from tests.quota.desk import Desk


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
    desk = Desk(f"2/{period}", used_at)
    assert desk.asks(5) == 2
    assert desk.at(still_full).asks(5) == 0
    assert desk.refused("x").window == period
    assert desk.at(free).asks(5) == 2


def test_an_exhausted_month_says_when_the_next_begins() -> None:
    desk = Desk("9/day,2/month", "2024-02-10T00:00:00")
    desk.asks(2)
    refusal = desk.refused("a", 86400)
    assert (refusal.window, refusal.retry_after) == ("month", 20 * 86400.0)


def test_a_full_day_at_the_end_of_a_full_month_waits_for_the_first() -> None:
    desk = Desk("2/day,2/month", "2026-01-30T12:00:00")
    desk.asks(2)
    assert desk.refused("a").window == "month"
    assert desk.refused("a").retry_after == 1.5 * 86400


def test_those_who_wait_for_days_are_planned_day_by_day() -> None:
    desk = Desk("1/day", "2026-01-02T12:00:00")
    assert desk.asks(1) == 1
    assert desk.waits("tomorrow")
    assert desk.waits("the day after")
    assert desk.refused("c").retry_after == 2.5 * 86400


def test_a_request_under_way_at_midnight_counts_on_both_sides() -> None:
    desk = Desk("1/day,1/month", "2026-01-31T23:59:50")
    assert desk.goes("a")
    desk.after(4).beat("a")
    desk.after(4).beat("a")
    desk.at("2026-02-01T00:00:01")
    assert not desk.goes("b"), "it may be counted today yet"
    desk.answer("a")
    assert (desk.used("day"), desk.used("month")) == (1, 1)


def test_a_request_answered_just_before_midnight_leaves_the_next_day_alone() -> None:
    desk = Desk("1/day", "2026-01-02T23:59:58")
    assert desk.asked("a")
    assert desk.at("2026-01-03T00:00:00").asks(2) == 1


def test_one_never_sent_just_before_midnight_is_given_back_on_both_sides() -> None:
    desk = Desk("1/day", "2026-01-02T23:59:58")
    assert desk.goes("a")
    desk.never_sent("a")
    assert desk.asked("b")
    assert desk.at("2026-01-03T00:00:00").asks(2) == 1


def test_a_dead_owners_request_at_midnight_counts_on_both_sides() -> None:
    desk = Desk("1/day", "2026-01-02T23:59:58")
    assert desk.goes("a")
    assert desk.at("2026-01-03T00:01:00").asks(2) == 0
    assert desk.at("2026-01-04T00:01:00").asks(2) == 1


def test_the_accounts_figures_raise_our_count_and_never_lower_it() -> None:
    desk = Desk("10/day,20/month")
    desk.asks(3)
    desk.take_over(day=7, month=1)
    assert (desk.used("day"), desk.used("month")) == (7, 3)
    desk.take_over(day=0)
    assert desk.asks(9) == 3


def test_no_more_is_left_of_a_window_than_of_the_pool_that_runs_out_first() -> None:
    desk = Desk("1000/day,15500/month")
    desk.asks(3)
    desk.take_over(day=74, left={"day": 10, "month": None})
    assert desk.used("day") == 990
    assert desk.asks(20) == 10
    desk.take_over(day=84, left={"day": 400})
    assert desk.asks(1) == 0, "use is never lowered"


def test_a_window_larger_than_the_account_is_cut_down_and_a_smaller_one_is_left_as_it_is() -> None:
    larger = Desk("5000/day")
    larger.take_over(left={"day": 2})
    assert larger.asks(9) == 2
    smaller = Desk("3/day")
    smaller.take_over(left={"day": 400})
    assert smaller.asks(9) == 3


def test_the_next_day_is_full_again() -> None:
    desk = Desk("5/day")
    desk.take_over(left={"day": 0})
    assert desk.asks(9) == 0
    assert desk.at("2026-01-03T00:00:01").asks(9) == 5


def test_figures_told_of_the_day_before_close_no_new_day() -> None:
    desk = Desk("5/day,50/month", "2026-02-01T00:00:01")
    desk.take_over(2.0, day=5, month=50, left={"day": 0, "month": 0})
    assert desk.asks(9) == 5
    desk.take_over(0.5, left={"day": 0})
    assert desk.asks(9) == 0


def test_no_more_goes_within_a_window_than_is_left_of_the_accounts_hour() -> None:
    desk = Desk("4/minute")
    desk.asks(1)
    desk.take_over(left={"hour": 2})
    assert desk.used("minute") == 2
    assert desk.asks(9) == 2
    assert desk.after(60.1).asks(9) == 4
    desk.take_over(left={"hour": 100})
    assert desk.after(60.1).asks(9) == 4


def test_an_hour_with_nothing_left_stops_all_for_a_window() -> None:
    desk = Desk("4/minute")
    desk.take_over(left={"hour": 0, "day": 9, "month": 9})
    assert (desk.asks(1), desk.after(60.1).asks(1)) == (0, 1)


def test_of_a_large_window_all_pause_for_a_minute() -> None:
    desk = Desk("50000/minute")
    desk.take_over(left={"hour": 20, "day": 9, "month": 9})
    assert len(desk.ledger.to_json()) < 40_000
    assert (desk.asks(1), desk.after(60.1).asks(1)) == (0, 1)


def test_without_windows_the_accounts_figures_stop_nothing() -> None:
    desk = Desk("none")
    desk.take_over(day=500, left={"hour": 0, "day": 0, "month": 0})
    assert desk.asks(9) == 9


def test_a_clock_set_back_over_midnight_remembers_the_day() -> None:
    desk = Desk("3/day", "2026-01-02T23:30:00")
    desk.asks(2)
    desk.at("2026-01-03T00:10:00").asks(1)
    assert desk.at("2026-01-02T23:40:00").asks(5) == 1


def test_days_counted_by_a_clock_far_ahead_do_not_displace_today() -> None:
    desk = Desk("2/day", "2031-05-01T12:00:00")
    for day in range(1, 6):
        desk.at(f"2031-05-0{day}T12:00:00").asks(1)
    desk.at("2026-01-02T12:00:00")
    assert desk.asks(5) == 2
    assert desk.after(60).asks(5) == 0
