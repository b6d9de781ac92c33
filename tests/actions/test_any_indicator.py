"""`lookup` is for any indicator; its type is recognised from its form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.responses import error_of
from tests.vtaction_process import EICAR, RunnerProcess
from vt_connectors.sandbox import SandboxServer

from .conftest import MakeScenario, Scenario

VALUES = {
    EICAR.upper(): ("hash", EICAR),
    "hxxp://malicious[.]example/a:b?c": ("url", "http://malicious.example/a:b?c"),
    "Malicious[.]example": ("domain", "malicious.example"),
    "8.8.8.8": ("ip", "8.8.8.8"),
}


def documents(options: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"action": "lookup", "id": value, "params": {"value": value}, "options": options} for value in VALUES]


@pytest.mark.parametrize("value", VALUES)
def test_the_answer_is_that_of_its_own_lookup(scenario: Scenario, value: str) -> None:
    kind, canonical = VALUES[value]
    answer = scenario("lookup", {}, value=value)
    assert (answer["action"], answer["status"]) == ("lookup", "ok")
    assert (answer["data"]["type"], answer["data"]["indicator"]) == (kind, canonical)
    own = scenario(f"lookup_{kind}", {}, **{kind: canonical})
    assert own["meta"]["source"] == "cache"
    assert own["data"] == answer["data"]


def test_its_type_may_be_given(v3: Scenario) -> None:
    assert v3("lookup", {}, value="malicious.example", type="url")["data"]["type"] == "url"
    assert v3("lookup", {}, value="8.8.8.8", type="hash")["error"]["code"] == "invalid_indicator"
    assert v3("lookup", {}, value="8.8.8.8", type="mail")["error"]["code"] == "invalid_request"


@pytest.mark.parametrize("value", ["nonsense", "", "10.0.0.1", "C:\\x"])
def test_no_request_is_sent_for_invalid_or_private_values(v3: Scenario, value: str) -> None:
    answer = v3("lookup", {}, value=value)
    assert answer["status"] == "skipped" or answer["error"]["code"] in ("invalid_indicator", "invalid_request")
    assert v3.calls == []


def test_without_quota_it_is_queued_and_answered_at_once_like_the_others(make_scenario: MakeScenario) -> None:
    scenario = make_scenario(VT_QUOTA="1/day")
    first, *others = scenario.core.context, *documents({"max_wait_s": 0})
    scenario("lookup", {}, value="9.9.9.9")
    refused = scenario.core.answer(others[0])
    assert (error_of(refused)["code"], error_of(refused)["details"]["queued"]) == ("rate_limited", True)
    at_hand = scenario.core.answers_at_hand(others)
    assert [answer and (answer["action"], answer["id"], error_of(answer)["code"]) for answer in at_hand] == [
        ("lookup", value, "rate_limited") for value in VALUES
    ]
    assert first.pending.stats()["entries"] == len(VALUES)


def test_the_runner_and_the_direct_form_take_them_all(run: RunnerProcess, sandbox: SandboxServer) -> None:
    ran = run(*documents({}))
    assert [line["data"]["type"] for line in ran.lines] == [kind for kind, _ in VALUES.values()]
    asked = len(sandbox.requests)
    direct = run.text("lookup", *list(VALUES)[:2], "-", stdin="\n".join(list(VALUES)[2:]))
    answers = [json.loads(line) for line in direct.stdout.splitlines()]
    assert [answer["data"]["indicator"] for answer in answers] == [value for _, value in VALUES.values()]
    assert {answer["action"] for answer in answers} == {"lookup"}
    assert len(sandbox.requests) == asked


def test_the_direct_form_answers_the_rest_of_an_exhausted_day_at_once(
    run: RunnerProcess, sandbox: SandboxServer
) -> None:
    values = [f"8.8.{third}.{last}" for third in range(3) for last in range(60)]
    done = run.text("lookup", *values, VT_QUOTA="1/day")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == values
    assert {answer["action"] for answer in answers} == {"lookup"}
    assert sum(answer["error"] is None for answer in answers) == len(sandbox.requests) == 1
