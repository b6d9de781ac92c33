"""The figures of an account, and their effect on later requests, with the real composition."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from tests.scripted_server import OWN_ERRORS
from tests.vtaction_process import lookup
from vt_connectors.api_key import ApiKey
from vt_connectors.composition.core import build
from vt_connectors.config.settings import Settings
from vt_connectors.core import Core
from vt_connectors.errors import Internal
from vt_connectors.quota import parse_quota
from vt_connectors.quota.account_quota import AccountUse, measured, shown, use_of
from vt_connectors.quota.limiter import Limiter
from vt_connectors.redaction import remember
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse

PUBLIC = {
    "api_requests_hourly": {"user": {"allowed": 240, "used": 1}},
    "api_requests_daily": {"user": {"allowed": 500, "used": 7}},
    "api_requests_monthly": {"user": {"allowed": 1_000_000_000, "used": 9}},
}


HOUR, DAY, MONTH = PUBLIC
_WINDOW_OF = {HOUR: "4/minute", DAY: "500/day", MONTH: "15500/month"}


def windows_of(figures: dict[str, Any]) -> str:
    return str(measured(figures, parse_quota("auto")).quota)


def with_user(name: str, allowed: Any, used: Any = 0) -> dict[str, Any]:
    """The figures of the public account, with one changed."""
    return {
        **PUBLIC,
        MONTH: {"user": {"allowed": 15500, "used": 9}},
        name: {"user": {"allowed": allowed, "used": used}},
    }


@pytest.mark.parametrize(
    ("figures", "quota"),
    [
        (PUBLIC, "4/minute,500/day"),
        (with_user(DAY, 10**9), "4/minute,15500/month"),
        (with_user(HOUR, 60 * 10**9), "500/day,15500/month"),
        (with_user(HOUR, 240_000), "4000/minute,500/day,15500/month"),
        (with_user(HOUR, 60), "1/minute,500/day,15500/month"),
        (with_user(HOUR, 59), "1/62s,500/day,15500/month"),
        (with_user(HOUR, 30), "1/120s,500/day,15500/month"),
        (with_user(HOUR, 1), "1/hour,500/day,15500/month"),
        (with_user(DAY, 1), "4/minute,1/day,15500/month"),
    ],
)
def test_an_accounts_figures_are_windows(figures: dict[str, Any], quota: str) -> None:
    found = measured(figures, parse_quota("auto"))
    assert (str(found.quota), found.quota.auto, found.unread, found.is_shared) == (quota, True, (), False)


_UNREADABLE: dict[str, Any] = {
    "text": "many",
    "a number as text": "1000000000",
    "a float": 1e9,
    "a fraction": 500.5,
    "null": None,
    "negative": -1,
    "true": True,
    "a list": [500],
    "an object": {},
    "far too large": 10**18,
    "as large as no limit anywhere": 2**63 - 1,
}


@pytest.mark.parametrize("name", PUBLIC)
@pytest.mark.parametrize("shape", _UNREADABLE)
def test_a_number_that_cannot_be_read_removes_no_window_and_is_named(name: str, shape: str) -> None:
    found = measured(with_user(name, _UNREADABLE[shape]), parse_quota("auto"))
    assert str(found.quota) == "4/minute,500/day,15500/month"
    (reported,) = found.unread
    assert reported.startswith(f"{name}: user.allowed is ")
    assert len(reported) < 150


@pytest.mark.parametrize("name", PUBLIC)
@pytest.mark.parametrize("figure", [None, "x", [], {}, 7, {"user": None}, {"user": []}, {"user": 500}, {"user": {}}])
def test_an_unexpected_figure_removes_no_window(name: str, figure: Any) -> None:
    found = measured({**with_user(DAY, 500), name: figure}, parse_quota("auto"))
    assert str(found.quota) == "4/minute,500/day,15500/month"
    assert all(reported.startswith(name) for reported in found.unread)
    assert found.unread


@pytest.mark.parametrize("name", PUBLIC)
def test_a_missing_figure_removes_no_window_and_the_others_are_taken(name: str) -> None:
    figures = {HOUR: _user(600), DAY: _user(100), MONTH: _user(1000)}
    del figures[name]
    wanted = {HOUR: "10/minute", DAY: "100/day", MONTH: "1000/month", name: _WINDOW_OF[name]}
    assert windows_of(figures) == ",".join(wanted.values())


def _user(allowed: Any, used: Any = 0) -> dict[str, Any]:
    return {"user": {"allowed": allowed, "used": used}}


def test_an_unreadable_figure_never_loosens_a_readable_one() -> None:
    stricter = {"user": {"allowed": 100, "used": 0}, "group": {"allowed": "lots", "used": 0}}
    looser = {"user": {"allowed": 100_000, "used": 0}, "group": {"allowed": None, "used": 0}}
    assert windows_of({**PUBLIC, DAY: stricter}) == "4/minute,100/day"
    assert windows_of({**PUBLIC, DAY: looser}) == "4/minute,500/day"


@pytest.mark.parametrize("figures", [{}, {DAY: None}, {"intelligence_downloads_monthly": {"user": {"allowed": 5}}}])
def test_an_account_without_figures_keeps_the_public_quota(figures: dict[str, Any]) -> None:
    found = measured(figures, parse_quota("auto"))
    assert (str(found.quota), len(found.unread)) == ("4/minute,500/day,15500/month", 3)


@pytest.mark.parametrize(
    ("user", "group", "window"),
    [
        (1000, 10_000, "1000/day"),
        (10**9, 99_000_000, "99000000/day"),
        (1000, 10**9, "1000/day"),
        (10**9, 10**9, "none"),
        (0, 300, "300/day"),
        (0, 10**9, "none"),
        (0, 0, "1/day"),
        (300, 0, "1/day"),
    ],
)
def test_the_least_that_a_pool_allows_is_the_limit_and_a_users_0_is_none_if_the_group_pays(
    user: int, group: int, window: str
) -> None:
    figure = {"user": {"allowed": user, "used": 0}, "group": {"allowed": group, "used": 0}}
    unlimited = {"user": {"allowed": 10**9, "used": 0}}
    assert windows_of({HOUR: unlimited, DAY: figure, MONTH: unlimited}) == window


GROUP = {
    HOUR: {"user": {"allowed": 60 * 10**9, "used": 12}, "group": {"allowed": 1_800_000, "used": 8712}},
    DAY: {"user": {"allowed": 1000, "used": 74}, "group": {"allowed": 10_000, "used": 9990}},
    MONTH: {"user": {"allowed": 10**9, "used": 2564}, "group": {"allowed": 10**9, "used": 13_551_234}},
}


def test_the_readable_part_of_the_use_is_taken() -> None:
    use = use_of(PUBLIC)
    assert (use.used, use.left) == (
        {"hour": 1, "day": 7, "month": 9},
        {"hour": 239, "day": 493, "month": None},
    )
    assert [use.has_left("hour"), use.has_left("day"), use.has_left("month")] == [True] * 3
    assert use_of({DAY: {"user": {"allowed": 5, "used": 9}}}).left == {"day": 0}
    for unreadable in (-1, 10**30, "3", None, 3.0):
        reported = use_of({DAY: {"user": {"allowed": 5, "used": unreadable}}})
        assert (reported.used, reported.left, reported.has_left("day")) == ({}, {}, False)
    assert use_of(GROUP).left == {"hour": 1_791_288, "day": 10, "month": None}
    assert use_of({DAY: {"user": {"allowed": 0, "used": 5}, "group": {"allowed": 25, "used": 1829}}}).left == {"day": 0}


def test_the_pool_that_runs_out_first_is_shown_beside_both() -> None:
    daily = shown(GROUP)[DAY]
    assert (daily["allowed"], daily["used"], daily["left"], daily["pool"]) == (10_000, 9990, 10, "group")
    assert (daily["user"]["left"], daily["group"]["left"]) == (926, 10)
    unlimited = {"allowed": 10**9, "used": 9, "left": 10**9 - 9}
    assert shown(PUBLIC)[MONTH] == {**unlimited, "pool": None, "user": unlimited}
    odd = shown({"x": None, "y" * 101: None, DAY: {"user": {"allowed": "many", "used": 3}}})
    assert odd["x"] == {"allowed": None, "used": None, "left": None, "pool": None}
    assert (odd[DAY]["allowed"], odd[DAY]["used"], odd[DAY]["left"]) == (None, 3, None)
    assert len(odd) == 2
    assert len(shown({str(number): None for number in range(1000)})) == 100


class ScriptedVirusTotal:
    """Returns the next status of `script` for each lookup, then 200; `figures` for each request of the quota."""

    def __init__(self, *script: int) -> None:
        self.script = list(script)
        self.lookups = 0
        self.asked_account = 0
        self.quota_status = 200
        self.figures: dict[str, Any] = PUBLIC

    def send(self, request: HttpRequest) -> HttpResponse:
        if "/users/" in request.url:
            self.asked_account += 1
            return _answer(self.quota_status, self.figures)
        self.lookups += 1
        status = self.script.pop(0) if self.script else 200
        return _answer(status, {"type": "file", "id": "0" * 64, "attributes": {}})


def _answer(status: int, data: dict[str, Any]) -> HttpResponse:
    body = {"data": data} if status == 200 else {"error": {"code": OWN_ERRORS.get(status, "ServerError")}}
    return HttpResponse(status, {}, json.dumps(body).encode())


def _core(virustotal: ScriptedVirusTotal, clock: FakeClock, quota: str) -> Core:
    settings = Settings(state="memory", quota=parse_quota(quota))
    return build(settings, lambda: ApiKey("k" * 64), clock, lambda key: virustotal)


def _look_up(core: Core, number: int, max_wait_s: float = 0) -> Mapping[str, Any]:
    return core.answer(lookup(f"{number:032x}", options={"max_wait_s": max_wait_s}))


def test_429s_in_a_row_lengthen_the_pause_until_an_answer(clock: FakeClock) -> None:
    core = _core(ScriptedVirusTotal(429, 429, 429, 200, 429), clock, "4/minute")
    pauses = []
    for number in range(5):
        answer = _look_up(core, number)
        pauses.append(answer["error"] and answer["error"]["retry_after_s"])
        clock.advance((pauses[-1] or 60) + 1)
    assert pauses == [60, 120, 240, None, 60]


def test_no_request_is_sent_during_a_pause(clock: FakeClock) -> None:
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


_DAY_S, _AGAIN_S = 86400.0, 300.0


def _left(core: Core, window: str = "day") -> int:
    seen = core.answer({"action": "quota", "params": {}, "options": {"cache": "only"}})["data"]["windows"][window]
    return int(seen["limit"] - seen["used"])


def test_auto_believes_in_no_more_than_the_groups_pool_has(clock: FakeClock) -> None:
    virustotal = ScriptedVirusTotal()
    virustotal.figures = GROUP
    core = _core(virustotal, clock, "auto")
    answers = [_look_up(core, number)["status"] for number in range(12)]
    assert answers == ["ok"] * 10 + ["error"] * 2
    assert virustotal.lookups == 10
    assert _left(core) == 0


def test_the_quota_action_shows_user_and_group_and_what_is_left(clock: FakeClock) -> None:
    virustotal = ScriptedVirusTotal()
    virustotal.figures = GROUP
    core = _core(virustotal, clock, "4/minute,1000/day")
    answer = core.answer({"action": "quota", "params": {}})
    daily = answer["data"]["account"][DAY]
    assert (daily["left"], daily["pool"], daily["user"]["used"], daily["group"]["used"]) == (10, "group", 74, 9990)
    assert answer["summary"] == (
        "used: 0 of 4 a minute, 990 of 1000 a day; left in the group's pool: 1791288 this hour, 10 today"
    )


@pytest.mark.parametrize(
    ("figures", "again_s"),
    [(PUBLIC, _DAY_S), (GROUP, _AGAIN_S), ({}, _AGAIN_S), ({**PUBLIC, DAY: "none"}, _AGAIN_S)],
)
def test_group_and_unreadable_figures_are_requested_again_soon_others_daily(
    clock: FakeClock, figures: dict[str, Any], again_s: float
) -> None:
    virustotal = ScriptedVirusTotal()
    virustotal.figures = figures
    core = _core(virustotal, clock, "auto")
    _look_up(core, 1)
    clock.advance(again_s - 1)
    _look_up(core, 2)
    assert virustotal.asked_account == 1
    clock.advance(2)
    _look_up(core, 3)
    assert virustotal.asked_account == 2


def test_an_unreadable_figure_causes_one_warning_with_its_value(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    virustotal = ScriptedVirusTotal()
    virustotal.figures = with_user(DAY, "many " * 1000)
    core = _core(virustotal, clock, "auto")
    for number in range(3):
        _look_up(core, number)
        clock.advance(_AGAIN_S + 1)
    warnings = [record.getMessage() for record in caplog.records if "VT_QUOTA=auto" in record.getMessage()]
    assert len(warnings) == 1
    assert 'api_requests_daily: user.allowed is "many many' in warnings[0]
    assert "4/minute,500/day,15500/month" in warnings[0]
    assert len(warnings[0]) < 400
    assert _left(core) == 497


def test_a_warning_of_a_figure_shows_no_key(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    virustotal = ScriptedVirusTotal()
    remember(ApiKey("k" * 64))
    virustotal.figures = {**PUBLIC, DAY: {"user": "k" * 64}}
    _look_up(_core(virustotal, clock, "auto"), 1)
    assert "kkkkkkkk" not in caplog.text


def _blocked(core: Core) -> float:
    windows = core.answer({"action": "quota", "params": {}, "options": {"cache": "only"}})["data"]["windows"]
    return float(windows.get("blocked", {}).get("resets_in_s", 0))


class HugeWait(ScriptedVirusTotal):
    """The first lookup is refused for a month."""

    def send(self, request: HttpRequest) -> HttpResponse:
        answer = super().send(request)
        return HttpResponse(answer.status, {"retry-after": "2678400"}, answer.body)


def test_a_refusal_for_a_month_is_known_to_all_and_ends_with_the_day(clock: FakeClock) -> None:
    core = _core(HugeWait(429), clock, "4/minute,500/day")
    refused = _look_up(core, 1)
    assert refused["error"]["message"].endswith("all callers of this key pause until 2026-01-03T00:00:00Z")
    assert refused["meta"]["quota"]["blocked"]["until"] == "2026-01-03T00:00:00Z"
    again = _look_up(core, 2)
    assert "until 2026-01-03T00:00:00Z" in again["error"]["message"]
    shown_ = core.answer({"action": "quota", "params": {}, "options": {"cache": "only"}})
    assert shown_["summary"].endswith("paused until 2026-01-03T00:00:00Z")
    clock.advance(refused["error"]["retry_after_s"] + 1)
    assert _look_up(core, 3)["status"] == "ok"


def test_asking_the_account_ends_a_pause_that_has_no_reason(clock: FakeClock) -> None:
    virustotal = HugeWait(429)
    virustotal.figures = with_user(DAY, 500, 7)
    core = _core(virustotal, clock, "4/minute,500/day")
    _look_up(core, 1)
    assert core.answer({"action": "quota", "params": {}})["status"] == "ok"
    assert _blocked(core) == pytest.approx(60)
    assert _look_up(core, 2)["error"]["code"] == "rate_limited"
    clock.advance(61)
    assert _look_up(core, 3)["status"] == "ok"


@pytest.mark.parametrize("figures", [with_user(DAY, 500, 500), with_user(MONTH, 15500, 20000), {}, {DAY: None}])
def test_a_pause_stays_unless_the_account_has_requests_left(clock: FakeClock, figures: dict[str, Any]) -> None:
    virustotal = HugeWait(429)
    virustotal.figures = figures
    core = _core(virustotal, clock, "4/minute,500/day")
    _look_up(core, 1)
    clock.advance(61)
    core.answer({"action": "quota", "params": {}})
    assert _blocked(core) > 3600


def test_auto_looks_again_during_a_pause_and_ends_it(clock: FakeClock) -> None:
    virustotal = HugeWait(429)
    virustotal.figures = with_user(DAY, 500, 7)
    core = _core(virustotal, clock, "auto")
    assert _look_up(core, 1)["error"]["code"] == "rate_limited"
    clock.advance(_AGAIN_S - 1)
    assert _look_up(core, 2)["error"]["code"] == "rate_limited"
    clock.advance(2)
    assert _look_up(core, 3)["status"] == "ok"
    assert (virustotal.lookups, virustotal.asked_account) == (2, 2)


def test_figures_are_known_before_the_first_of_several_threads_asks(clock: FakeClock) -> None:
    virustotal = _six_where_one_is_left(clock)
    assert (virustotal.lookups, virustotal.asked_account) == (1, 1)


def test_no_thread_goes_on_before_the_record_has_the_used_requests(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_it_is = Limiter.take_over

    def slowly(limiter: Limiter, use: AccountUse) -> None:
        time.sleep(0.3)
        as_it_is(limiter, use)

    monkeypatch.setattr(Limiter, "take_over", slowly)
    _six_where_one_is_left(clock)


def test_a_record_that_cannot_take_the_figures_keeps_no_lookup_waiting(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise Internal("the record cannot be written")

    core = _core(ScriptedVirusTotal(), clock, "auto")
    with monkeypatch.context() as broken:
        broken.setattr(Limiter, "take_over", fails)
        assert core.answer({"action": "quota", "params": {}})["status"] == "error"
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(_look_up, core, 1).result(30)["status"] == "ok"


def _six_where_one_is_left(clock: FakeClock) -> ScriptedVirusTotal:
    """Six threads look up at once where one request of the day is left: one is sent."""
    virustotal = SlowFigures()
    virustotal.figures = {**GROUP, DAY: {"user": {"allowed": 1000, "used": 0}, "group": {"allowed": 5, "used": 4}}}
    core = _core(virustotal, clock, "auto")
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda number: _look_up(core, number)["status"], range(6)))
    assert sorted(answers) == ["error"] * 5 + ["ok"]
    return virustotal


class SlowFigures(ScriptedVirusTotal):
    def send(self, request: HttpRequest) -> HttpResponse:
        if "/users/" in request.url:
            time.sleep(0.2)
        return super().send(request)
