"""Fair shares: one ticket per client, interactive clients before batches, and reserved places after refusals.

It runs on one Python: the order of the queue is arithmetic, in memory.
"""

from __future__ import annotations

import math

import pytest

from tests.quota.scenario import Scenario
from vt_connectors.clock import Uptime
from vt_connectors.quota import policy
from vt_connectors.quota.clock_changes import adjust
from vt_connectors.quota.policy import Refuse, Start, Wait
from vt_connectors.quota.waiters import LONGEST_RESERVATION_S, Claim

pytestmark = pytest.mark.once

PERSON, BATCH = Claim("person"), Claim("batch", batch=True)


def _person(name: str, about: str = "") -> Claim:
    return Claim(name, about=about)


def _batch(name: str) -> Claim:
    return Claim(name, batch=True)


def _served(scenario: Scenario, waiting: dict[str, Claim], count: int) -> list[str]:
    """The tickets that get the next `count` slots; each waits again at once with the same name."""
    served: list[str] = []
    for _ in range(1000 * count):
        for ticket in list(waiting):
            decision = scenario.look(ticket, claim=waiting[ticket])
            assert not isinstance(decision, Refuse)
            if isinstance(decision, Start):
                scenario.answer(ticket)
                served.append(ticket)
                if len(served) == count:
                    return served
                waiting[ticket] = waiting.pop(ticket)
        scenario.after(0.1)
    raise AssertionError(f"only {served}")


def test_an_interactive_client_is_served_before_the_batches_that_came_first() -> None:
    scenario = Scenario("1/minute")
    assert scenario.goes("first")
    scenario.answer("first")
    assert _served(scenario, {"b": _batch("b"), "c": _batch("c"), "p": _person("p")}, 1) == ["p"]


def test_a_batch_gets_one_slot_in_four_while_few_interactive_clients_wait() -> None:
    scenario = Scenario("1/second")
    people = {f"p{number}": _person(f"p{number}") for number in range(3)}
    served = _served(scenario, {"b": _batch("b"), **people}, 40)
    assert served.count("b") == 10
    assert all(served[at : at + 8].count("b") >= 1 for at in range(32))


def test_a_batch_gets_its_share_of_the_slots_and_more_while_many_interactive_clients_wait() -> None:
    scenario = Scenario("1/second")
    people = {f"p{number}": _person(f"p{number}") for number in range(11)}
    served = _served(scenario, {"b": _batch("b"), **people}, 60)
    assert served.count("b") >= 60 / 12


def test_clients_of_a_kind_take_turns() -> None:
    scenario = Scenario("2/2s")
    served = _served(scenario, {name: _batch(name) for name in "abcdef"}, 30)
    assert {name: served.count(name) for name in "abcdef"} == dict.fromkeys("abcdef", 5)


def test_the_second_ticket_of_a_client_stays_outside_the_queue() -> None:
    scenario = Scenario("1/minute")
    assert scenario.asked("first")
    assert isinstance(scenario.look("one", claim=PERSON), Wait)
    assert isinstance(scenario.look("two", claim=PERSON), Wait)
    assert [waiter.ticket for waiter in scenario.ledger.queue] == ["one"]


def test_the_second_ticket_of_a_client_does_not_start_while_the_first_waits() -> None:
    scenario = Scenario("1/minute")
    assert scenario.asked("first")
    assert isinstance(scenario.look("one", claim=PERSON), Wait)
    scenario.after(0.5)
    scenario.ledger.settled.clear()
    assert not isinstance(scenario.look("two", claim=PERSON), Start)
    assert isinstance(scenario.look("one", claim=PERSON), Start)


@pytest.mark.parametrize("quota", ["1/minute", "4/minute", "10/2s", "3/10s,100/hour"])
def test_a_client_that_returns_on_time_gets_its_slot_although_others_wait(quota: str) -> None:
    scenario = Scenario(quota)
    limit, window = scenario.quota.sliding[0].limit, scenario.quota.sliding[0].seconds
    assert scenario.asks(limit) == limit
    scenario.after(window / 10)
    reported = scenario.refused("mine", 0.0, _person("mine"))
    for number in range(2 * limit):
        assert isinstance(scenario.look(f"other {number}", claim=_person(f"other {number}")), Wait)
    until = scenario.now + reported.retry_after
    while scenario.now < until + 0.3:
        for number in range(2 * limit):
            if isinstance(scenario.look(f"other {number}", claim=_person(f"other {number}")), Start):
                scenario.answer(f"other {number}")
        scenario.after(0.1)
    assert isinstance(scenario.look("mine again", 0.0, _person("mine")), Start)


def test_another_process_with_the_same_request_takes_the_reserved_place() -> None:
    scenario = Scenario("1/minute")
    assert scenario.asked("first")
    reported = scenario.refused("mine", 0.0, _person("a process", about="the hash"))
    assert isinstance(scenario.look("other", claim=_person("other")), Wait)
    scenario.after(reported.retry_after)
    assert isinstance(scenario.look("other", claim=_person("other")), Wait)
    assert isinstance(scenario.look("mine again", 0.0, _person("another process", about="the hash")), Start)


