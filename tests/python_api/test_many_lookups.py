"""Many values side by side."""

from __future__ import annotations

import gc
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.python_api.conftest import Connect
from tests.python_api.fake_core import FakeCore, known
from tests.vtaction_process import EICAR
from vt_connectors import Cancelled, InvalidIndicator, RateLimited, VirusTotal
from vt_connectors.contract.documents import Request
from vt_connectors.contract.response import Response
from vt_connectors.sandbox import SandboxServer
from vt_connectors.threads import alive_threads

PATIENCE_S = 60


def _domains() -> Iterator[str]:
    return (f"host{number}.example" for number in itertools.count())


def _wait_for_the_end_of_workers() -> None:
    until = time.monotonic() + PATIENCE_S
    while "vt-lookup" in alive_threads():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_every_value_is_answered_with_what_was_given(vt: VirusTotal) -> None:
    values = ["8.8.8.8", "hxxp://example[.]com/", EICAR.upper(), "10.0.0.1", "0" * 32]
    found = {item.value: item for item in vt.lookup_many(values)}
    assert set(found) == set(values)
    assert {value: item.report.status for value, item in found.items() if item.report} == {
        "8.8.8.8": "ok",
        "hxxp://example[.]com/": "ok",
        EICAR.upper(): "ok",
        "10.0.0.1": "skipped",
        "0" * 32: "not_found",
    }


def test_no_values_no_answers(vt: VirusTotal) -> None:
    assert list(vt.lookup_many([])) == []


def test_one_bad_value_costs_only_itself(vt: VirusTotal) -> None:
    values: list[Any] = ["8.8.8.8", "no indicator", None, 5, "example.com"]
    found = list(vt.lookup_many(values))
    assert {item.value for item in found if item.report} == {"8.8.8.8", "example.com"}
    assert {item.value for item in found if isinstance(item.error, InvalidIndicator)} == {"no indicator", None, 5}


def test_with_a_kind_the_others_are_refused(vt: VirusTotal) -> None:
    found = {item.value: item for item in vt.lookup_many(["8.8.8.8", "example.com"], kind="domain")}
    assert found["example.com"].report is not None
    assert isinstance(found["8.8.8.8"].error, InvalidIndicator)


def test_equal_values_are_each_answered_and_cost_one_request(vt: VirusTotal, sandbox: SandboxServer) -> None:
    values = [EICAR, EICAR.upper(), "example.com"] * 20
    found = list(vt.lookup_many(values))
    assert Counter(item.value for item in found) == Counter(values)
    assert all(item.report and item.report.status == "ok" for item in found)
    assert len(sandbox.requests) == 2
    assert sum(item.report.requests for item in found if item.report) == 2


def test_answers_come_as_they_are_ready(vt_of: VirusTotal, core: FakeCore) -> None:
    others_seen = threading.Event()

    def slow_first(request: Request) -> Response:
        if request.params["value"] == "slow.example":
            assert others_seen.wait(PATIENCE_S)
        return known(request)

    core.respond = slow_first
    seen = []
    for item in vt_of.lookup_many(["slow.example", "a.example", "b.example"]):
        seen.append(item.value)
        if len(seen) == 2:
            others_seen.set()
    assert seen[2] == "slow.example"


def test_endless_values_are_taken_a_few_ahead_and_in_the_callers_thread(vt_of: VirusTotal) -> None:
    taken_by: list[int] = []

    def values() -> Iterator[str]:
        for value in _domains():
            taken_by.append(threading.get_ident())
            yield value

    for answered, _ in enumerate(itertools.islice(vt_of.lookup_many(values(), side_by_side=3), 50), 1):
        assert len(taken_by) <= answered + 3
    assert set(taken_by) == {threading.get_ident()}


def test_a_value_may_come_from_an_answer(vt_of: VirusTotal) -> None:
    to_do = ["a.example"]

    def values() -> Iterator[str]:
        while to_do:
            yield to_do.pop()

    seen = []
    for item in vt_of.lookup_many(values(), side_by_side=1):
        seen.append(item.value)
        if len(seen) < 4:
            to_do.append("a" + item.value)
    assert seen == ["a.example", "aa.example", "aaa.example", "aaaa.example"]


