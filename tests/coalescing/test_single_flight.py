"""One asks, the others have the answer: between threads, over every lease book."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Callable

import pytest

from connectors.cache import Entry
from connectors.clock import SystemClock
from connectors.coalescing import LeaseBook, MemoryLeases, SingleFlight
from connectors.coalescing.single_flight import Lead
from connectors.errors import Cancelled, ConnectorError, RateLimited, Unavailable
from connectors.state.heartbeat import Heartbeat
from connectors.state.unavailable import Fallback, StateUnavailable
from tests.coalescing.conftest import MakeLeases

FOUND = Entry("ok", {}, 1.0)
CALLERS = 16


class Place:
    """Where callers meet: a cache of one key, and who asked."""

    def __init__(self, leases: LeaseBook) -> None:
        self.clock = SystemClock()
        shared = Fallback[LeaseBook](leases, MemoryLeases(self.clock), self.clock, "alone")
        self.flight = SingleFlight(shared, self.clock, Heartbeat(0.2))
        self.entry: Entry | None = None
        self.asked = 0
        self.everyone = threading.Barrier(CALLERS)
        self._looked: set[int] = set()

    def ask(self, _: Lead) -> Entry:
        self.asked += 1
        time.sleep(0.2)
        self.entry = FOUND
        return FOUND

    def kept(self) -> Entry | None:
        self._looked.add(threading.get_ident())
        return self.entry

    def until_looked(self, callers: int) -> None:
        """Wait until so many are there, the leader among them."""
        while len(self._looked) < callers:
            time.sleep(0.01)

    def run(self, ask: Callable[[Lead], Entry] | None = None, patience: float = 20.0) -> tuple[Entry, bool]:
        return self.flight.run("key", self.kept, ask or self.ask, self.clock.monotonic() + patience)

    def outcome(self, ask: Callable[[Lead], Entry] | None = None, patience: float = 20.0) -> object:
        """The result of `run`, or what it raised."""
        try:
            return self.run(ask, patience)
        except ConnectorError as error:
            return error


@pytest.fixture
def place(make_leases: MakeLeases) -> Place:
    return Place(make_leases(SystemClock()))


def _together(place: Place, ask: Callable[[Lead], Entry] | None = None) -> list[object]:
    def caller(_: int) -> object:
        place.everyone.wait()
        return place.outcome(ask)

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(caller, range(CALLERS)))


def _led(place: Place, ask: Callable[[Lead], Entry]) -> tuple[ThreadPoolExecutor, threading.Event]:
    """A leader who is under way in a thread of its own; set the event to let it go on."""
    begun, go_on = threading.Event(), threading.Event()

    def slowly(lead: Lead) -> Entry:
        lead.waiting(True)
        begun.set()
        assert go_on.wait(20)
        return ask(lead)

    pool = ThreadPoolExecutor(CALLERS)
    pool.submit(place.outcome, slowly)
    assert begun.wait(20)
    return pool, go_on


def test_sixteen_who_want_the_same_ask_once(place: Place) -> None:
    outcomes = _together(place)
    assert place.asked == 1
    assert sorted(outcomes, key=repr) == [(FOUND, False)] + [(FOUND, True)] * (CALLERS - 1)


def test_an_answer_that_came_between_look_and_claim_is_taken(place: Place) -> None:
    place.entry = FOUND
    assert place.run() == (FOUND, True)
    assert place.asked == 0


def test_different_keys_do_not_wait_for_each_other(place: Place) -> None:
    pool, go_on = _led(place, place.ask)
    with pool:
        other = place.flight.run("other", lambda: None, lambda _: FOUND, place.clock.monotonic())
        go_on.set()
    assert other == (FOUND, False)


def test_the_leaders_error_is_everyones_who_waits_and_nobodys_later(place: Place) -> None:
    def fail(_: Lead) -> Entry:
        place.asked += 1
        place.until_looked(CALLERS)
        raise Unavailable("no way", http_status=503, details={"why": "test"})

    outcomes = _together(place, fail)
    assert place.asked == 1
    assert {(type(error), getattr(error, "http_status", None)) for error in outcomes} == {(Unavailable, 503)}
    assert place.run() == (FOUND, False)


@pytest.mark.parametrize("failure", [RateLimited("my patience is over", retry_after=9.0), Cancelled("stopped")])
def test_a_leader_that_gave_up_for_its_own_sake_leaves_it_to_the_next(place: Place, failure: ConnectorError) -> None:
    def give_up(_: Lead) -> Entry:
        raise failure

    pool, go_on = _led(place, give_up)
    with pool:
        patient = [pool.submit(place.outcome) for _ in range(4)]
        place.until_looked(5)
        go_on.set()
        outcomes = [each.result() for each in patient]
    assert place.asked == 1
    assert sorted(outcomes, key=repr) == [(FOUND, False)] + [(FOUND, True)] * 3


def test_virustotals_own_429_is_everyones(place: Place) -> None:
    def refused(_: Lead) -> Entry:
        raise RateLimited("out of quota", retry_after=60.0, http_status=429)

    pool, go_on = _led(place, refused)
    with pool:
        waiting = pool.submit(place.outcome)
        place.until_looked(2)
        go_on.set()
        error = waiting.result()
    assert isinstance(error, RateLimited)
    assert (error.http_status, error.retry_after) == (429, 60.0)
    assert place.asked == 0


def test_the_impatient_do_not_wait_for_a_leader_that_waits_for_quota(place: Place) -> None:
    pool, go_on = _led(place, place.ask)
    with pool:
        impatient = place.outcome(patience=0.05)
        go_on.set()
    assert isinstance(impatient, RateLimited)
    assert impatient.details["source"] == "local"


def test_a_request_under_way_is_waited_for_beyond_the_patience_for_quota(place: Place) -> None:
    def out_now(lead: Lead) -> Entry:
        lead.waiting(False)
        time.sleep(0.5)
        return place.ask(lead)

    pool, go_on = _led(place, out_now)
    with pool:
        go_on.set()
        time.sleep(0.1)
        assert place.run(patience=0.0) == (FOUND, True)


def test_a_bug_in_asking_frees_the_key(place: Place) -> None:
    def bug(_: Lead) -> Entry:
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        place.run(bug)
    assert place.run() == (FOUND, False)


class _Unwilling(MemoryLeases):
    """A book that can be claimed from and then no more: its disk is full."""

    def release(self, key: str, token: str, error: str | None) -> None:
        raise StateUnavailable("the disk is full")


def test_a_lease_that_could_not_be_released_runs_out_though_its_holder_lives() -> None:
    clock = SystemClock()
    unwilling = _Unwilling(clock)
    place = Place(unwilling)
    assert place.run() == (FOUND, False)

    def lead_others(_: Lead) -> Entry:
        time.sleep(5)
        return FOUND

    with ThreadPoolExecutor(1) as pool:
        pool.submit(place.flight.run, "other", lambda: None, lead_others, clock.monotonic())
        time.sleep(4.2)
        assert unwilling.peek("key") is None
