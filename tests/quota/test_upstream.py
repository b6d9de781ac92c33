"""The effect of a 429 on all processes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Optional

import pytest

from tests.quota.scenario import Scenario, utc
from vt_connectors.quota.account_quota import AccountPeriod
from vt_connectors.quota.ledger import Ledger
from vt_connectors.quota.windows import period_end

Left = Mapping[AccountPeriod, Optional[int]]


def test_no_request_starts_during_retry_after() -> None:
    scenario = Scenario("4/minute")
    assert scenario.penalise(90.0) == 90.0
    refusal = scenario.refused("a", 30)
    assert (refusal.window, refusal.retry_after) == ("upstream", 90.0)
    assert not scenario.after(89.9).goes("a")
    assert scenario.after(0.2).goes("a")


def test_without_retry_after_the_wait_is_a_window_and_grows_with_each_in_a_row() -> None:
    scenario = Scenario("4/minute,9/hour")
    waits = []
    for _ in range(9):
        waits.append(scenario.penalise())
        scenario.after(waits[-1] + 1)
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_an_accepted_request_resets_the_number_of_429s() -> None:
    scenario = Scenario("4/minute")
    scenario.after(scenario.penalise() + 1)
    scenario.after(scenario.penalise() + 1)
    scenario.forgive()
    assert scenario.penalise() == 60


def test_several_429s_at_once_count_as_one() -> None:
    for retry_after in (None, 60.0):
        scenario = Scenario("4/minute")
        for _ in range(4):
            scenario.after(0.1).penalise(retry_after)
        scenario.after(60)
        assert scenario.penalise() == 120


def test_a_longer_retry_after_prolongs_a_block_and_a_shorter_one_does_not_shorten_it() -> None:
    scenario = Scenario("4/minute")
    scenario.penalise(60.0)
    assert scenario.penalise(100.0) == 100.0
    assert scenario.penalise(1.0) == 100.0


@pytest.mark.parametrize("retry_after", [86400.0, 31 * 86400.0, 1e12, math.inf])
@pytest.mark.parametrize("at", ["2026-01-02T00:00:00", "2026-01-02T03:04:05", "2026-01-31T23:59:50"])
def test_a_huge_retry_after_ends_with_the_utc_day(retry_after: float, at: str) -> None:
    scenario = Scenario("4/minute,500/day,15500/month", at)
    left = period_end("day", scenario.now) - scenario.now
    assert scenario.penalise(retry_after) == left
    assert not scenario.after(left - 0.1).goes("a")
    assert scenario.after(0.2).goes("a")


def test_a_grown_pause_ends_with_the_day_too() -> None:
    scenario = Scenario("4/hour", "2026-01-02T23:00:00")
    assert [scenario.after(scenario.penalise() + 1) and scenario.now for _ in range(1)] == [utc("2026-01-03T00:00:01")]


def test_a_negative_retry_after_is_none() -> None:
    assert Scenario("4/minute").penalise(-5.0) == 0.0


@pytest.mark.parametrize("until", [31 * 86400.0, 1e15])
def test_a_far_block_that_is_written_down_ends_with_the_day_too(until: float) -> None:
    scenario = Scenario("4/minute")
    scenario.ledger.blocked_until, scenario.ledger.blocked_for = scenario.now + until, until
    scenario.ledger = Ledger.from_json(scenario.ledger.to_json().encode())
    assert scenario.refused("a").retry_after == period_end("day", scenario.now) - scenario.now
    scenario.ledger = Ledger.from_json(scenario.ledger.to_json().encode())
    assert scenario.at("2026-01-03T00:00:00").after(0.1).goes("a")


HAS_LEFT: Left = {"hour": 100, "day": 400, "month": None}


def test_a_pause_ends_if_the_account_has_requests_left_and_a_minute_has_passed() -> None:
    scenario = Scenario("4/minute,500/day")
    scenario.penalise(7200.0)
    scenario.after(61).take_over(left=HAS_LEFT)
    assert scenario.goes("a")


def test_within_the_minute_a_block_is_cut_down_to_it() -> None:
    scenario = Scenario("4/minute,500/day")
    scenario.penalise(7200.0)
    scenario.after(20).take_over(left=HAS_LEFT)
    assert scenario.refused("a").retry_after == 40
    scenario.after(1).take_over(left=HAS_LEFT)
    assert not scenario.goes("a")
    assert scenario.after(39.1).goes("a")


@pytest.mark.parametrize(
    "left",
    [
        {},
        {"day": 400},
        {"month": None},
        {"day": 0, "month": 100},
        {"day": 100, "month": 0},
        {"hour": 0, "day": 100, "month": 100},
    ],
)
def test_a_pause_stays_unless_requests_are_certainly_left(left: Left) -> None:
    scenario = Scenario("4/minute,500/day")
    scenario.penalise(7200.0)
    scenario.after(600).take_over(left=left)
    assert scenario.refused("a").retry_after >= 6600


def test_an_ended_pause_does_not_change_the_number_of_429s() -> None:
    scenario = Scenario("4/minute")
    assert scenario.penalise() == 60
    scenario.after(61).take_over(left=HAS_LEFT)
    assert scenario.penalise() == 120


def test_a_clock_set_back_does_not_prolong_a_block() -> None:
    scenario = Scenario("4/minute")
    scenario.penalise(60.0)
    scenario.after(-3600)
    assert not scenario.goes("a")
    assert scenario.after(60.1).goes("a")
