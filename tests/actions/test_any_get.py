"""`vt_get`: any other reading call below /api/v3/, and nothing else."""

from __future__ import annotations

import base64

import pytest

from tests.responses import error_of

from .conftest import MakeScenario, Scenario
from .deep_objects import INVOICE


@pytest.mark.parametrize(
    "path",
    [
        "attack_techniques/T1055",
        "/attack_techniques/T1055",
        "/api/v3/attack_techniques/T1055",
        f"files/{INVOICE}/graphs",
    ],
)
def test_the_response_is_virustotals_and_cached(licensed: Scenario, path: str) -> None:
    found = licensed("vt_get", path=path)
    assert (found["status"], "data" in found["data"]["response"]) == ("ok", True)
    assert licensed("vt_get", path=path)["meta"]["source"] == "cache"
    assert len(licensed.calls) == 1


def test_the_query_is_part_of_the_question(v3: Scenario) -> None:
    pages = [v3("vt_get", path="domains/malicious.example/subdomains", query={"limit": size}) for size in (1, 2)]
    assert [len(page["data"]["response"]["data"]) for page in pages] == [1, 2]
    assert len(v3.calls) == 2


def test_a_blank_in_an_id_is_sent_as_one_segment(v3: Scenario) -> None:
    for path in (f"file_behaviours/{INVOICE}_Sandbox One", f"file_behaviours/{INVOICE}_Sandbox%20One"):
        assert v3("vt_get", path=path)["status"] == "ok"
    assert v3.calls == [f"GET /api/v3/file_behaviours/{INVOICE}_Sandbox%20One"]


def test_what_virustotal_does_not_have_is_not_found(v3: Scenario) -> None:
    assert v3("vt_get", path="files/" + "0" * 64)["status"] == "not_found"


@pytest.mark.parametrize(
    "path",
    [
        "..", "../vtapi/v2/file/report", "files/../users", "files//x", "files/%2e%2e/x", "files/%2Fx", "files?x=1",
        "files#x", "https://example.com/", "files/\x00", "files/a\nb", "/", "files/x/download", "files/x/download_url",
        "files/upload_url", "file_behaviours/x/pcap", "/".join("x" * 20), "//evil.example/x", "files/x//",
    ],
)  # fmt: skip
def test_a_path_that_could_lead_elsewhere_or_gives_a_secret_is_refused(licensed: Scenario, path: str) -> None:
    assert error_of(licensed("vt_get", path=path))["code"] == "invalid_request"
    assert licensed.calls == []


@pytest.mark.parametrize(
    "params",
    [
        {"path": "domains/host.internal"},
        {"path": "ip_addresses/10.0.0.1/comments"},
        {"path": "urls/" + base64.urlsafe_b64encode(b"http://10.0.0.1/").decode().rstrip("=")},
        {"path": "search", "query": {"query": "host.internal"}},
    ],
)
def test_internal_indicators_are_not_sent(v3: Scenario, params: dict[str, object]) -> None:
    assert v3("vt_get", None, **params)["status"] == "skipped"
    assert v3.calls == []


def test_the_password_of_a_url_is_not_sent(v3: Scenario) -> None:
    url = "http://bob:secret@malicious.example/"
    encoded = base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
    for params in ({"path": f"urls/{encoded}"}, {"path": "search", "query": {"query": url}}):
        error = error_of(v3("vt_get", None, **params))
        assert (error["code"], "secret" in error["message"]) == ("invalid_request", False)
    assert v3.calls == []


def test_a_response_belongs_to_the_key(make_scenario: MakeScenario) -> None:
    scenario = make_scenario("3")
    sources = []
    for key in ("one", "two", "one"):
        document = {"action": "vt_get", "params": {"path": f"files/{INVOICE}"}, "auth": {"api_key": key}}
        sources.append(scenario.core.answer(document)["meta"]["source"])
    assert sources == ["api", "api", "cache"]


def test_a_missing_licence_is_remembered_for_the_kind_of_call(v3: Scenario) -> None:
    for _ in range(2):
        assert (
            error_of(v3("vt_get", {"cache": "refresh"}, path="threat_lists/ransomware/latest"))["code"] == "forbidden"
        )
    assert len(v3.calls) == 1
    assert v3("vt_get", path=f"files/{INVOICE}")["status"] == "ok"
