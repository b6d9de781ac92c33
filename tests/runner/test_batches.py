"""Several waiting lines are a batch; a single line is interactive. Lines without quota are answered together."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from vt_connectors.actions.request_batch import BatchAnswers
from vt_connectors.adapters.process.descriptors import Input, Output
from vt_connectors.adapters.runner.runner import Runner
from vt_connectors.clock import SystemClock
from vt_connectors.contract.documents import Cost, Outcome, error_response, refusal, response
from vt_connectors.contract.response import Response
from vt_connectors.errors import ConnectorError, RateLimited
from vt_connectors.quota.waiters import Claim

MOST_S = 60


class FakeCore:
    """Answers with the claim of each line. `at_hand` answers many lines; without it, none."""

    def __init__(self, at_hand: Callable[[list[Any]], list[Response | None]] | None = None) -> None:
        self.claims: dict[int, Claim | None] = {}
        self.together: list[list[int]] = []
        self.ended = 0
        self.go_on = threading.Event()
        self.go_on.set()
        self._at_hand = at_hand

    def within(self, batch: BatchAnswers) -> Any:
        return self

    def answer(self, document: Any, claim: Claim | None = None) -> Response:
        self.claims[document["id"]] = claim
        assert self.go_on.wait(MOST_S)
        return no_quota(document["id"]) if self._at_hand else answered(document["id"])

    def answers_at_hand(self, documents: Sequence[object], claim: Claim | None = None) -> list[Response | None]:
        assert claim is not None
        assert claim.batch
        found: list[Any] = list(documents)
        self.together.append([document["id"] for document in found])
        return self._at_hand(found) if self._at_hand else [None] * len(found)

    def refuse(self, document: object, error: ConnectorError) -> Response:
        return refusal(document, error)

    def delivered(self, response: Response) -> None:
        return None

    ends_at_once = False

    def end_batch(self) -> None:
        self.ended += 1


def answered(id_: int) -> Response:
    return response("quota", id_, Outcome("ok", "done"), Cost(), 0.0)


def no_quota(id_: int) -> Response:
    error = RateLimited("none left", retry_after=60.0, details={"source": "local", "window": "day"})
    return error_response("quota", id_, error)


class Running:
    """A runner in this process, and both ends of it."""

    def __init__(self, core: FakeCore, workers: int = 4) -> None:
        (self._stdin, self._feed), (out, self._stdout) = os.pipe(), os.pipe()
        self._out = os.fdopen(out, "rb")
        runner = Runner(core, SystemClock(), workers)
        self._thread = threading.Thread(
            target=lambda: runner.run(Input(self._stdin), Output(self._stdout)), daemon=True
        )
        self._thread.start()

    def send(self, *ids: int) -> None:
        os.write(self._feed, b"".join(json.dumps({"id": id_}).encode() + b"\n" for id_ in ids))

    def next_id(self) -> int:
        found: int = json.loads(self._out.readline())["id"]
        return found

    def end(self) -> list[int]:
        """The ids of the answers that have not been read."""
        found: list[int] = []
        reader = threading.Thread(
            target=lambda: found.extend(json.loads(line)["id"] for line in self._out), daemon=True
        )
        reader.start()
        os.close(self._feed)
        self._thread.join(MOST_S)
        assert not self._thread.is_alive(), "it hangs"
        os.close(self._stdout)
        reader.join(MOST_S)
        self._out.close()
        os.close(self._stdin)
        return found


def test_a_client_that_waits_for_each_answer_is_not_a_batch() -> None:
    core = FakeCore()
    running = Running(core)
    for number in range(50):
        running.send(number)
        assert running.next_id() == number
    assert running.end() == []
    assert core.claims == dict.fromkeys(range(50))
    assert core.ended == 1


def test_lines_that_wait_for_each_other_are_a_batch() -> None:
    core = FakeCore()
    core.go_on.clear()
    running = Running(core, workers=1)
    running.send(*range(20))
    while not core.claims:
        threading.Event().wait(0.01)
    core.go_on.set()
    assert running.end() == list(range(20))
    batches = [number for number, claim in core.claims.items() if claim is not None and claim.batch]
    # The last ones may be alone by then.
    assert batches[:10] == list(range(10))
    assert len(core.claims) == 20


def test_a_line_that_comes_while_another_waits_is_of_a_batch() -> None:
    core = FakeCore()
    core.go_on.clear()
    running = Running(core)
    for number in range(3):
        running.send(number)
        while number not in core.claims:
            threading.Event().wait(0.01)
    core.go_on.set()
    assert running.end() == [0, 1, 2]
    assert [claim is not None and claim.batch for claim in core.claims.values()] == [False, True, True]


def test_what_finds_no_quota_is_answered_together_and_in_order() -> None:
    core = FakeCore(lambda documents: [no_quota(document["id"]) for document in documents])
    running = Running(core, workers=2)
    running.send(*range(1000))
    assert running.end() == list(range(1000))
    assert 1 <= len(core.claims) <= 4
    assert max(map(len, core.together)) > 1


def test_lines_that_are_not_at_hand_are_answered_by_themselves() -> None:
    core = FakeCore(
        lambda documents: [no_quota(document["id"]) if document["id"] % 3 else None for document in documents]
    )
    running = Running(core, workers=2)
    running.send(*range(300))
    assert running.end() == list(range(300))
    assert {number for number in range(300) if number % 3 == 0} <= core.claims.keys()


@pytest.mark.parametrize("failure", [ValueError, MemoryError, SystemExit])
def test_a_failure_of_answering_together_costs_no_line(failure: type[BaseException]) -> None:
    def fail(documents: list[Any]) -> list[Response | None]:
        raise failure

    core = FakeCore(fail)
    running = Running(core, workers=2)
    running.send(*range(100))
    assert running.end() == list(range(100))
    assert len(core.claims) == 100
