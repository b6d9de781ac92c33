"""An account's figures, and what its answers mean for the next requests, through the real composition."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.api_key import ApiKey
from connectors.composition import build
from connectors.core import Core
from connectors.quota import parse_quota
from connectors.quota.account import quota_of, used_of
from connectors.settings import Settings
from connectors.virustotal.transport import HttpAnswer, HttpRequest
from tests.fake_clock import FakeClock
from tests.vtaction_process import lookup

PUBLIC = {
    "api_requests_hourly": {"user": {"allowed": 240, "used": 1}},
    "api_requests_daily": {"user": {"allowed": 500, "used": 7}},
    "api_requests_monthly": {"user": {"allowed": 1_000_000_000, "used": 9}},
}


@pytest.mark.parametrize(
    ("figures", "quota"),
    [
        (PUBLIC, "4/minute,500/day"),
        ({"api_requests_daily": {"user": {"allowed": 500}, "group": {"allowed": 100}}}, "100/day"),
        ({"api_requests_daily": {"user": {"allowed": 10**9}, "group": {"allowed": 10**9}}}, "none"),
        ({"api_requests_hourly": {"user": {"allowed": 30}}}, "1/minute"),
        ({"api_requests_monthly": {"user": {"allowed": 0}}}, "1/month"),
        ({"intelligence_downloads_monthly": {"user": {"allowed": 5}}}, "9/minute"),
        ({}, "9/minute"),
        ({"api_requests_daily": None, "api_requests_hourly": {"user": {"allowed": True}}}, "none"),
    ],
)
def test_an_accounts_figures_are_windows(figures: dict[str, Any], quota: str) -> None:
    assert str(quota_of(figures, parse_quota("9/minute"))) == quota


def test_what_is_used_is_taken_as_far_as_it_is_told() -> None:
    assert used_of(PUBLIC) == {"day": 7, "month": 9}
    assert used_of({"api_requests_daily": {"user": {"used": -1}}}) == {}


class ScriptedVirusTotal:
    """Gives the next status of `script` for each lookup, 200 when there is none left; the quota figures always."""

    def __init__(self, *script: int) -> None:
        self.script = list(script)
        self.lookups = 0
        self.quota_status = 200

    def send(self, request: HttpRequest) -> HttpAnswer:
        if "/users/" in request.url:
            return _answer(self.quota_status, {"data": PUBLIC} if self.quota_status == 200 else {"error": {}})
        self.lookups += 1
        status = self.script.pop(0) if self.script else 200
        return _answer(status, {"data": {"type": "file", "id": "0" * 64, "attributes": {}}} if status == 200 else {})


def _answer(status: int, body: dict[str, Any]) -> HttpAnswer:
    return HttpAnswer(status, {}, json.dumps(body).encode())


def _core(virustotal: ScriptedVirusTotal, clock: FakeClock, quota: str) -> Core:
    settings = Settings(state="memory", quota=parse_quota(quota))
    return build(settings, lambda: ApiKey("k" * 64), clock, lambda key: virustotal)


def _look_up(core: Core, number: int, max_wait_s: float = 0) -> dict[str, Any]:
    return core.answer(lookup(f"{number:032x}", options={"max_wait_s": max_wait_s}))


def test_429s_in_a_row_make_the_pause_longer_and_an_answer_ends_the_row(clock: FakeClock) -> None:
    core = _core(ScriptedVirusTotal(429, 429, 429, 200, 429), clock, "4/minute")
    pauses = []
    for number in range(5):
        answer = _look_up(core, number)
        pauses.append(answer["error"] and answer["error"]["retry_after_s"])
        clock.advance((pauses[-1] or 60) + 1)
    assert pauses == [60, 120, 240, None, 60]


def test_during_a_pause_nothing_is_asked(clock: FakeClock) -> None:
    virustotal = ScriptedVirusTotal(429)
    core = _core(virustotal, clock, "4/minute")
    answers = [_look_up(core, number, 20) for number in range(5)]
    assert virustotal.lookups == 1
    assert {answer["error"]["details"]["source"] for answer in answers} == {"upstream"}


def test_auto_takes_the_accounts_windows_and_what_is_used(clock: FakeClock) -> None:
    core = _core(ScriptedVirusTotal(), clock, "auto")
    quota = _look_up(core, 1)["meta"]["quota"]
    assert {name: (seen["limit"], seen["used"]) for name, seen in quota.items()} == {"minute": (4, 1), "day": (500, 8)}


@pytest.mark.parametrize("status", [403, 500, 503])
def test_figures_that_cannot_be_read_hinder_no_lookup(
    clock: FakeClock, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    virustotal = ScriptedVirusTotal()
    virustotal.quota_status = status
    core = _core(virustotal, clock, "auto")
    answer = _look_up(core, 1)
    assert set(answer["meta"]["quota"]) == {"minute", "day", "month"}, "the public quota holds"
    assert answer["status"] == "ok"
    assert "could not be read" in caplog.text
    assert core.answer({"action": "quota", "params": {}})["error"] is not None
    assert _look_up(core, 2)["status"] == "ok"


def test_the_quota_is_shown_although_it_is_used_up(clock: FakeClock) -> None:
    core = _core(ScriptedVirusTotal(), clock, "1/hour")
    assert [_look_up(core, number)["status"] for number in range(2)] == ["ok", "error"]
    shown = core.answer({"action": "quota", "params": {}})
    assert shown["status"] == "ok"
    assert shown["data"]["windows"]["hour"]["used"] == 1
