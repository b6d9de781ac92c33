"""Quotas of groups and of licensed calls, and the usage of a key."""

from __future__ import annotations

import pytest

from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer

from .calling import EICAR_SHA256, Caller, SettableClock, error_of
from .conftest import StartSandbox


def test_members_of_a_group_share_its_quota(start_sandbox: StartSandbox) -> None:
    url = start_sandbox(Quota(windows=(), per_day=3, per_month=None)).url
    ann, ben, alone = (Caller(url, key=key) for key in ("group-ann", "group-ben", "alone"))
    assert [caller.get("domains/example.com").status_code for caller in (ann, ann, ben, ben, ann)] == [200] * 3 + [
        429
    ] * 2
    assert alone.get("domains/example.com").status_code == 200
    daily = ben.data("users/group-ben/overall_quotas")["api_requests_daily"]
    assert daily["group"] == {"allowed": 3, "used": 3, "inherited_from": "sandbox_group"}
    assert daily["user"]["used"] == 1
    assert "group" not in alone.data("users/alone/overall_quotas")["api_requests_daily"]


def test_a_member_is_allowed_nothing_itself_and_uses_what_the_group_may(sandbox: SandboxServer) -> None:
    member = Caller(sandbox.url, key="premium-group-ann")
    assert member.get("intelligence/search?query=p:5%2B&limit=1").status_code == 200
    searches = member.data("users/premium-group-ann/overall_quotas")["intelligence_searches_monthly"]
    assert searches["user"] == {"allowed": 0, "used": 1}
    assert searches["group"]["used"] == 1
    assert searches["group"]["allowed"] > 1


def test_searches_of_a_month_are_limited(start_sandbox: StartSandbox, clock: SettableClock) -> None:
    caller = Caller(start_sandbox(Quota.unlimited(), config=SandboxConfig(searches=1)).url, key="premium-key")
    path = "intelligence/search?query=p:5%2B&limit=1"
    assert [caller.get(path).status_code for _ in range(2)] == [200, 429]
    clock.advance(31 * 86400)
    assert caller.get(path).status_code == 200


def test_without_the_licence_nothing_is_allowed(caller: Caller) -> None:
    quotas = caller.data("users/test-key/overall_quotas")
    for name in ("intelligence_searches_monthly", "intelligence_downloads_monthly", "private_scans_monthly"):
        assert quotas[name] == {"user": {"allowed": 0, "used": 0}}


def test_usage_names_the_endpoints_by_day(caller: Caller, clock: SettableClock) -> None:
    caller.get(f"files/{EICAR_SHA256}")
    caller.get(f"files/{EICAR_SHA256}/contacted_urls")
    clock.advance(86400)
    caller.get(f"files/{EICAR_SHA256}/behaviour_summary")
    caller.get(f"files/{EICAR_SHA256}/relationships/contacted_urls")
    caller.post("urls", data={"url": "http://example.com/"})
    usage = caller.data("users/test-key/api_usage?start_date=20251009&end_date=20251010")
    assert usage["daily"] == {
        "2025-10-09": {"files": 1, "file_relationships": 1},
        "2025-10-10": {"file_behaviours": 1, "file_relationships": 1, "url_submission": 1},
    }
    assert usage["total"] == {"files": 1, "file_relationships": 2, "file_behaviours": 1, "url_submission": 1}
    assert usage["total_endpoints_not_consuming_quota"] == {"users": 1}
    assert caller.data("users/test-key/api_usage?end_date=20251009")["total"] == {"files": 1, "file_relationships": 1}


@pytest.mark.parametrize(
    "dates",
    ["start_date=20250901&end_date=20251009", "end_date=20250101", "start_date=yesterday", "start_date=20251010"],
)
def test_usage_is_of_thirty_days_among_the_last_sixty(caller: Caller, dates: str) -> None:
    assert error_of(caller.get(f"users/test-key/api_usage?{dates}"))[0] == 400


def test_me_is_the_user_of_the_key_and_says_its_privileges(sandbox: SandboxServer) -> None:
    me = Caller(sandbox.url, key="gti-private-key").data("me")
    assert me == Caller(sandbox.url, key="gti-private-key").data(f"users/{me['id']}")
    assert {"intelligence", "gti", "private-scanning"} <= set(me["attributes"]["privileges"])
    assert Caller(sandbox.url, key="public").data("me")["attributes"]["privileges"] == {}
    assert sandbox.requests == []


def test_the_assessment_needs_the_licence_and_the_name_of_the_integration(sandbox: SandboxServer) -> None:
    for path in (f"files/{EICAR_SHA256}", "domains/malicious.example", "ip_addresses/203.0.113.66"):
        seen = {}
        for key in ("gti-key", "premium-key", "public"):
            for tool in ("org.product.1.0", ""):
                answer = Caller(sandbox.url, key=key).get(path, headers={"x-tool": tool})
                seen[key, tool] = "gti_assessment" in answer.json()["data"]["attributes"]
        assert [name for name, is_there in seen.items() if is_there] == [("gti-key", "org.product.1.0")]


def test_the_assessment_and_the_engines_may_disagree(sandbox: SandboxServer) -> None:
    caller = Caller(sandbox.url, key="gti-key")
    caller.session.headers["x-tool"] = "org.product.1.0"
    seen = {}
    for path in (f"files/{EICAR_SHA256}", "domains/malicious.example", "domains/suspicious.example"):
        assessment = caller.data(path)["attributes"]["gti_assessment"]
        seen[path.partition("/")[2]] = (assessment["severity"]["value"], assessment["threat_score"]["value"])
    assert seen[EICAR_SHA256] == ("SEVERITY_HIGH", 80)
    assert seen["malicious.example"] == ("SEVERITY_LOW", 30)
    assert seen["suspicious.example"][1] < 20
