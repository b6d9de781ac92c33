"""After a refusal, no needless request is sent for a while."""

from __future__ import annotations

import math
import weakref

import pytest

from tests.fake_clock import FakeClock
from vt_connectors.errors import AccessDenied, ConnectorError, Forbidden, RateLimited, RequestTimeout, Unavailable
from vt_connectors.virustotal.circuit_breaker import CircuitBreaker


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def prospects(clock: FakeClock) -> CircuitBreaker:
    return CircuitBreaker(clock)


def _hopeless(
    prospects: CircuitBreaker, clock: FakeClock, patience: float = 0.0, purpose: str = "lookup_hash"
) -> ConnectorError | None:
    return prospects.open_error(purpose, clock.monotonic() + patience)


def test_a_refused_key_is_not_tried_again_for_five_minutes(prospects: CircuitBreaker, clock: FakeClock) -> None:
    prospects.failed("lookup_hash", AccessDenied("no such key", http_status=401))
    clock.advance(299)
    error = _hopeless(prospects, clock, math.inf)
    assert isinstance(error, AccessDenied)
    assert error.http_status == 401
    clock.advance(2)
    assert _hopeless(prospects, clock) is None


def test_a_call_that_the_key_may_not_make_says_nothing_of_others(prospects: CircuitBreaker, clock: FakeClock) -> None:
    prospects.failed("lookup_hash", Forbidden("not in this tier", http_status=403))
    assert isinstance(_hopeless(prospects, clock, math.inf), Forbidden)
    assert _hopeless(prospects, clock, purpose="add_comment") is None
    prospects.answered("add_comment")
    assert isinstance(_hopeless(prospects, clock), Forbidden)
    clock.advance(301)
    assert _hopeless(prospects, clock) is None


@pytest.mark.parametrize(
    "refusal",
    [Forbidden("too large for this tier", http_status=403, details={"limit_bytes": 32}), Forbidden("not in API v2")],
    ids=["by size", "by ourselves"],
)
def test_a_refusal_of_one_file_or_one_parameter_says_nothing_of_other_calls_of_the_kind(
    prospects: CircuitBreaker, clock: FakeClock, refusal: Forbidden
) -> None:
    prospects.failed("scan_file", refusal)
    assert _hopeless(prospects, clock, purpose="scan_file") is None


def test_out_of_quota_refuses_callers_that_will_not_wait_so_long(prospects: CircuitBreaker, clock: FakeClock) -> None:
    prospects.failed("lookup_hash", RateLimited("the day is used up", retry_after=60.0))
    clock.advance(20)
    error = _hopeless(prospects, clock, 30)
    assert isinstance(error, RateLimited)
    assert error.retry_after == 40.0
    assert _hopeless(prospects, clock, 41) is None
    clock.advance(40)
    assert _hopeless(prospects, clock) is None


def test_three_failures_in_a_row_open_the_circuit_breaker(prospects: CircuitBreaker, clock: FakeClock) -> None:
    for error in (Unavailable("a"), RequestTimeout("b")):
        prospects.failed("lookup_hash", error)
        assert _hopeless(prospects, clock) is None
    prospects.answered("lookup_hash")
    for _ in range(3):
        assert _hopeless(prospects, clock) is None
        prospects.failed("lookup_hash", Unavailable("c"))
    assert isinstance(_hopeless(prospects, clock), Unavailable)
    clock.advance(15)
    assert _hopeless(prospects, clock) is None
    prospects.failed("lookup_hash", Unavailable("d"))
    assert _hopeless(prospects, clock) is not None, "one more is enough then"


def test_an_answer_clears_everything(prospects: CircuitBreaker, clock: FakeClock) -> None:
    prospects.failed("lookup_hash", AccessDenied("no such key"))
    prospects.answered("lookup_hash")
    assert _hopeless(prospects, clock) is None


class _InHand:
    """An object that a caller holds during its request."""


def _ask_in_vain(prospects: CircuitBreaker, kind: type[ConnectorError]) -> weakref.ref[_InHand]:
    in_hand = _InHand()
    try:
        raise kind("no")
    except ConnectorError as error:
        prospects.failed("lookup_hash", error)
    return weakref.ref(in_hand)


@pytest.mark.parametrize("kind", [AccessDenied, Forbidden])
def test_a_remembered_failure_does_not_keep_the_call_alive(
    prospects: CircuitBreaker, kind: type[ConnectorError]
) -> None:
    in_hand = _ask_in_vain(prospects, kind)
    assert in_hand() is None


@pytest.mark.parametrize(
    "answer", [AccessDenied("no such key", http_status=401), Forbidden("no", http_status=403, vt_code="ForbiddenError")]
)
def test_an_answer_resets_the_number_of_failures(
    prospects: CircuitBreaker, clock: FakeClock, answer: ConnectorError
) -> None:
    for _ in range(2):
        prospects.failed("lookup_hash", RequestTimeout("no answer"))
    prospects.failed("lookup_hash", answer)
    clock.advance(301)
    prospects.failed("lookup_hash", RequestTimeout("no answer"))
    assert _hopeless(prospects, clock) is None
