"""Votes on an indicator: read from anybody, cast once."""

from __future__ import annotations

import pytest

from tests.responses import error_of

from .conftest import Scenario
from .deep_objects import INVOICE, IP, MALICIOUS, PAYLOAD, UNKNOWN

DOMAIN = "suspicious.example"


@pytest.mark.parametrize("indicator", [INVOICE, PAYLOAD, MALICIOUS, IP])
def test_a_vote_is_cast_and_then_read(v3: Scenario, indicator: str) -> None:
    before = v3("get_votes", indicator=indicator, limit=40)["data"]["votes"]
    voted = v3("add_vote", indicator=indicator, verdict="malicious")
    assert (voted["status"], voted["data"]["already"]) == ("ok", False)
    after = v3("get_votes", indicator=indicator, limit=40)
    assert after["meta"]["source"] == "api"
    assert [vote["verdict"] for vote in after["data"]["votes"]] == ["malicious", *(vote["verdict"] for vote in before)]


def test_the_same_vote_again_is_done_already_and_the_other_is_a_conflict(v3: Scenario) -> None:
    v3("add_vote", indicator=DOMAIN, verdict="harmless")
    again = v3("add_vote", indicator=DOMAIN, verdict="harmless")
    assert (again["status"], again["data"]["already"]) == ("ok", True)
    error = error_of(v3("add_vote", indicator=DOMAIN, verdict="malicious"))
    assert (error["code"], error["retryable"], error["details"]["vote"]) == ("conflict", False, "harmless")
    assert "User" not in error["message"]


def test_a_vote_on_a_url_goes_to_the_id_in_its_report(v3: Scenario) -> None:
    v3("add_vote", indicator=PAYLOAD, verdict="malicious")
    report, vote = v3.calls
    assert report.startswith("GET /api/v3/urls/")
    assert len(vote.split("/")[4]) == 64


def test_what_is_unknown_or_internal_gets_no_vote(v3: Scenario) -> None:
    assert v3("add_vote", indicator=UNKNOWN, verdict="malicious")["status"] == "not_found"
    assert v3("add_vote", indicator="http://unknown.example/", verdict="malicious")["status"] == "not_found"
    assert v3("add_vote", indicator="host.internal", verdict="malicious")["status"] == "skipped"
    assert v3("add_vote", {"cache": "only"}, indicator=DOMAIN, verdict="malicious")["status"] == "skipped"
    assert not [call for call in v3.calls if call.startswith("POST") and "unknown" in call]


def test_only_two_verdicts_can_be_voted(v3: Scenario) -> None:
    assert error_of(v3("add_vote", indicator=DOMAIN, verdict="undetected"))["code"] == "invalid_request"
    assert v3.calls == []
