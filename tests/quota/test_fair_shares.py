"""Fair shares: one ticket a client, interactive clients before batches, and a time that was told is kept."""

from __future__ import annotations

import math

import pytest

from tests.quota.desk import Desk
from vt_connectors.clock import Uptime
from vt_connectors.quota import policy
from vt_connectors.quota.clock_changes import follow
from vt_connectors.quota.policy import Refuse, Start, Wait
from vt_connectors.quota.waiters import LONGEST_RESERVATION_S, Claim

PERSON, BATCH = Claim("person"), Claim("batch", batch=True)


def _person(name: str, about: str = "") -> Claim:
    return Claim(name, about=about)


def _batch(name: str) -> Claim:
    return Claim(name, batch=True)


def _served(desk: Desk, waiting: dict[str, Claim], count: int) -> list[str]:
    """The tickets that get the next `count` slots; each of them waits again at once under the same name."""
    served: list[str] = []
    for _ in range(1000 * count):
        for ticket in list(waiting):
            decision = desk.look(ticket, claim=waiting[ticket])
            assert not isinstance(decision, Refuse)
            if isinstance(decision, Start):
                desk.answer(ticket)
                served.append(ticket)
                if len(served) == count:
                    return served
                waiting[ticket] = waiting.pop(ticket)
        desk.after(0.1)
    raise AssertionError(f"only {served}")


def test_an_interactive_client_is_served_before_the_batches_that_came_first() -> None:
    desk = Desk("1/minute")
    assert desk.goes("first")
    desk.answer("first")
    assert _served(desk, {"b": _batch("b"), "c": _batch("c"), "p": _person("p")}, 1) == ["p"]


def test_a_batch_gets_one_slot_in_four_while_few_interactive_clients_wait() -> None:
    desk = Desk("1/second")
    people = {f"p{number}": _person(f"p{number}") for number in range(3)}
    served = _served(desk, {"b": _batch("b"), **people}, 40)
    assert served.count("b") == 10
    assert all(served[at : at + 8].count("b") >= 1 for at in range(32))


def test_a_batch_gets_its_share_of_the_slots_and_more_while_many_interactive_clients_wait() -> None:
    desk = Desk("1/second")
    people = {f"p{number}": _person(f"p{number}") for number in range(11)}
    served = _served(desk, {"b": _batch("b"), **people}, 60)
    assert served.count("b") >= 60 / 12


def test_clients_of_a_kind_take_turns() -> None:
    desk = Desk("2/2s")
    served = _served(desk, {name: _batch(name) for name in "abcdef"}, 30)
    assert {name: served.count(name) for name in "abcdef"} == dict.fromkeys("abcdef", 5)


def test_the_second_ticket_of_a_client_stays_outside_the_queue() -> None:
    desk = Desk("1/minute")
    assert desk.asked("first")
    assert isinstance(desk.look("one", claim=PERSON), Wait)
    assert isinstance(desk.look("two", claim=PERSON), Wait)
    assert [waiter.ticket for waiter in desk.ledger.queue] == ["one"]


def test_the_second_ticket_of_a_client_does_not_start_while_the_first_waits() -> None:
    desk = Desk("1/minute")
    assert desk.asked("first")
    assert isinstance(desk.look("one", claim=PERSON), Wait)
    desk.after(0.5)
    desk.ledger.settled.clear()
    assert not isinstance(desk.look("two", claim=PERSON), Start)
    assert isinstance(desk.look("one", claim=PERSON), Start)


@pytest.mark.parametrize("quota", ["1/minute", "4/minute", "10/2s", "3/10s,100/hour"])
def test_a_client_that_returns_at_the_time_it_was_told_finds_its_slot_although_others_wait(quota: str) -> None:
    desk = Desk(quota)
    limit, window = desk.quota.sliding[0].limit, desk.quota.sliding[0].seconds
    assert desk.asks(limit) == limit
    desk.after(window / 10)
    told = desk.refused("mine", 0.0, _person("mine"))
    for number in range(2 * limit):
        assert isinstance(desk.look(f"other {number}", claim=_person(f"other {number}")), Wait)
    until = desk.now + told.retry_after
    while desk.now < until + 0.3:
        for number in range(2 * limit):
            if isinstance(desk.look(f"other {number}", claim=_person(f"other {number}")), Start):
                desk.answer(f"other {number}")
        desk.after(0.1)
    assert isinstance(desk.look("mine again", 0.0, _person("mine")), Start)


def test_another_process_that_asks_the_same_takes_the_place_that_was_kept() -> None:
    desk = Desk("1/minute")
    assert desk.asked("first")
    told = desk.refused("mine", 0.0, _person("a process", about="the hash"))
    assert isinstance(desk.look("other", claim=_person("other")), Wait)
    desk.after(told.retry_after)
    assert isinstance(desk.look("other", claim=_person("other")), Wait)
    assert isinstance(desk.look("mine again", 0.0, _person("another process", about="the hash")), Start)


