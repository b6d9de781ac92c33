"""The first answers to writes with a key: for how long they hold, and what is refused if they cannot be stored."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fake_clock import FakeClock
from vt_connectors.actions.first_answers import LASTS_S, FirstAnswers
from vt_connectors.contract.documents import Cost, Outcome, error_response, response
from vt_connectors.contract.response import Response
from vt_connectors.errors import ConnectorError, OutcomeUnknown, Unavailable

from .conftest import MakeScenario

DOCUMENT = {"action": "add_comment", "params": {"comment": "a"}}


class Writer:
    """Performs writes with these results, and counts them."""

    def __init__(self, *results: Outcome | ConnectorError) -> None:
        self._results = list(results)
        self.count = 0

    def __call__(self) -> Response:
        self.count += 1
        result = self._results.pop(0) if len(self._results) > 1 else self._results[0]
        if isinstance(result, ConnectorError):
            return error_response("add_comment", None, result)
        return response("add_comment", None, result, Cost(), 0.0)


WRITTEN = Outcome("ok", "written", {"comment_id": "c"})


def _answers(make_scenario: MakeScenario, **settings: str) -> FirstAnswers:
    return FirstAnswers(make_scenario(**settings).core.context)


def _found(answers: FirstAnswers, write: Writer, document: Any = DOCUMENT) -> tuple[str, str]:
    keyed = answers.answer("client", "k", document, 5.0, write)
    assert keyed.response is not None
    error = keyed.response["error"]
    return keyed.found, error["code"] if error is not None else keyed.response["status"]


def test_an_answer_is_repeated_for_a_day_and_the_write_is_new_after_that(
    make_scenario: MakeScenario, clock: FakeClock
) -> None:
    answers, write = _answers(make_scenario), Writer(WRITTEN)
    assert _found(answers, write) == ("first", "ok")
    clock.advance(LASTS_S - 60)
    assert _found(answers, write) == ("repeated", "ok")
    clock.advance(120)
    assert _found(answers, write) == ("first", "ok")
    assert write.count == 2


def test_an_unknown_outcome_is_remembered_and_an_error_before_the_write_is_not(make_scenario: MakeScenario) -> None:
    answers, write = _answers(make_scenario), Writer(Unavailable("down"), OutcomeUnknown("lost"), WRITTEN)
    assert _found(answers, write) == ("first", "unavailable")
    assert _found(answers, write) == ("first", "outcome_unknown")
    assert _found(answers, write) == ("repeated", "outcome_unknown")
    assert write.count == 2


def test_an_answer_that_is_too_large_to_store_is_not_written_again(make_scenario: MakeScenario) -> None:
    deep: Any = {}
    for _ in range(200):
        deep = {"a": deep, "b": [{}]}
    answers, write = _answers(make_scenario), Writer(Outcome("ok", "written", deep))
    assert _found(answers, write) == ("first", "ok")
    assert _found(answers, write) == ("repeated", "outcome_unknown")
    assert write.count == 1


def test_a_write_that_was_refused_before_it_was_sent_is_performed_when_it_is_repeated(
    make_scenario: MakeScenario,
) -> None:
    answers, write = _answers(make_scenario), Writer(WRITTEN)

    def refuse() -> Response:
        raise LookupError("no place")

    with pytest.raises(LookupError):
        answers.answer("client", "k", DOCUMENT, 5.0, refuse)
    assert _found(answers, write) == ("first", "ok")


def test_keys_hold_in_memory_too(make_scenario: MakeScenario) -> None:
    answers, write = _answers(make_scenario, VT_STATE="memory"), Writer(WRITTEN)
    assert [_found(answers, write)[0] for _ in range(2)] == ["first", "repeated"]


def test_first_answers_are_neither_listed_nor_counted_as_cached_answers(make_scenario: MakeScenario) -> None:
    scenario = make_scenario()
    assert _found(FirstAnswers(scenario.core.context), Writer(WRITTEN)) == ("first", "ok")
    assert scenario.core.context.cache.keys(10) == []
    assert scenario.core.context.cache.stats()["entries"] == 0