def test_no_more_are_asked_at_a_time_than_was_said(vt_of: VirusTotal, core: FakeCore) -> None:
    lock, inside, most = threading.Lock(), 0, 0

    def count(request: Request) -> Response:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.002)
        with lock:
            inside -= 1
        return known(request)

    core.respond = count
    assert len(list(vt_of.lookup_many(itertools.islice(_domains(), 40), side_by_side=4))) == 40
    assert 2 <= most <= 4


def test_leaving_the_loop_ends_the_asking(vt_of: VirusTotal, core: FakeCore) -> None:
    for _ in vt_of.lookup_many(_domains(), side_by_side=2):
        break
    gc.collect()
    _wait_for_the_end_of_workers()
    asked = len(core.requests)
    assert asked <= 4
    assert vt_of.lookup("example.com").status == "ok", "the connection goes on"
    assert len(core.requests) == asked + 1


def test_leaving_the_loop_gives_up_waiting_for_quota(at_sandbox: Connect, sandbox: SandboxServer) -> None:
    vt = at_sandbox(quota="1/minute")
    began = time.monotonic()
    answers = vt.lookup_many(_domains(), max_wait_s=3600)
    assert next(answers).report is not None
    answers.close()
    _wait_for_the_end_of_workers()
    assert time.monotonic() - began < PATIENCE_S
    assert len(sandbox.requests) == 1
    assert list(answers) == []


def test_want_of_quota_is_each_values_own_error(at_sandbox: Connect, sandbox: SandboxServer) -> None:
    vt = at_sandbox(quota="2/minute")
    found = list(vt.lookup_many(itertools.islice(_domains(), 10), max_wait_s=0))
    assert len(found) == 10
    assert sum(isinstance(item.error, RateLimited) for item in found) == 8
    assert len(sandbox.requests) == 2


def test_what_the_values_raise_is_raised_when_the_rest_is_answered(vt_of: VirusTotal) -> None:
    def values() -> Iterator[str]:
        yield "a.example"
        yield "b.example"
        raise OSError("the file ends here")

    answers = vt_of.lookup_many(values())
    assert sorted([next(answers).value, next(answers).value]) == ["a.example", "b.example"]
    with pytest.raises(OSError, match="the file ends here"):
        next(answers)


def test_what_makes_no_sense_is_said_at_once(vt_of: VirusTotal, core: FakeCore) -> None:
    with pytest.raises(TypeError, match="put it into a list"):
        vt_of.lookup_many("example.com")
    with pytest.raises(ValueError, match="side_by_side"):
        vt_of.lookup_many([], side_by_side=0)
    with pytest.raises(TypeError, match="unknown option"):
        vt_of.lookup_many([], max_wait=5)  # type: ignore[call-arg]
    assert core.requests == []


def test_a_bug_is_raised_and_hangs_nobody(vt_of: VirusTotal, core: FakeCore) -> None:
    def broken(_: Request) -> Response:
        raise ZeroDivisionError

    core.respond = broken
    with pytest.raises(ZeroDivisionError):
        list(vt_of.lookup_many(["a.example"]))


def test_closing_the_connection_ends_its_loops(vt_of: VirusTotal, core: FakeCore) -> None:
    waiting = threading.Event()

    def wait(request: Request) -> Response:
        waiting.set()
        core.clock.sleep(3600)
        return known(request)

    core.respond = wait

    def close() -> None:
        assert waiting.wait(PATIENCE_S)
        vt_of.close()

    closer = threading.Thread(target=close)
    closer.start()
    answers = vt_of.lookup_many(_domains())
    with pytest.raises(RuntimeError, match="closed"):
        assert all(isinstance(item.error, Cancelled) for item in answers)
    closer.join()
    _wait_for_the_end_of_workers()
    assert core.closed == 1


def test_two_loops_of_one_connection_do_not_disturb_each_other(vt_of: VirusTotal) -> None:
    first, second = vt_of.lookup_many(_domains()), vt_of.lookup_many(_domains())
    assert next(first).report
    assert next(second).report
    first.close()
    assert all(next(second).report for _ in range(20))
