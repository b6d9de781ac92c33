"""The use of an account by day and endpoint."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from tests.results import wrong_with
from vt_connectors.api_key import ApiKey
from vt_connectors.composition.core import build
from vt_connectors.config.settings import settings_from
from vt_connectors.quota.account_usage import Days, last_days, shown_usage
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse

KEY = "a-key-of-an-account-0123456789"
DAYS = Days("20260101", "20260130")
FREE = "_endpoints_not_consuming_quota"
USE: dict[str, Any] = {
    "daily": {"2026-01-03": {"files": 3, "urls": 9}, "2026-01-02": {"files": 20, "search": 1}},
    "total": {"files": 23, "urls": 9, "search": 1},
    f"daily{FREE}": {"2026-01-03": {"users": 4, "files": 1}, "2026-01-04": {}},
    f"total{FREE}": {"users": 4, "files": 1},
}


def row(endpoint: str, requests: int, not_counted: int = 0) -> dict[str, Any]:
    return {"endpoint": endpoint, "requests": requests, "not_counted": not_counted}


def test_the_use_is_by_endpoint_the_most_used_first_and_by_day_the_oldest_first() -> None:
    found = shown_usage(USE, DAYS)
    assert (found["start"], found["end"], found["requests"], found["not_counted"]) == (
        "2026-01-01",
        "2026-01-30",
        33,
        5,
    )
    assert found["endpoints"] == [row("files", 23, 1), row("urls", 9), row("search", 1), row("users", 0, 4)]
    assert [(day["date"], day["requests"], day["not_counted"]) for day in found["days"]] == [
        ("2026-01-02", 21, 0),
        ("2026-01-03", 12, 5),
    ]
    assert found["days"][1]["endpoints"] == [row("urls", 9), row("files", 3, 1), row("users", 0, 4)]
    assert "unread" not in found


def test_an_endpoint_without_a_sum_has_the_sum_of_its_days() -> None:
    found = shown_usage({"daily": USE["daily"], "total": {"urls": 10}}, DAYS)
    assert found["endpoints"] == [row("files", 23), row("urls", 10), row("search", 1)]


@pytest.mark.parametrize("odd", [None, "9", -1, 1.5, True, 10**15, [1], {}])
def test_a_figure_that_cannot_be_read_is_left_out_and_counted(odd: Any) -> None:
    found = shown_usage({"daily": {"2026-01-02": {"files": 1, "urls": odd}}}, DAYS)
    assert (found["endpoints"], found["unread"]) == ([row("files", 1)], 1)


@pytest.mark.parametrize(
    "daily", [{"not a day": {"files": 1}}, {"2026-1-2": {"files": 1}}, {"2026-01-02": None}, {"2026-01-02": {"\n": 1}}]
)
def test_a_day_that_cannot_be_read_is_left_out_and_counted(daily: Any) -> None:
    found = shown_usage({"daily": daily}, DAYS)
    assert (found["days"], found["requests"], found["unread"]) == ([], 0, 1)


@pytest.mark.parametrize(
    ("count", "days"),
    [(1, ("20260302", "20260302")), (2, ("20260301", "20260302")), (30, ("20260201", "20260302"))],
)
def test_the_last_days_include_today(count: int, days: tuple[str, str]) -> None:
    assert last_days(count, 1_772_409_600.0) == days


class Account:
    """VirusTotal with `use`, and figures without limits."""

    def __init__(self, use: Any = USE, status: int = 200) -> None:
        self.asked: list[str] = []
        self._use = use
        self._status = status

    def send(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request.url.replace(KEY, "[key]"))
        if "api_usage" not in request.url:
            return self._answer(200, {"data": {}})
        return self._answer(self._status, {"data": self._use} if self._status == 200 else FORBIDDEN)

    def _answer(self, status: int, document: Any) -> HttpResponse:
        return HttpResponse(status, {"content-type": "application/json"}, json.dumps(document).encode())


FORBIDDEN = {"error": {"code": "ForbiddenError", "message": "You are not authorized"}}


def ask(account: Account, clock: FakeClock | None = None, cache: str = "default", **params: Any) -> list[Any]:
    """The responses of the action, twice."""
    settings = settings_from({"VT_API_URL": "https://vt.example", "VT_STATE": "memory", "VT_QUOTA": "1/day"})
    core = build(settings, lambda: ApiKey(KEY), clock or FakeClock(), lambda key: account)
    request = {"action": "quota", "params": params, "options": {"cache": cache, "max_wait_s": 0}}
    return [core.answer(request) for _ in range(2)]


def test_the_use_is_asked_once_a_minute_and_needs_no_quota() -> None:
    account, clock = Account(), FakeClock()
    first, second = ask(account, clock, usage_days=7)
    assert first["data"]["usage"] == second["data"]["usage"]
    assert [wrong_with(first), wrong_with(second)] == [None, None]
    assert first["data"]["windows"]["day"]["used"] == 0
    [url] = [url for url in account.asked if "api_usage" in url]
    assert url.startswith("https://vt.example/api/v3/users/[key]/api_usage?start_date=")
    assert len(account.asked) == 3


def test_without_usage_days_the_use_is_not_asked() -> None:
    account = Account()
    assert "usage" not in ask(account)[0]["data"]
    assert not [url for url in account.asked if "api_usage" in url]


def test_without_a_request_there_is_no_use() -> None:
    account = Account()
    assert "usage" not in ask(account, cache="only", usage_days=7)[0]["data"]
    assert account.asked == []


@pytest.mark.parametrize("days", [0, 31, -1, 1.5, "7", True])
def test_a_number_of_days_that_virustotal_does_not_report_is_refused(days: Any) -> None:
    account = Account()
    response = ask(account, usage_days=days)[0]
    assert (response["error"]["code"], response["error"]["details"]["path"]) == (
        "invalid_request",
        "/params/usage_days",
    )
    assert account.asked == []


@pytest.mark.parametrize("use", [None, [], "x", {}, {"daily": 1}, {"total": []}])
def test_an_answer_without_any_use_is_no_answer(use: Any) -> None:
    assert ask(Account(use), usage_days=1)[0]["error"]["code"] == "invalid_response"


def test_a_refusal_is_forbidden_and_does_not_stop_the_figures() -> None:
    account = Account(status=403)
    assert [response["error"]["code"] for response in ask(account, usage_days=1)] == ["forbidden", "forbidden"]
    assert ask(account)[0]["status"] == "ok"


def test_the_key_which_identifies_the_account_is_neither_logged_nor_returned(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for status in (200, 403):
        responses = ask(Account({"daily": {"2026-01-02": {KEY: 3}}}, status), usage_days=1)
        assert KEY not in json.dumps(responses)
    assert KEY not in caplog.text


def test_the_summary_names_the_pools_that_are_used_up() -> None:
    class Spent(Account):
        def send(self, request: HttpRequest) -> HttpResponse:
            searches = {"user": {"allowed": 0, "used": 5}, "group": {"allowed": 300, "used": 301}}
            scans = {"user": {"allowed": 2, "used": 2}}
            missing = {"user": {"allowed": 0, "used": 0}}
            names = {"intelligence_searches_monthly": searches, "private_scans_per_day": scans, "monitor": missing}
            return self._answer(200, {"data": names})

    response = ask(Spent())[0]
    assert response["summary"].endswith(
        "; used up: intelligence_searches_monthly (group), private_scans_per_day (user)"
    )
    assert response["data"]["account"]["intelligence_searches_monthly"]["left"] == 0
