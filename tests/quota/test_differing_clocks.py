"""Processes that share a ledger may have clocks that differ by `max_clock_skew_s`."""

from __future__ import annotations

import pytest

from tests.quota.scenario import Scenario
from vt_connectors.quota.reservations import GRACE_S

APART_S = 2.0


def _scenario(quota: str, at: str = "2026-01-02T03:04:05") -> Scenario:
    scenario = Scenario(quota, at)
    scenario.ledger.max_clock_skew_s = APART_S
    return scenario


def test_a_window_is_longer_by_as_much() -> None:
    scenario = _scenario("1/minute")
    assert scenario.asked("a")
    assert not scenario.after(60 + APART_S - 0.1).goes("b")
    assert scenario.after(0.2).goes("b")


def test_an_owner_without_heartbeats_counts_until_its_grace_ends_by_every_clock() -> None:
    scenario = _scenario("1/minute")
    assert scenario.goes("a")
    scenario.after(1).beat("a")
    assert not scenario.after(GRACE_S + 60 + APART_S - 0.1).goes("b")
    assert scenario.after(0.2).goes("b")


@pytest.mark.parametrize("at", ["2026-01-02T23:59:58.500", "2026-01-03T00:00:01.500"])
def test_no_request_starts_while_clocks_disagree_on_the_day(at: str) -> None:
    scenario = _scenario("5/day", at)
    refused = scenario.refused("a")
    assert refused.window == "day"
    scenario.after(refused.retry_after)
    assert scenario.now == pytest.approx(scenario.at("2026-01-03T00:00:02").now)
    assert scenario.asked("a")
    assert _scenario("5/minute", at).asked("a"), "which is nothing to those without a day"


def test_a_response_right_before_midnight_counts_on_both_days() -> None:
    scenario = _scenario("5/day", "2026-01-02T23:59:55")
    assert scenario.goes("a")
    scenario.after(4).answer("a")
    assert scenario.ledger.used["day"] == {"2026-01-02": 1, "2026-01-03": 1}


def test_a_request_never_sent_is_refunded_without_windows_too() -> None:
    scenario = _scenario("1/minute,5/day")
    assert scenario.goes("a")
    scenario.never_sent("a")
    assert (scenario.used("minute"), scenario.used("day")) == (0, 0)


def test_a_pause_lasts_until_it_is_over_by_every_clock() -> None:
    scenario = _scenario("5/minute")
    assert scenario.penalise(30) == 30 + APART_S
    assert not scenario.after(30 + APART_S - 0.1).goes("a")
    assert scenario.after(0.2).goes("a")


def test_a_refund_around_midnight_applies_to_the_counted_day() -> None:
    scenario = _scenario("5/minute", "2026-01-02T23:59:59")
    scenario.ledger.used["day"] = {"2026-01-02": 3}
    assert scenario.goes("a")
    scenario.never_sent("a")
    assert scenario.ledger.used["day"] == {"2026-01-02": 3, "2026-01-03": 0}
