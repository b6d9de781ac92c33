"""The account's figures and a pause after a 429 in the output of `vtaction`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.test_direct_form import on_a_terminal
from tests.scripted_server import Received, ScriptedServer, Step, json_answer, own_error
from tests.vtaction_process import RunnerProcess, lookup

_MONTH_S = "2678400"
_DAILY = {"user": {"allowed": 1000, "used": 74}, "group": {"allowed": 10_000, "used": 9990}}
_MONTHLY = {"user": {"allowed": 10**9, "used": 2564}, "group": {"allowed": 10**9, "used": 9999}}
GROUP = {"api_requests_daily": _DAILY, "api_requests_monthly": _MONTHLY}


class Refusing(ScriptedServer):
    """Refuses each lookup for a month, and returns `figures`."""

    figures: dict[str, Any] = GROUP

    def _next_step(self, received: Received) -> Step:
        super()._next_step(received)
        if "/users/" in received.target:
            return json_answer(200, {"data": self.figures})
        return own_error(429, {"Retry-After": _MONTH_S})


@pytest.fixture
def server() -> Iterator[Refusing]:
    refusing = Refusing()
    with refusing:
        yield refusing


@pytest.fixture
def refused(run: RunnerProcess, server: Refusing) -> RunnerProcess:
    """With a state in which a pause is written down."""
    run.environment.update(VT_API_URL=server.url, VT_QUOTA="4/minute,1000/day")
    error = run(lookup()).lines[0]["error"]
    assert error["retry_after_s"] <= 86400
    assert error["message"].endswith("T00:00:00Z")
    return run


def test_doctor_reports_a_pause_and_its_end(refused: RunnerProcess) -> None:
    done = refused.text("doctor", "--json")
    findings = {finding["about"]: finding for finding in json.loads(done.stdout)}
    assert (findings["quota"]["ok"], done.returncode) == (False, 2)
    assert "T00:00:00Z" in findings["quota"]["text"]


@pytest.mark.parametrize("command", [("quota", "--json"), ("doctor", "--online", "--json"), ("run",)])
def test_asking_the_account_cuts_a_pause_down_to_a_minute(
    refused: RunnerProcess, server: Refusing, command: tuple[str, ...]
) -> None:
    refused.text(*command, stdin='{"action": "quota", "params": {}}\n')
    blocked = refused(lookup()).lines[0]["meta"]["quota"]["blocked"]
    assert 0 < blocked["resets_in_s"] <= 60


def test_a_pause_that_the_account_confirms_stays(refused: RunnerProcess, server: Refusing) -> None:
    server.figures = {**GROUP, "api_requests_daily": {"user": {"allowed": 1000, "used": 1000}}}
    refused.text("quota", "--json")
    assert refused(lookup()).lines[0]["meta"]["quota"]["blocked"]["until"].endswith("T00:00:00Z")


def test_doctor_online_tells_what_is_left_in_the_groups_pool(run: RunnerProcess, server: Refusing) -> None:
    done = run.text("doctor", "--online", "--json", VT_API_URL=server.url, VT_QUOTA="1000/day")
    findings = {finding["about"]: finding["text"] for finding in json.loads(done.stdout)}
    assert "left in the group's pool: 10 today" in findings["VirusTotal"]
    assert findings["quota"] == "used: 990 of 1000 a day"


USE = {"daily": {"2026-01-02": {"files": 3, "search": 9}}, "total_endpoints_not_consuming_quota": {"files": 2}}


def test_on_a_terminal_the_use_is_a_table_of_its_own_the_most_used_endpoint_first(
    refused: RunnerProcess, server: Refusing
) -> None:
    server.figures = {**GROUP, **USE}
    shown, code = on_a_terminal(refused, "quota", "--usage-days", "7", NO_COLOR="1")
    assert code == 0
    assert _rows(shown)[-3:] == [["search", "9", "0"], ["files", "3", "2"], ["all", "12", "2"]]


def test_on_a_terminal_both_pools_are_rows_with_what_is_left(refused: RunnerProcess) -> None:
    shown, code = on_a_terminal(refused, "quota", NO_COLOR="1")
    assert code == 0
    rows = [[cell for cell in row if "■" not in cell] for row in _rows(shown)]
    assert ["api requests daily", "74", "1000", "926", "user"] in rows
    assert ["api requests daily", "9990", "10000", "10", "group (runs out first)"] in rows
    assert ["api requests monthly", "2564", "user: no limit"] in rows
    assert any(row[:4] == ["day", "990", "1000", "10"] for row in rows)
    assert any("paused by VirusTotal until " in row[-1] for row in rows if row)


def _rows(shown: str) -> list[list[str]]:
    """The cells of each line; columns are at least two blanks apart."""
    return [re.split(r" {2,}", line.strip()) for line in shown.splitlines()]