def test_a_place_that_is_not_used_goes_to_the_next_after_a_little_while() -> None:
    desk = Desk("1/minute")
    assert desk.asked("first")
    told = desk.refused("mine", 0.0, _person("mine"))
    desk.after(told.retry_after + 0.1)
    assert isinstance(desk.look("other", claim=_person("other")), Wait)
    desk.after(4)
    assert isinstance(desk.look("other", claim=_person("other")), Wait)
    desk.after(1.5)
    assert isinstance(desk.look("other", claim=_person("other")), Start)


def test_one_who_may_wait_is_not_refused_because_of_places_that_may_not_be_used() -> None:
    desk = Desk("1/minute")
    assert desk.asked("first")
    desk.refused("gone", 0.0, _person("gone"))
    assert isinstance(desk.look("other", 70.0, _person("other")), Wait)


def test_places_that_are_kept_are_half_of_a_window_at_most() -> None:
    desk = Desk("4/minute")
    assert desk.asks(4) == 4
    for number in range(50):
        desk.refused(f"gone {number}", 0.0, _person(f"gone {number}"))
    desk.after(60.1)
    going = [desk.look(f"new {number}", claim=_person(f"new {number}")) for number in range(4)]
    assert [isinstance(decision, Start) for decision in going] == [True, True, False, False]
    desk.after(5.5)
    assert isinstance(desk.look("new 2", claim=_person("new 2")), Start)


def test_an_interactive_client_takes_the_place_that_is_kept_for_a_batch() -> None:
    desk = Desk("1/minute")
    assert desk.asked("first")
    desk.refused("b", 0.0, BATCH)
    desk.refused("p", 0.0, PERSON)
    assert [waiter.client for waiter in desk.ledger.queue] == ["person"]


def test_a_client_that_is_refused_again_and_again_has_one_place() -> None:
    desk = Desk("8/minute")
    assert desk.asks(8) == 8
    for number in range(10):
        desk.after(1).refused(f"ticket {number}", 0.0, PERSON)
    assert len(desk.ledger.queue) == 1


def test_one_who_returns_too_early_keeps_the_place() -> None:
    desk = Desk("1/minute")
    assert desk.asked("first")
    desk.refused("early", 0.0, PERSON)
    assert isinstance(desk.look("other", claim=_person("other")), Wait)
    for _ in range(29):
        desk.after(2).refused("early again", 0.0, PERSON)
        assert isinstance(desk.look("other", claim=_person("other")), Wait)
    desk.after(2.1)
    assert isinstance(desk.look("at last", 0.0, PERSON), Start)


def test_no_place_is_kept_for_an_exhausted_day() -> None:
    desk = Desk("4/minute,4/day")
    assert desk.asks(4) == 4
    desk.refused("mine", 0.0, PERSON)
    assert desk.ledger.queue == []


def test_no_place_is_kept_for_one_who_does_not_return() -> None:
    desk = Desk("1/minute")
    assert desk.asked("first")
    desk.refused("drain", 0.0, Claim("drain", batch=True, returns=False))
    assert desk.ledger.queue == []


def test_a_clock_that_is_set_keeps_places_for_no_longer_than_they_were_kept() -> None:
    desk = Desk("1/minute")
    follow(desk.ledger, desk.now, Uptime("a boot", 100.0))
    assert desk.asked("first")
    told = desk.refused("mine", 0.0, PERSON)
    desk.now += 3600
    follow(desk.ledger, desk.now, Uptime("a boot", 100.0))
    [kept] = desk.ledger.queue
    assert kept.due == pytest.approx(desk.now + told.retry_after)
    desk.now -= 10 * LONGEST_RESERVATION_S
    policy.tidy(desk.ledger, desk.quota, desk.now)
    assert desk.ledger.queue == []


def test_a_request_behind_others_of_its_client_is_refused_if_it_cannot_be_in_time() -> None:
    desk = Desk("1/minute")
    assert desk.asked("first")

    def forecast(behind: int, patience: float) -> Refuse | None:
        return policy.forecast(desk.ledger, desk.quota, desk.now, desk.now + patience, PERSON, behind)

    assert forecast(0, 61.0) is None
    refusal = forecast(1, 61.0)
    assert refusal is not None
    assert refusal.retry_after == pytest.approx(120, abs=0.1)
    assert forecast(1, 121.0) is None


def test_everyone_is_served_within_one_more_than_the_clients_while_one_floods() -> None:
    """With N clients each waits N + 1 slots' time at most, and one window, because slots come in bursts."""
    clients, window, limit = 16, 2.0, 4
    desk = Desk(f"{limit}/2s")
    bound = (clients + 1) * window / limit + window
    came = {f"p{number}": desk.now for number in range(clients - 1)}
    waiting = {name: _person(name) for name in came}
    worst = 0.0
    for _ in range(500):
        for ticket, claim in [*waiting.items(), ("flood", _batch("flood"))]:
            if isinstance(desk.look(ticket, math.inf, claim), Start):
                desk.answer(ticket)
                if ticket in came:
                    worst = max(worst, desk.now - came[ticket])
                    came[ticket] = desk.now
        desk.after(0.1)
    assert 0 < worst <= bound
