"""The report on a private scan: VirusTotal's own verdict, never one engine's."""

from __future__ import annotations

from typing import Any

import pytest

from vt_connectors.indicators import Indicator, parse_as
from vt_connectors.verdict.private_report import private_report_of, private_verdict

FILE = Indicator("hash", "7e" * 32)
URL = parse_as("url", "https://example.com/login")


def reported(indicator: Indicator = FILE, **attributes: Any) -> dict[str, Any]:
    return private_report_of({"type": "private_file", "id": "7e" * 32, "attributes": attributes}, indicator)


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ("VERDICT_MALICIOUS", "malicious"),
        ("VERDICT_SUSPICIOUS", "suspicious"),
        ("VERDICT_UNDETECTED", "undetected"),
        ("VERDICT_BENIGN", "undetected"),
        ("VERDICT_UNKNOWN", "unknown"),
        ("VERDICT_SOMETHING_NEW", None),
        ("", None),
        (7, None),
        (None, None),
    ],
)
def test_virustotals_verdict_is_taken_in_the_contracts_words(told: Any, verdict: str | None) -> None:
    assert private_verdict({"threat_verdict": told}) == verdict
    assert private_verdict({"gti_assessment": {"verdict": {"value": told}}}) == verdict
    assert reported(threat_verdict=told)["verdict"] == (verdict or "unknown")


def test_the_verdict_of_the_scan_comes_before_that_of_google_threat_intelligence() -> None:
    attributes = {"gti_assessment": {"verdict": {"value": "VERDICT_BENIGN"}}, "threat_verdict": "VERDICT_MALICIOUS"}
    assert private_verdict(attributes) == "malicious"


@pytest.mark.parametrize("assessed", [None, [], "VERDICT_MALICIOUS", {"verdict": "VERDICT_MALICIOUS"}, {"verdict": []}])
def test_an_assessment_in_another_form_is_none(assessed: Any) -> None:
    assert private_verdict({"gti_assessment": assessed}) is None


def test_the_results_of_engines_are_shown_and_give_no_verdict() -> None:
    stats = {"malicious": 0, "suspicious": 0, "undetected": 0, "harmless": 1, "timeout": 0}
    report = reported(URL, last_analysis_stats=stats, url=URL.value)
    assert (report["stats"]["total"], report["verdict"], report["has_verdict"]) == (1, "unknown", False)


def test_the_end_of_the_retention_is_the_reports_expiry() -> None:
    assert reported(expiration=1_767_323_045)["expires"] == "2026-01-02T03:04:05Z"
    for value in ("1767323045", 0, -1, None, 10**20, True):
        assert "expires" not in reported(expiration=value)


def test_the_severity_is_a_word_or_left_out() -> None:
    assert (
        reported(threat_severity={"threat_severity_level": "SEVERITY_HIGH", "version": "D3"})["threat_severity"]
        == "high"
    )
    for value in (None, "SEVERITY_HIGH", {}, {"threat_severity_level": 3}, {"threat_severity_level": "SEVERITY_NEW"}):
        assert "threat_severity" not in reported(threat_severity=value)


def test_no_link_leads_to_the_public_page_and_the_accounts_name_is_left_out() -> None:
    report = reported(owner="somebody", total_votes={"harmless": 1, "malicious": 0}, reputation=3)
    assert {"link", "owner", "votes", "reputation"}.isdisjoint(report)