def test_an_unused_place_goes_to_the_next_client_after_a_while() -> None:
    scenario = Scenario("1/minute")
    assert scenario.asked("first")
    reported = scenario.refused("mine", 0.0, _person("mine"))
    scenario.after(reported.retry_after + 0.1)
    assert isinstance(scenario.look("other", claim=_person("other")), Wait)
    scenario.after(4)
    assert isinstance(scenario.look("other", claim=_person("other")), Wait)
    scenario.after(1.5)
    assert isinstance(scenario.look("other", claim=_person("other")), Start)


def test_a_caller_that_may_wait_is_not_refused_because_of_reserved_places() -> None:
    scenario = Scenario("1/minute")
    assert scenario.asked("first")
    scenario.refused("gone", 0.0, _person("gone"))
    assert isinstance(scenario.look("other", 70.0, _person("other")), Wait)


def test_at_most_half_of_a_window_is_reserved() -> None:
    scenario = Scenario("4/minute")
    assert scenario.asks(4) == 4
    for number in range(50):
        scenario.refused(f"gone {number}", 0.0, _person(f"gone {number}"))
    scenario.after(60.1)
    going = [scenario.look(f"new {number}", claim=_person(f"new {number}")) for number in range(4)]
    assert [isinstance(decision, Start) for decision in going] == [True, True, False, False]
    scenario.after(5.5)
    assert isinstance(scenario.look("new 2", claim=_person("new 2")), Start)


def test_an_interactive_client_takes_the_place_that_is_kept_for_a_batch() -> None:
    scenario = Scenario("1/minute")
    assert scenario.asked("first")
    scenario.refused("b", 0.0, BATCH)
    scenario.refused("p", 0.0, PERSON)
    assert [waiter.client for waiter in scenario.ledger.queue] == ["person"]


def test_a_client_that_is_refused_repeatedly_has_one_place() -> None:
    scenario = Scenario("8/minute")
    assert scenario.asks(8) == 8
    for number in range(10):
        scenario.after(1).refused(f"ticket {number}", 0.0, PERSON)
    assert len(scenario.ledger.queue) == 1


def test_a_client_that_returns_too_early_keeps_its_place() -> None:
    scenario = Scenario("1/minute")
    assert scenario.asked("first")
    scenario.refused("early", 0.0, PERSON)
    assert isinstance(scenario.look("other", claim=_person("other")), Wait)
    for _ in range(29):
        scenario.after(2).refused("early again", 0.0, PERSON)
        assert isinstance(scenario.look("other", claim=_person("other")), Wait)
    scenario.after(2.1)
    assert isinstance(scenario.look("at last", 0.0, PERSON), Start)


def test_no_place_is_reserved_for_an_exhausted_day() -> None:
    scenario = Scenario("4/minute,4/day")
    assert scenario.asks(4) == 4
    scenario.refused("mine", 0.0, PERSON)
    assert scenario.ledger.queue == []


def test_no_place_is_reserved_for_a_client_that_does_not_return() -> None:
    scenario = Scenario("1/minute")
    assert scenario.asked("first")
    scenario.refused("drain", 0.0, Claim("drain", batch=True, returns=False))
    assert scenario.ledger.queue == []


def test_a_clock_that_is_set_does_not_prolong_reserved_places() -> None:
    scenario = Scenario("1/minute")
    adjust(scenario.ledger, scenario.now, Uptime("a boot", 100.0))
    assert scenario.asked("first")
    reported = scenario.refused("mine", 0.0, PERSON)
    scenario.now += 3600
    adjust(scenario.ledger, scenario.now, Uptime("a boot", 100.0))
    [kept] = scenario.ledger.queue
    assert kept.due == pytest.approx(scenario.now + reported.retry_after)
    scenario.now -= 10 * LONGEST_RESERVATION_S
    policy.tidy(scenario.ledger, scenario.quota, scenario.now)
    assert scenario.ledger.queue == []


def test_a_request_behind_others_of_its_client_is_refused_if_it_cannot_be_in_time() -> None:
    scenario = Scenario("1/minute")
    assert scenario.asked("first")

    def forecast(behind: int, patience: float) -> Refuse | None:
        return policy.forecast(scenario.ledger, scenario.quota, scenario.now, scenario.now + patience, PERSON, behind)

    assert forecast(0, 61.0) is None
    refusal = forecast(1, 61.0)
    assert refusal is not None
    assert refusal.retry_after == pytest.approx(120, abs=0.1)
    assert forecast(1, 121.0) is None


def test_each_client_waits_for_at_most_one_slot_more_than_clients_during_a_flood() -> None:
    """With N clients, each waits for N + 1 slots at most, plus one window, because slots come in bursts."""
    clients, window, limit = 16, 2.0, 4
    scenario = Scenario(f"{limit}/2s")
    bound = (clients + 1) * window / limit + window
    came = {f"p{number}": scenario.now for number in range(clients - 1)}
    waiting = {name: _person(name) for name in came}
    worst = 0.0
    for _ in range(500):
        for ticket, claim in [*waiting.items(), ("flood", _batch("flood"))]:
            if isinstance(scenario.look(ticket, math.inf, claim), Start):
                scenario.answer(ticket)
                if ticket in came:
                    worst = max(worst, scenario.now - came[ticket])
                    came[ticket] = scenario.now
        scenario.after(0.1)
    assert 0 < worst <= bound
