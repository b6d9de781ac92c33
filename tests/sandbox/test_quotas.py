"""Quotas of the server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from vt_connectors.sandbox import Quota, SandboxConfig

from .calling import NOON, Caller, SettableClock, error_of
from .conftest import StartSandbox

PATH = "domains/example.com"
MIDNIGHT = NOON + 12 * 3600
END_OF_MONTH = MIDNIGHT + 22 * 86400  # from 10 October to 1 November


def statuses(caller: Caller, times: int) -> list[int]:
    return [caller.get(PATH).status_code for _ in range(times)]


def test_fifth_request_within_a_minute_is_refused(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(Quota())
    caller = Caller(sandbox.url)
    assert statuses(caller, 4) == [200] * 4
    answer = caller.get(PATH)
    assert error_of(answer) == (429, "QuotaExceededError", "Quota exceeded")
    assert "Retry-After" not in answer.headers
    assert (len(sandbox.requests), sandbox.refused) == (4, 1)


def test_minute_slides(start_sandbox: StartSandbox, clock: SettableClock) -> None:
    caller = Caller(start_sandbox(Quota(windows=((2, 60),))).url)
    assert statuses(caller, 1) == [200]
    clock.advance(30)
    assert statuses(caller, 2) == [200, 429]
    clock.advance(29.9)
    assert statuses(caller, 1) == [429]
    clock.advance(0.1)
    assert statuses(caller, 2) == [200, 429]


def test_refused_requests_are_not_spent(start_sandbox: StartSandbox, clock: SettableClock) -> None:
    caller = Caller(start_sandbox(Quota(windows=((1, 60),))).url)
    statuses(caller, 5)
    clock.advance(60)
    assert statuses(caller, 1) == [200]
    assert caller.data("users/test-key/overall_quotas")["api_requests_daily"]["user"]["used"] == 2


def test_every_window_must_have_quota(start_sandbox: StartSandbox, clock: SettableClock) -> None:
    caller = Caller(start_sandbox(Quota(windows=((2, 10), (3, 100)))).url)
    assert statuses(caller, 3) == [200, 200, 429]
    clock.advance(10)
    assert statuses(caller, 2) == [200, 429]
    clock.advance(90)
    assert statuses(caller, 1) == [200]


def test_day_starts_again_at_midnight_utc(start_sandbox: StartSandbox, clock: SettableClock) -> None:
    caller = Caller(start_sandbox(Quota(windows=(), per_day=2)).url)
    assert statuses(caller, 3) == [200, 200, 429]
    clock.now = MIDNIGHT - 0.5
    assert statuses(caller, 1) == [429]
    clock.now = MIDNIGHT
    assert statuses(caller, 1) == [200]


def test_month_starts_again_on_its_first_day(start_sandbox: StartSandbox, clock: SettableClock) -> None:
    caller = Caller(start_sandbox(Quota(windows=(), per_day=None, per_month=1)).url)
    assert statuses(caller, 2) == [200, 429]
    clock.now = END_OF_MONTH - 0.5
    assert statuses(caller, 1) == [429]
    clock.now = END_OF_MONTH
    assert statuses(caller, 1) == [200]


def test_each_key_has_its_own_quota(start_sandbox: StartSandbox) -> None:
    url = start_sandbox(Quota(windows=((1, 60),))).url
    assert statuses(Caller(url, "one"), 2) == [200, 429]
    assert statuses(Caller(url, "two"), 1) == [200]


def test_retry_after_says_when_there_is_quota(start_sandbox: StartSandbox, clock: SettableClock) -> None:
    quota = Quota(windows=((1, 60),), per_day=2)
    caller = Caller(start_sandbox(quota, config=SandboxConfig(send_retry_after=True)).url)
    caller.get(PATH)
    clock.advance(14.5)
    assert caller.get(PATH).headers["Retry-After"] == "46"
    clock.advance(60)
    caller.get(PATH)
    assert caller.get(PATH).headers["Retry-After"] == str(int(MIDNIGHT - NOON - 74))


def test_requests_at_once_never_get_more_than_the_quota(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(Quota(windows=((7, 60),)), latency_s=0.02)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: Caller(sandbox.url).get(PATH).status_code, range(32)))
    assert sorted(answers) == [200] * 7 + [429] * 25
    assert (len(sandbox.requests), sandbox.refused) == (7, 25)


def test_log_has_time_of_arrival_path_and_status(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(Quota())
    Caller(sandbox.url).get("domains/unknown.example")
    (entry,) = sandbox.requests
    logged = (entry.method, entry.path, entry.arrived_at, entry.status)
    assert logged == ("GET", "/api/v3/domains/unknown.example", NOON, 404)
