"""For every response to a lookup, the caller gets the contract's error, with no more requests than it allows."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from tests.responses import error_of
from tests.scripted_server import ScriptedServer, answer, json_answer, reset
from vt_connectors.contract.validation import violation

from .faults import ALL, FAULTS, FOREIGN, Fault
from .house import COMMENT, COMMENTED, FOUND, LOOKUP, OTHER, SECRET, core_at, found, lookup

_EACH = pytest.mark.parametrize("name", ALL)
_LONGER_THAN_ANY_PAUSE_S = 3700.0


def _ask(fault: Fault, server: ScriptedServer, clock: FakeClock, state: Path | None = None) -> Mapping[str, Any]:
    server.script(fault.step)
    core = core_at(server.url, clock, state, VT_TIMEOUT=fault.timeout)
    answer = core.answer(LOOKUP)
    # Otherwise a thread that ends removes files of the state at any moment.
    core.close()
    return answer


@_EACH
def test_a_fault_gives_its_code_after_its_number_of_requests(
    name: str, server: ScriptedServer, clock: FakeClock
) -> None:
    fault = ALL[name]
    response = _ask(fault, server, clock)
    assert violation("response.json", response) is None
    assert response["status"] == "error"
    error = response["error"]
    assert (error["code"], error["retryable"]) == (fault.code, fault.retryable)
    assert (error["http_status"], error["vt_code"]) == (fault.http_status, fault.vt_code)
    assert error["retry_after_s"] == (None if fault.retry_after is None else pytest.approx(fault.retry_after))
    assert len(server.received) == fault.requests
    assert response["meta"]["requests"] == fault.requests


@_EACH
def test_a_fault_shows_the_key_nowhere_and_is_not_cached(
    name: str, server: ScriptedServer, clock: FakeClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    response = _ask(ALL[name], server, clock, tmp_path / "state.db")
    assert SECRET not in json.dumps(response)
    ours = [record for record in caplog.records if not record.name.startswith(("urllib3", "http.client"))]
    assert all(SECRET not in record.getMessage() and SECRET not in str(record.exc_info) for record in ours)
    assert all(SECRET.encode() not in path.read_bytes() for path in tmp_path.iterdir())
    clock.advance(_LONGER_THAN_ANY_PAUSE_S)
    server.received.clear()
    server.script(FOUND)
    response = core_at(server.url, clock, tmp_path / "state.db").answer(LOOKUP)
    assert (response["status"], response["meta"]["source"]) == ("ok", "api")
    assert len(server.received) == 1


def test_an_unknown_indicator_is_an_answer_and_cached(server: ScriptedServer, clock: FakeClock) -> None:
    server.script(json_answer(404, {"error": {"code": "NotFoundError", "message": "not found"}}))
    core = core_at(server.url, clock)
    first, second = core.answer(LOOKUP), core.answer(LOOKUP)
    assert (first["status"], first["error"]) == ("not_found", None)
    assert (second["status"], second["meta"]["source"]) == ("not_found", "cache")
    assert len(server.received) == 1


@pytest.mark.parametrize(
    "trouble", [reset(), answer(502), answer(503), answer(504)], ids=["reset", "502", "503", "504"]
)
def test_a_read_is_tried_again_until_it_is_answered(trouble: Any, server: ScriptedServer, clock: FakeClock) -> None:
    server.script(trouble, trouble, FOUND)
    response = core_at(server.url, clock).answer(LOOKUP)
    assert (response["status"], response["meta"]["requests"]) == ("ok", 3)
    first, second = clock.slept
    assert 0.25 <= first <= 0.75
    assert 0.5 <= second <= 1.5


def test_a_429_after_a_lost_connection_ends_the_retries(server: ScriptedServer, clock: FakeClock) -> None:
    server.script(reset(), answer(429), FOUND)
    response = core_at(server.url, clock).answer(LOOKUP)
    assert error_of(response)["code"] == "rate_limited"
    assert len(server.received) == 2


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_response_does_not_affect_the_next_indicator(
    name: str, server: ScriptedServer, clock: FakeClock
) -> None:
    server.script(*[FOREIGN[name].step] * FOREIGN[name].requests, found(OTHER))
    core = core_at(server.url, clock)
    error = error_of(core.answer(LOOKUP))
    clock.advance(error["retry_after_s"] or 0)
    assert core.answer(lookup(OTHER))["status"] == "ok"


@pytest.mark.parametrize("name", [name for name, fault in FOREIGN.items() if fault.http_status == 429])
def test_a_foreign_limit_pauses_only_the_process_that_got_it(
    name: str, server: ScriptedServer, clock: FakeClock, tmp_path: Path
) -> None:
    server.script(FOREIGN[name].step, FOUND)
    core, another = (core_at(server.url, clock, tmp_path / "state.db", VT_QUOTA="4/minute") for _ in range(2))
    assert error_of(core.answer(LOOKUP))["retry_after_s"] == 60
    assert error_of(core.answer(lookup(OTHER)))["code"] == "rate_limited"
    assert len(server.received) == 1
    assert another.answer(LOOKUP)["status"] == "ok"
    assert "blocked" not in another.answer(LOOKUP)["meta"]["quota"]


def test_a_refused_connection_is_unavailable(clock: FakeClock) -> None:
    with ScriptedServer() as gone:
        pass
    response = core_at(gone.url, clock).answer(LOOKUP)
    assert (error_of(response)["code"], error_of(response)["retryable"]) == ("unavailable", True)


_ANSWERED = {
    "401": "access_denied",
    "403": "forbidden",
    "409": "conflict",
    "424": "unavailable",
    "429": "rate_limited",
    "500": "outcome_unknown",
    "HTML with 502": "outcome_unknown",
    "503": "unavailable",
    "504": "outcome_unknown",
    "HTML with 200": "outcome_unknown",
}
# With these statuses a request was not passed on.
_NOT_TAKEN = {407: "invalid_response", 413: "too_large", 429: "rate_limited"}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_comment_with_a_foreign_response_is_outcome_unknown(
    name: str, server: ScriptedServer, clock: FakeClock
) -> None:
    fault = FOREIGN[name]
    server.script(fault.step, COMMENTED)
    error = error_of(core_at(server.url, clock).answer(COMMENT))
    assert error["code"] == _NOT_TAKEN.get(fault.http_status or 0, "outcome_unknown")
    assert error["http_status"] == fault.http_status
    assert len(server.received) == 1


_UNANSWERED = [
    "reset before the headers",
    "closed before the headers",
    "reset in the body",
    "no headers at all",
    "trickling headers",
    "stalled body",
    "longer said than sent",
    "two lengths that contradict each other",
]


@pytest.mark.parametrize("name", _ANSWERED)
def test_a_comment_is_sent_once_for_every_response(name: str, server: ScriptedServer, clock: FakeClock) -> None:
    server.script(FAULTS[name].step, COMMENTED)
    response = core_at(server.url, clock).answer(COMMENT)
    assert error_of(response)["code"] == _ANSWERED[name]
    assert [request.method for request in server.received] == ["POST"]


@pytest.mark.parametrize("name", _UNANSWERED)
def test_a_comment_without_a_response_is_outcome_unknown_and_sent_once(
    name: str, server: ScriptedServer, clock: FakeClock
) -> None:
    server.script(FAULTS[name].step, COMMENTED)
    response = core_at(server.url, clock, VT_TIMEOUT="0.2").answer(COMMENT)
    assert (error_of(response)["code"], error_of(response)["retryable"]) == ("outcome_unknown", False)
    assert [request.method for request in server.received] == ["POST"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (301, "invalid_response"),
        (302, "outcome_unknown"),
        (303, "outcome_unknown"),
        (307, "invalid_response"),
        (308, "invalid_response"),
    ],
)
def test_a_comment_is_not_redirected_and_a_302_or_303_is_outcome_unknown(
    status: int, code: str, server: ScriptedServer, clock: FakeClock
) -> None:
    server.script(answer(status, headers={"Location": "/elsewhere"}), COMMENTED)
    error = error_of(core_at(server.url, clock).answer(COMMENT))
    assert (error["code"], "VT_API_URL" in error["message"]) == (code, True)
    assert len(server.received) == 1


def test_a_comment_that_could_not_be_sent_is_unavailable(clock: FakeClock) -> None:
    with ScriptedServer() as gone:
        pass
    response = core_at(gone.url, clock).answer(COMMENT)
    assert (error_of(response)["code"], error_of(response)["retryable"]) == ("unavailable", True)
    assert "nothing was sent" in error_of(response)["message"]
