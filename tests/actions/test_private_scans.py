"""Private scans of files and URLs, from their submission to their reports."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from tests.responses import error_of
from vt_connectors.sandbox import Licence, SandboxConfig

from .conftest import MakeScenario, Scenario

CONTENT = b"invoice_2291.pdf.exe"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FILE = {"content_base64": base64.b64encode(CONTENT).decode(), "filename": "invoice.exe"}
URL = "http://malicious.example/payload.bin"
# What a private scan alone has, with values that VirusTotal takes.
OPTIONS: dict[str, Any] = {
    "command_line": "/quiet",
    "disable_sandbox": False,
    "enable_internet": True,
    "intercept_tls": True,
    "interaction_sandbox": "cape_win",
    "interaction_timeout_s": 60,
    "retention_days": 28,
    "region": "EU",
    "locale": "en_US",
}
OF_URLS = ("interaction_sandbox", "interaction_timeout_s", "retention_days", "region")


@pytest.fixture
def private(make_scenario: MakeScenario) -> Scenario:
    return make_scenario("3", config=SandboxConfig(licences=frozenset({Licence.PRIVATE})))


def test_a_private_scan_of_a_file_ends_with_virustotals_verdict_and_its_expiry(private: Scenario) -> None:
    response = private("scan_file", **FILE, private=True, retention_days=2, wait_s=300)
    data = response["data"]
    assert (response["status"], data["verdict"], data["private"]) == ("ok", "malicious", True)
    assert (data["analysis_status"], data["id"], data["threat_severity"]) == ("completed", SHA256, "low")
    assert data["expires"] == "2026-01-04T03:04:05Z"
    assert "link" not in data
    assert {call.split("/api/v3/")[1].split("/")[0] for call in private.calls} == {"private"}


def test_a_pending_answer_says_that_the_scan_is_private_and_get_analysis_follows_it(private: Scenario) -> None:
    pending = private("scan_file", **FILE, private=True)
    assert (pending["status"], pending["data"]["private"]) == ("pending", True)
    assert pending["summary"].endswith("with private: true")
    analysis = {"analysis_id": pending["data"]["analysis_id"]}
    assert private("get_analysis", **analysis, private=True)["status"] == "pending"
    private.clock.advance(30)
    answer = private("get_analysis", **analysis, private=True)
    assert (answer["status"], answer["data"]["verdict"], answer["data"]["private"]) == ("ok", "malicious", True)
    # An analysis that is over does not change, and its report is cached with it.
    assert private("get_analysis", **analysis, private=True)["meta"]["requests"] == 0


def test_an_unseen_new_id_is_pending_and_the_answer_says_why_until_it_is_not_found(
    private: Scenario, make_scenario: MakeScenario
) -> None:
    analysis = {"analysis_id": private("scan_file", **FILE, private=True)["data"]["analysis_id"], "private": True}
    without_it = make_scenario("3", config=SandboxConfig(licences=frozenset({Licence.PRIVATE})))
    pending = without_it("get_analysis", **analysis)
    assert (pending["status"], pending["data"]["analysis_status"]) == ("pending", "queued")
    assert pending["summary"] == (
        "queued: get the analysis again in 5 s, with private: true. VirusTotal does not show this key such a scan yet: "
        "it is new, or another key's; if it is another's, it is not found ten minutes after it was submitted"
    )
    without_it.clock.advance(599)
    assert without_it("get_analysis", **analysis)["status"] == "pending"
    without_it.clock.advance(1)
    gone = without_it("get_analysis", **analysis)
    assert (gone["status"], gone["data"]["reason"]) == ("not_found", "no_private_analysis")
    assert gone["summary"] == "not found: this key has no such private scan, or VirusTotal has deleted it"


def test_without_private_the_id_of_a_private_analysis_is_not_found_and_the_answer_says_what_to_add(
    private: Scenario,
) -> None:
    pending = private("scan_file", **FILE, private=True)
    answer = private("get_analysis", analysis_id=pending["data"]["analysis_id"])
    assert answer["status"] == "not_found"
    assert "private: true" in answer["summary"]


def test_one_engines_result_on_a_url_is_shown_and_does_not_decide(private: Scenario) -> None:
    for url in (URL, "https://www.example.com/"):
        data = private("scan_url", url=url, private=True, wait_s=300)["data"]
        assert data["stats"]["total"] == 1
        assert (data["verdict"], data["analysis_status"]) == ("unknown", "completed")
    assert not any("/api/v3/urls" in call for call in private.calls)


def test_a_private_url_has_the_verdict_of_google_threat_intelligence_if_virustotal_has_none(
    make_scenario: MakeScenario,
) -> None:
    licences = frozenset({Licence.PRIVATE, Licence.GTI})
    scenario = make_scenario("3", config=SandboxConfig(licences=licences))
    data = scenario("scan_url", url=URL, private=True, wait_s=300)["data"]
    assert data["verdict"] == "malicious"


def test_internal_urls_are_never_sent(private: Scenario) -> None:
    for action, more in (("scan_url", {"private": True}), ("lookup_private_url", {})):
        assert private(action, url="http://10.0.0.1/login", **more)["status"] == "skipped"
    assert private.calls == []


def test_a_urls_password_is_not_sent(private: Scenario) -> None:
    answer = private("scan_url", url="http://bob:secret@malicious.example/payload.bin", private=True, wait_s=300)
    assert answer["data"]["removed"] == ["user", "password"]
    assert "secret" not in str(answer)


def test_with_cache_only_nothing_is_sent(private: Scenario) -> None:
    only = {"cache": "only"}
    assert private("scan_file", only, **FILE, private=True)["status"] == "skipped"
    assert private("scan_url", only, url=URL, private=True)["status"] == "skipped"
    assert private("lookup_private_file", only, hash=SHA256)["status"] == "skipped"
    assert private("get_analysis", only, analysis_id="abc", private=True)["status"] == "skipped"
    assert private.calls == []


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_of_private_scans_needs_private(private: Scenario, name: str) -> None:
    """Otherwise a forgotten `private` would make the file public."""
    error = error_of(private("scan_file", **FILE, **{name: OPTIONS[name]}))
    assert (error["code"], error["details"]["path"]) == ("invalid_request", f"/params/{name}")
    assert "private: true" in error["message"]
    if name in OF_URLS:
        error = error_of(private("scan_url", url=URL, private=False, **{name: OPTIONS[name]}))
        assert error["details"]["path"] == f"/params/{name}"
    assert private.calls == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("interaction_timeout_s", 59),
        ("interaction_timeout_s", 1801),
        ("retention_days", 0),
        ("retention_days", 29),
        ("region", "eu-west"),
        ("enable_internet", "yes"),
        ("password", "pass\nword"),
        ("command_line", "\ud800"),
    ],
)
def test_an_option_out_of_range_is_refused_before_anything_is_sent(private: Scenario, name: str, value: Any) -> None:
    error = error_of(private("scan_file", **FILE, private=True, **{name: value}))
    assert (error["code"], error["details"]["path"]) == ("invalid_request", f"/params/{name}")
    assert "pass" not in error["message"].replace("password", "")
    assert private.calls == []


def test_a_file_of_another_hash_than_sha256_is_refused_with_the_reason(private: Scenario) -> None:
    error = error_of(private("lookup_private_file", hash=hashlib.md5(CONTENT).hexdigest()))
    assert error["code"] == "invalid_indicator"
    assert "SHA-256" in error["message"]


def test_without_the_licence_the_error_names_it_and_public_scans_go_on(make_scenario: MakeScenario) -> None:
    """A refused private scan says nothing about public ones, and the reverse."""
    scenario = make_scenario("3")
    for action, params in (
        ("scan_file", {**FILE, "private": True}),
        ("scan_url", {"url": URL, "private": True}),
        ("lookup_private_file", {"hash": SHA256}),
        ("lookup_private_url", {"url": URL}),
        ("get_analysis", {"analysis_id": "abc", "private": True}),
    ):
        error = error_of(scenario(action, **params))
        assert (error["code"], error["details"]["licence"]) == ("forbidden", "private")
    assert not any(call.startswith(("POST /api/v3/files", "POST /api/v3/urls")) for call in scenario.calls)
    assert scenario("scan_file", **FILE)["status"] == "pending"
    assert scenario("scan_url", url=URL)["status"] == "pending"
    assert scenario("get_analysis", analysis_id="abc")["status"] == "not_found"


def test_api_v2_has_no_private_scans(make_scenario: MakeScenario) -> None:
    scenario = make_scenario("2", config=SandboxConfig(private_keys=True))
    for action, params in (
        ("scan_file", {**FILE, "private": True}),
        ("scan_file", {**FILE, "password": "infected"}),
        ("scan_url", {"url": URL, "private": True}),
        ("lookup_private_file", {"hash": SHA256}),
        ("lookup_private_url", {"url": URL}),
    ):
        error = error_of(scenario(action, **params))
        assert error["code"] == "forbidden"
        assert "VT_API_VERSION=3" in error["message"]
        assert "licence" not in error["message"]
    assert scenario.calls == []
