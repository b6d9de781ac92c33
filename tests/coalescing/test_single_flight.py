"""One thread sends the request, the others get its answer: with every lease store."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Callable

import pytest

from tests.coalescing.conftest import MakeLeases
from tests.driven_clock import DrivenClock
from tests.watched_clock import WatchedClock
from vt_connectors.backends.memory.leases import MemoryLeases
from vt_connectors.cache import Entry
from vt_connectors.clock import SystemClock
from vt_connectors.coalescing import Fetched, LeaseStore, SingleFlight, Task
from vt_connectors.coalescing.leases import LEASE_S, RESULT_LEFT_S, Lease, Result, Seen
from vt_connectors.coalescing.task import Tell
from vt_connectors.errors import (
    AccessDenied,
    Cancelled,
    ConfigError,
    ConnectorError,
    Forbidden,
    InvalidIndicator,
    InvalidResponse,
    OutcomeUnknown,
    RateLimited,
    RequestTimeout,
    Unavailable,
)
from vt_connectors.state.fallback import Fallback, StateBusy, StateUnavailable
from vt_connectors.state.heartbeat import INTERVAL_S, Beat, Heartbeat

FOUND = Entry("ok", {}, 1.0)
PUBLIC = Entry("ok", {"public": True}, 1.0)
CALLERS = 16
Ask = Callable[[Tell], Entry]
WRITE: dict[str, Any] = {"is_write": True, "lasts": False}


class Place:
    """A shared cache of one key, and the requests. `is_cached`: the cache accepts answers."""

    def __init__(self, leases: LeaseStore, is_cached: bool = True) -> None:
        self.clock = WatchedClock()
        shared = Fallback[LeaseStore](leases, MemoryLeases(self.clock), self.clock, "alone")
        self.flight = SingleFlight(shared, self.clock, Heartbeat(0.2))
        self.is_cached = is_cached
        self.entry: Entry | None = None
        self.asked = 0
        self.everyone = threading.Barrier(CALLERS)
        self._looked: set[int] = set()

    def ask(self, _: Tell) -> Entry:
        self.asked += 1
        return FOUND

    def ask_for_all(self, _: Tell) -> Entry:
        """Return when all the others of `CALLERS` wait."""
        self.asked += 1
        self.clock.until_waiting(CALLERS - 1)
        return FOUND

    def find(self) -> Entry | None:
        self._looked.add(threading.get_ident())
        return self.entry

    def keep(self, entry: Entry, public: Entry | None) -> Fetched:
        if self.is_cached:
            self.entry = entry
        return Fetched(entry, public, self.is_cached)

    def until_looked(self, callers: int) -> None:
        """Wait until this many callers have arrived, including the leader."""
        give_up = time.monotonic() + 60
        while len(self._looked) < callers:
            assert time.monotonic() < give_up
            time.sleep(0.01)

    def task(self, ask: Ask | None = None, account: str = "us", **more: Any) -> Task:
        def fetch(waiting: Tell) -> Fetched:
            return self.keep((ask or self.ask)(waiting), PUBLIC)

        whole: dict[str, Any] = {"key": "key", "accepts": lambda entry: True, **more}
        return Task(account=account, find=self.find, fetch=fetch, keep=self.keep, **whole)

    def run(self, ask: Ask | None = None, patience: float = 60.0, **more: Any) -> tuple[Entry, bool]:
        fetched = self.flight.run(self.task(ask, **more), self.clock.monotonic() + patience)
        return fetched.entry, fetched.is_shared

    def outcome(self, ask: Ask | None = None, patience: float = 60.0, **more: Any) -> object:
        """The result of `run`, or its exception."""
        try:
            return self.run(ask, patience, **more)
        except ConnectorError as error:
            return error


@pytest.fixture
def place(make_leases: MakeLeases) -> Place:
    return Place(make_leases(SystemClock()))


def _together(place: Place, ask: Ask | None = None, accounts: int = 1) -> list[object]:
    def caller(number: int) -> object:
        place.everyone.wait()
        return place.outcome(ask or place.ask_for_all, account=f"account {number % accounts}")

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(caller, range(CALLERS)))


def _led(place: Place, ask: Ask, **more: Any) -> tuple[ThreadPoolExecutor, threading.Event, Future[object]]:
    """A leader with a request in flight, in a separate thread; set the event to continue."""
    begun, go_on = threading.Event(), threading.Event()

    def slowly(waiting: Tell) -> Entry:
        waiting(True)
        begun.set()
        assert go_on.wait(90)
        return ask(waiting)

    pool = ThreadPoolExecutor(CALLERS)
    led = pool.submit(place.outcome, slowly, **more)
    assert begun.wait(60)
    return pool, go_on, led


def test_sixteen_callers_with_the_same_lookup_send_one_request(place: Place) -> None:
    outcomes = _together(place, accounts=4)
    assert place.asked == 1
    assert sorted(outcomes, key=repr) == [(FOUND, False)] + [(FOUND, True)] * (CALLERS - 1)


def test_an_answer_that_came_between_look_and_claim_is_taken(place: Place) -> None:
    place.entry = FOUND
    assert place.run() == (FOUND, True)
    assert place.asked == 0


def test_different_keys_do_not_wait_for_each_other(place: Place) -> None:
    pool, go_on, _ = _led(place, place.ask)
    with pool:
        other = place.run(key="other", patience=0.0)
        go_on.set()
    assert other == (FOUND, False)


REFUSALS = [
    Unavailable("no way", http_status=503, vt_code="TransientError", details={"why": "test"}),
    AccessDenied("bad key", http_status=401, vt_code="WrongCredentialsError"),
    AccessDenied("bad key", http_status=403),
    Forbidden("not in the tier", http_status=403, vt_code="ForbiddenError"),
    InvalidIndicator("not a domain", http_status=400, vt_code="InvalidArgumentError"),
    RateLimited("out of quota", retry_after=60.0, http_status=429),
    RateLimited("out of quota", retry_after=60.0, http_status=204),
]
OWN_TROUBLE = [
    RateLimited("my patience is over", retry_after=9.0),
    Cancelled("stopped"),
    ConfigError("the proxy's address is wrong"),
    RequestTimeout("VirusTotal did not answer within VT_TIMEOUT"),
    Unavailable("the proxy refused the connection"),
    Unavailable("a page of the proxy", http_status=502),
    InvalidResponse("a page of the proxy", http_status=200),
]


def _name(error: ConnectorError) -> str:
    return f"{error.code}-{error.http_status}-{error.vt_code}"


@pytest.mark.parametrize("refusal", REFUSALS, ids=_name)
def test_virustotals_refusal_is_shared_with_current_followers_of_the_account_only(
    place: Place, refusal: ConnectorError
) -> None:
    def fail(_: Tell) -> Entry:
        place.asked += 1
        place.until_looked(CALLERS)
        raise refusal

    outcomes = _together(place, fail)
    assert place.asked == 1
    assert {str(error.to_dict()) for error in outcomes if isinstance(error, ConnectorError)} == {str(refusal.to_dict())}
    assert len(outcomes) == CALLERS
    assert place.run() == (FOUND, False)


@pytest.mark.parametrize("failure", REFUSALS + OWN_TROUBLE, ids=_name)
def test_errors_are_not_shared_with_another_account_which_gets_a_leader(place: Place, failure: ConnectorError) -> None:
    def fail(_: Tell) -> Entry:
        raise failure

    pool, go_on, led = _led(place, fail, account="them")
    with pool:
        others = [pool.submit(place.outcome) for _ in range(4)]
        place.until_looked(5)
        go_on.set()
        outcomes = [each.result() for each in others]
    assert led.result() is failure
    assert place.asked == 1, "not one request each"
    assert sorted(outcomes, key=repr) == [(FOUND, False)] + [(FOUND, True)] * 3


@pytest.mark.parametrize("failure", OWN_TROUBLE, ids=_name)
def test_a_leaders_own_error_is_not_shared(place: Place, failure: ConnectorError) -> None:
    def give_up(_: Tell) -> Entry:
        raise failure

    pool, go_on, _ = _led(place, give_up)
    with pool:
        patient = [pool.submit(place.outcome) for _ in range(4)]
        place.until_looked(5)
        go_on.set()
        outcomes = [each.result() for each in patient]
    assert place.asked == 1
    assert sorted(outcomes, key=repr) == [(FOUND, False)] + [(FOUND, True)] * 3


def test_callers_with_short_deadlines_do_not_wait_for_a_leader_that_waits_for_quota(place: Place) -> None:
    pool, go_on, _ = _led(place, place.ask)
    with pool:
        impatient = place.outcome(patience=0.05)
        go_on.set()
    assert isinstance(impatient, RateLimited)
    assert impatient.details["source"] == "local"


def test_a_follower_waits_for_a_sent_request_beyond_its_wait_for_quota(place: Place) -> None:
    is_out = threading.Event()

    def out_now(waiting: Tell) -> Entry:
        waiting(False)
        is_out.set()
        place.clock.until_waiting(1)
        time.sleep(0.5)
        return place.ask(waiting)

    pool, go_on, _ = _led(place, out_now)
    with pool:
        go_on.set()
        assert is_out.wait(60)
        assert place.run(patience=0.0) == (FOUND, True)


def test_a_follower_reports_whether_its_leader_waits_for_quota(place: Place) -> None:
    reported: list[bool] = []

    def out_now(waiting: Tell) -> Entry:
        waiting(False)
        while reported[-1]:
            time.sleep(0.01)
        return place.ask(waiting)

    pool, go_on, _ = _led(place, out_now)
    with pool:
        following = pool.submit(place.flight.run, place.task(), place.clock.monotonic() + 60, reported.append)
        while not reported:
            time.sleep(0.01)
        go_on.set()
        assert following.result().is_shared
    assert reported == [True, False]


def test_a_bug_in_a_request_releases_the_key(place: Place) -> None:
    def bug(_: Tell) -> Entry:
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        place.run(bug)
    assert place.run() == (FOUND, False)


def test_an_answer_that_the_cache_does_not_take_is_handed_over(make_leases: MakeLeases) -> None:
    place = Place(make_leases(SystemClock()), is_cached=False)
    outcomes = _together(place)
    assert place.asked == 1
    assert sorted(outcomes, key=repr) == [(FOUND, False)] + [(FOUND, True)] * (CALLERS - 1)
    assert place.outcome(account="them") == (PUBLIC, True), "later, and only what others may have"
    assert place.asked == 1


def test_a_left_result_is_cached_when_the_cache_accepts_answers_again(make_leases: MakeLeases) -> None:
    place = Place(make_leases(SystemClock()), is_cached=False)
    assert place.run() == (FOUND, False)
    place.is_cached = True
    assert place.run() == (FOUND, True)
    assert place.entry == FOUND


def test_a_left_result_that_does_not_fit_the_task_is_not_used(make_leases: MakeLeases) -> None:
    place = Place(make_leases(SystemClock()), is_cached=False)
    place.run()
    assert place.run(accepts=lambda entry: False) == (FOUND, False)
    assert place.asked == 2


def test_equal_writes_at_the_same_moment_are_one_and_a_later_one_is_another(make_leases: MakeLeases) -> None:
    place = Place(make_leases(SystemClock()), is_cached=False)

    def caller(_: int) -> object:
        place.everyone.wait()
        return place.outcome(place.ask_for_all, **WRITE)

    with ThreadPoolExecutor(CALLERS) as pool:
        outcomes = list(pool.map(caller, range(CALLERS)))
    assert place.asked == 1
    assert sorted(outcomes, key=repr) == [(FOUND, False)] + [(FOUND, True)] * (CALLERS - 1)
    assert place.run(**WRITE) == (FOUND, False)
    assert place.asked == 2


def test_a_write_whose_outcome_is_unknown_is_so_for_its_followers(place: Place) -> None:
    def lost(_: Tell) -> Entry:
        raise OutcomeUnknown("no answer came")

    pool, go_on, _ = _led(place, lost, **WRITE)
    with pool:
        following = [pool.submit(place.outcome, **WRITE) for _ in range(3)]
        place.clock.until_waiting(3)
        go_on.set()
        outcomes = [each.result() for each in following]
    assert {type(outcome) for outcome in outcomes} == {OutcomeUnknown}
    assert place.asked == 0


def _die(leases: LeaseStore, *, waiting: bool) -> None:
    """A process has claimed the key, and is killed."""
    leases.claim("key", Lease("killed", "us"))
    leases.waiting("key", "killed", waiting)


def _outlived(place: Place, leases: LeaseStore, callers: int, **more: Any) -> list[object]:
    """The results of `callers` that find the lease of the killed process."""

    def is_held() -> bool:
        found = leases.peek("key")
        return found is not None and found.token == "killed"

    with ThreadPoolExecutor(callers) as pool:
        asked = [pool.submit(place.outcome, **more) for _ in range(callers)]
        place.clock.until_waiting(callers)
        place.clock.skip_while(is_held)
        return [each.result() for each in asked]


def test_a_write_whose_leader_died_while_it_was_sent_is_outcome_unknown_once(make_leases: MakeLeases) -> None:
    leases = make_leases(SystemClock())
    place = Place(leases, is_cached=False)
    _die(leases, waiting=False)
    outcomes = _outlived(place, leases, 3, **WRITE)
    assert {type(outcome) for outcome in outcomes} == {OutcomeUnknown}
    assert place.run(**WRITE) == (FOUND, False), "a repeated write means that its effect was checked"


def test_a_write_whose_leader_died_while_it_waited_for_quota_is_sent(make_leases: MakeLeases) -> None:
    leases = make_leases(SystemClock())
    place = Place(leases, is_cached=False)
    _die(leases, waiting=True)
    assert _outlived(place, leases, 1, **WRITE) == [(FOUND, False)]


def test_a_write_of_another_account_is_sent_when_its_leader_died(make_leases: MakeLeases) -> None:
    leases = make_leases(SystemClock())
    place = Place(leases, is_cached=False)
    _die(leases, waiting=False)
    assert _outlived(place, leases, 1, account="them", **WRITE) == [(FOUND, False)]


def test_a_write_that_lasts_answers_later_callers_and_is_not_repeated_when_its_leader_died(
    make_leases: MakeLeases,
) -> None:
    leases = make_leases(SystemClock())
    place = Place(leases, is_cached=False)
    _die(leases, waiting=False)
    [first] = _outlived(place, leases, 1, is_write=True)
    assert isinstance(first, OutcomeUnknown)
    assert place.run(is_write=True) == (FOUND, False)
    assert place.run(is_write=True) == (FOUND, True)


def test_when_the_leader_is_dead_one_of_its_followers_leads(make_leases: MakeLeases) -> None:
    leases = make_leases(SystemClock())
    place = Place(leases)
    _die(leases, waiting=False)
    outcomes = _outlived(place, leases, CALLERS)
    assert place.asked == 1
    assert sorted(outcomes, key=repr) == [(FOUND, False)] + [(FOUND, True)] * (CALLERS - 1)


class _Unwilling(MemoryLeases):
    """A store whose disk is full after the claim."""

    def release(self, key: str, token: str, result: Result | None, left_s: float = RESULT_LEFT_S) -> None:
        raise StateUnavailable("the disk is full")


def test_a_lease_that_could_not_be_released_ends_though_its_holder_lives() -> None:
    place = Place(_Unwilling(SystemClock()))
    assert place.run() == (FOUND, False)
    place.entry = None
    is_over = threading.Event()

    def lead_others(_: Tell) -> Entry:
        assert is_over.wait(90)
        return FOUND

    with ThreadPoolExecutor(2) as pool:
        pool.submit(place.run, lead_others, key="other")
        asked = pool.submit(place.run)
        place.clock.skip_while(lambda: not asked.done())
        is_over.set()
    assert asked.result() == (FOUND, False)


class _Locked(MemoryLeases):
    """A store that another program can lock: then it can be read but not written."""

    is_locked = False

    def claim(self, key: str, lease: Lease, dead: Lease | None = None) -> Seen:
        self._check()
        return super().claim(key, lease, dead)

    def waiting(self, key: str, token: str, waiting: bool) -> None:
        self._check()
        super().waiting(key, token, waiting)

    def release(self, key: str, token: str, result: Result | None, left_s: float = RESULT_LEFT_S) -> None:
        self._check()
        super().release(key, token, result, left_s)

    def renew(self, tokens: Any) -> None:
        self._check()
        super().renew(tokens)

    def _check(self) -> None:
        if self.is_locked:
            raise StateBusy("another program has locked it")


class _Beating(Heartbeat):
    """A heartbeat by the test's clock, from a thread that takes part in driving it."""

    def __init__(self, clock: DrivenClock, started: Callable[[Callable[[], object]], Future[object]]) -> None:
        super().__init__()
        self._clock = clock
        self._started = started

    @contextmanager
    def keeping(self, beat: Beat) -> Iterator[None]:
        over = threading.Event()

        def run() -> None:
            while not over.is_set():
                self._clock.sleep(INTERVAL_S)
                beat()

        self._started(run)
        try:
            yield
        finally:
            over.set()


