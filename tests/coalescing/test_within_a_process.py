"""One thread of a process sends the request for all: with every lease store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Callable

import pytest

from tests.coalescing.conftest import MakeLeases
from tests.coalescing.test_single_flight import CALLERS, FOUND, PUBLIC, Place
from vt_connectors.backends.memory.leases import MemoryLeases
from vt_connectors.cache import Entry
from vt_connectors.clock import SystemClock
from vt_connectors.coalescing import LeaseStore, SingleFlight, Task, TwoLevels
from vt_connectors.coalescing.task import Tell
from vt_connectors.errors import ConnectorError, InvalidResponse, RequestTimeout, Unavailable
from vt_connectors.state.fallback import Fallback


def _two_levels(place: Place) -> TwoLevels:
    leases: LeaseStore = MemoryLeases(place.clock)
    within = SingleFlight(Fallback(leases, leases, place.clock, "this process"), place.clock, None)
    return TwoLevels(within, place.flight)


def _all_at_once(
    place: Place, flight: TwoLevels, task: Callable[[int], Task], stays_here: Callable[[int], bool]
) -> list[tuple[Entry, bool]]:
    def caller(number: int) -> tuple[Entry, bool]:
        place.everyone.wait()
        fetched = flight.run(task(number), place.clock.monotonic() + 60, stays_here=stays_here(number))
        return fetched.entry, fetched.is_shared

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(caller, range(CALLERS)))


def test_threads_without_the_cache_share_requests_in_flight(make_leases: MakeLeases) -> None:
    place = Place(make_leases(SystemClock()), is_cached=False)
    outcomes = _all_at_once(place, _two_levels(place), lambda _: place.task(place.ask_for_all), lambda _: True)
    assert place.asked == 1
    assert sorted(outcomes, key=repr) == [(FOUND, False)] + [(FOUND, True)] * (CALLERS - 1)


def test_threads_with_and_without_the_cache_share_requests_in_flight(make_leases: MakeLeases) -> None:
    place = Place(make_leases(SystemClock()))
    flight = _two_levels(place)
    outcomes = _all_at_once(place, flight, lambda _: place.task(place.ask_for_all), lambda number: number % 2 == 0)
    assert place.asked == 1
    assert sorted(outcomes, key=repr) == [(FOUND, False)] + [(FOUND, True)] * (CALLERS - 1)


def test_a_local_refusal_expires(make_leases: MakeLeases) -> None:
    place = Place(make_leases(SystemClock()), is_cached=False)
    flight = _two_levels(place)
    for _ in range(2):
        assert not flight.run(place.task(), place.clock.monotonic(), stays_here=True).is_shared
    assert place.asked == 2


def test_threads_of_other_accounts_get_only_public_answers(make_leases: MakeLeases) -> None:
    place = Place(make_leases(SystemClock()), is_cached=False)
    flight = _two_levels(place)

    def task(number: int) -> Task:
        return place.task(place.ask_for_all, account=str(number))

    outcomes = _all_at_once(place, flight, task, lambda _: True)
    assert place.asked == 1
    assert sorted(outcomes, key=repr) == [(PUBLIC, True)] * (CALLERS - 1) + [(FOUND, False)]


def _fails(place: Place, failure: ConnectorError) -> Callable[[Tell], Entry]:
    """Sends when all callers have arrived; the first request fails, later ones are answered."""

    def ask(waiting: Tell) -> Entry:
        place.asked += 1
        if place.asked > 1:
            return FOUND
        place.clock.until_waiting(CALLERS - 1)
        raise failure

    return ask


def _outcomes(place: Place, ask: Callable[[Tell], Entry], accounts: int) -> list[object]:
    flight = _two_levels(place)

    def caller(number: int) -> object:
        place.everyone.wait()
        try:
            return flight.run(place.task(ask, account=str(number % accounts)), place.clock.monotonic() + 60).entry
        except ConnectorError as error:
            return error.code

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(caller, range(CALLERS)))


ANSWERED = [
    InvalidResponse("a page of the proxy", http_status=403),
    InvalidResponse("about another object", http_status=200),
    Unavailable("a page of the proxy", http_status=502),
]


@pytest.mark.parametrize("failure", ANSWERED, ids=str)
def test_an_error_response_is_an_error_for_all_threads_with_the_same_request(
    make_leases: MakeLeases, failure: ConnectorError
) -> None:
    place = Place(make_leases(SystemClock()))
    assert _outcomes(place, _fails(place, failure), accounts=1) == [failure.code] * CALLERS
    assert place.asked == 1


@pytest.mark.parametrize("failure", ANSWERED, ids=str)
def test_such_an_error_is_not_shared_with_threads_of_another_key(
    make_leases: MakeLeases, failure: ConnectorError
) -> None:
    place = Place(make_leases(SystemClock()))
    outcomes = _outcomes(place, _fails(place, failure), accounts=CALLERS)
    assert outcomes.count(failure.code) == 1
    assert place.asked == 2


@pytest.mark.parametrize("failure", [Unavailable("no connection"), RequestTimeout("no answer in time")], ids=str)
def test_a_request_without_a_response_is_not_shared_with_other_threads(
    make_leases: MakeLeases, failure: ConnectorError
) -> None:
    place = Place(make_leases(SystemClock()))
    assert _outcomes(place, _fails(place, failure), accounts=1).count(failure.code) == 1
    assert place.asked == 2
