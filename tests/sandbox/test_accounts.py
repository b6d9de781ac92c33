"""Keys and the account of a key."""

from __future__ import annotations

import pytest

from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer

from .calling import Caller, error_of
from .conftest import StartSandbox

PATH = "domains/example.com"


def test_request_without_a_key_is_unauthenticated(sandbox: SandboxServer) -> None:
    answer = Caller(sandbox.url, key=None).get(PATH)
    assert error_of(answer) == (401, "AuthenticationRequiredError", "X-Apikey header is missing")


def test_wrong_key_is_echoed_in_the_message(sandbox: SandboxServer) -> None:
    answer = Caller(sandbox.url, key="wrong-key").get(PATH)
    assert error_of(answer) == (401, "WrongCredentialsError", "Wrong API key: wrong-key")


def test_forbidden_key_has_no_rights(sandbox: SandboxServer) -> None:
    caller = Caller(sandbox.url, key="forbidden-key")
    for answer in (caller.get(PATH), caller.post("urls", data={"url": "a.example"})):
        assert error_of(answer)[:2] == (403, "ForbiddenError")


@pytest.mark.parametrize("header", ["x-apikey", "X-APIKEY", "X-Apikey"])
def test_header_name_may_be_in_any_case(sandbox: SandboxServer, header: str) -> None:
    assert Caller(sandbox.url, key=None).get(PATH, headers={header: "k"}).status_code == 200


def test_only_listed_keys_are_accepted_if_there_is_a_list(start_sandbox: StartSandbox) -> None:
    config = SandboxConfig(accepted_keys=frozenset({"wrong-but-listed"}))
    url = start_sandbox(Quota.unlimited(), config=config).url
    assert Caller(url, key="wrong-but-listed").get(PATH).status_code == 200
    assert error_of(Caller(url, key="other").get(PATH))[1] == "WrongCredentialsError"


def test_refused_keys_spend_no_quota(sandbox: SandboxServer) -> None:
    for key in (None, "wrong", "forbidden"):
        Caller(sandbox.url, key=key).get(PATH)
    assert sandbox.requests == []
    assert [entry.status for entry in sandbox.all_requests] == [401, 401, 403]


def test_quotas_show_what_is_allowed_and_used(start_sandbox: StartSandbox) -> None:
    caller = Caller(start_sandbox(Quota()).url)
    caller.get(PATH)
    caller.get("domains/unknown.example")  # a 404 is spent like any other answer
    quotas = caller.data("users/test-key/overall_quotas")
    assert quotas["api_requests_hourly"] == {"user": {"allowed": 240, "used": 2}}
    assert quotas["api_requests_daily"] == {"user": {"allowed": 500, "used": 2}}
    assert quotas["api_requests_monthly"] == {"user": {"allowed": 15500, "used": 2}}


def test_unlimited_quota_is_reported_as_a_very_large_one(caller: Caller) -> None:
    quotas = caller.data("users/test-key/overall_quotas")
    assert quotas["api_requests_daily"] == {"user": {"allowed": 1_000_000_000, "used": 0}}


def test_user_is_found_by_key_and_by_id(caller: Caller) -> None:
    user = caller.data("users/test-key")
    assert user["type"] == "user"
    assert user["attributes"]["quotas"]["api_requests_daily"]["used"] == 0
    assert caller.data(f"users/{user['id']}") == user
    assert caller.data(f"users/{user['id']}/overall_quotas")


def test_other_users_are_not_found(caller: Caller) -> None:
    assert error_of(caller.get("users/somebody"))[:2] == (404, "NotFoundError")


def test_asking_for_the_quota_is_free_even_when_it_is_spent(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(Quota(windows=((1, 60),)))
    caller = Caller(sandbox.url)
    assert [caller.get(PATH).status_code for _ in range(2)] == [200, 429]
    assert caller.data("users/test-key/overall_quotas")["api_requests_daily"]["user"]["used"] == 1
    assert len(sandbox.requests) == 1


def test_log_shows_no_keys(sandbox: SandboxServer) -> None:
    Caller(sandbox.url, key="very-secret").get("users/very-secret/overall_quotas")
    Caller(sandbox.url, key="very-secret").get(PATH)
    assert "very-secret" not in repr(sandbox.all_requests)
    assert sandbox.all_requests[0].path == "/api/v3/users/[key]/overall_quotas"