@pytest.mark.parametrize("locked_s", [1.0, LEASE_S - 0.5, LEASE_S + 1])
def test_a_leader_with_failing_heartbeats_is_not_taken_for_dead(locked_s: float) -> None:
    clock, running = DrivenClock(), list[Future[object]]()
    leases = _Locked(clock)

    def started(work: Callable[[], object]) -> Future[object]:
        running.append(pool.submit(work))
        running[-1].add_done_callback(lambda _: clock.notify())
        return running[-1]

    shared = Fallback[LeaseStore](leases, MemoryLeases(clock), clock, "alone")
    flight = SingleFlight(shared, clock, _Beating(clock, started))
    asked: list[float] = []

    def ask(_: Tell) -> Fetched:
        # Long enough for the others to follow. The lock ends well before the next heartbeat.
        clock.sleep(1.1)
        leases.is_locked = True
        clock.sleep(locked_s)
        leases.is_locked = False
        clock.sleep(1.5 * LEASE_S)
        asked.append(clock.monotonic())
        return Fetched(FOUND, PUBLIC, is_cached=False)

    def caller() -> tuple[Entry, bool]:
        keep: Any = lambda entry, public: Fetched(entry, public, is_cached=False)  # noqa: E731
        task = Task(key="key", account="us", find=lambda: None, fetch=ask, keep=keep, accepts=lambda entry: True)
        fetched = flight.run(task, clock.monotonic() + 60)
        return fetched.entry, fetched.is_shared

    with ThreadPoolExecutor(2 * CALLERS) as pool:
        callers = [started(caller) for _ in range(4)]
        clock.drive(lambda: sum(not each.done() for each in running))
        outcomes = [each.result() for each in callers]
    assert len(asked) == 1
    assert sorted(outcomes, key=repr) == [(FOUND, False)] + [(FOUND, True)] * 3


def test_no_request_is_sent_while_the_leases_are_locked() -> None:
    leases = _Locked(SystemClock())
    leases.is_locked = True
    place = Place(leases)
    with ThreadPoolExecutor(1) as pool:
        refused = pool.submit(place.outcome, patience=0.0)
        place.clock.skip_while(lambda: not refused.done())
    assert isinstance(refused.result(), Unavailable)
    assert place.asked == 0
    threading.Timer(1.0, setattr, (leases, "is_locked", False)).start()
    assert place.outcome(patience=0.0) == (FOUND, False)
