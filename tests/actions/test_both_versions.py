"""What every action does, whichever version of VirusTotal's API it goes through."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from tests.responses import error_of
from vt_connectors.contract.validation import all_violations
from vt_connectors.sandbox import Quota, SandboxConfig

from .conftest import MakeScenario, Scenario

EICAR = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
EICAR_MD5 = "44d88612fea8a8f36de82e1278abb02f"
KNOWN_URL = "http://malicious.example/payload.bin"
NEW_URL = "http://unknown.example/"
NEW_URL_ID = hashlib.sha256(NEW_URL.encode()).hexdigest()
CONTENT = b"a file that nobody has seen\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()

EVERYTHING = [
    ("lookup_hash", {"hash": EICAR_MD5}),
    ("lookup_url", {"url": KNOWN_URL}),
    ("lookup_url", {"url": NEW_URL, "scan_if_missing": True}),
    ("lookup_domain", {"domain": "malicious.example"}),
    ("lookup_ip", {"ip": "8.8.8.8"}),
    ("add_comment", {"indicator": EICAR, "comment": "seen"}),
    ("add_comment", {"indicator": KNOWN_URL, "comment": "seen"}),
    ("get_comments", {"indicator": EICAR}),
    ("scan_file", {"content_base64": base64.b64encode(CONTENT).decode()}),
    ("rescan_file", {"hash": EICAR}),
    ("scan_url", {"url": KNOWN_URL}),
    ("passive_dns", {"domain": "malicious.example"}),
    ("quota", {}),
]


@pytest.mark.parametrize(("action", "params"), EVERYTHING)
def test_every_answer_has_the_contracts_form(scenario: Scenario, action: str, params: dict[str, object]) -> None:
    answer = scenario(action, **params)
    assert answer["status"] in ("ok", "pending"), answer
    assert all_violations("response.json", answer) == []


def test_a_known_file_is_the_same_by_each_of_its_hashes(scenario: Scenario) -> None:
    answers = [scenario("lookup_hash", hash=value)["data"] for value in (EICAR, EICAR_MD5, EICAR_MD5.upper())]
    assert [answer["verdict"] for answer in answers] == ["malicious"] * 3
    assert {answer["id"] for answer in answers} == {EICAR}
    assert answers[0]["hashes"]["md5"] == EICAR_MD5
    assert answers[0]["link"] == f"https://www.virustotal.com/gui/file/{EICAR}"
    assert answers[0]["last_analysis"].endswith("Z")


def test_counts_are_of_the_engines_that_gave_an_opinion(scenario: Scenario) -> None:
    stats = scenario("lookup_hash", hash=EICAR)["data"]["stats"]
    assert stats["malicious"] == 62
    assert stats["total"] == sum(stats[name] for name in ("malicious", "suspicious", "harmless", "undetected")) == 68


def test_engines_and_raw_come_where_they_are_asked_for(scenario: Scenario) -> None:
    data = scenario("lookup_hash", {"include": ["engines", "raw"]}, hash=EICAR)["data"]
    assert sum(engine["category"] == "malicious" for engine in data["engines"].values()) == 62
    assert ("attributes" if scenario.version == "3" else "response_code") in data["raw"]


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("lookup_hash", {"hash": "0" * 64}),
        ("lookup_url", {"url": NEW_URL}),
        ("lookup_domain", {"domain": "unknown.example"}),
        ("rescan_file", {"hash": "0" * 64}),
        ("passive_dns", {"domain": "unknown.example"}),
        ("get_comments", {"indicator": "0" * 64}),
        ("add_comment", {"indicator": "0" * 64, "comment": "seen"}),
        ("get_analysis", {"analysis_id": "u-" + "0" * 64 + "-1700000000"}),
    ],
)
def test_what_virustotal_does_not_know_is_not_found(scenario: Scenario, action: str, params: dict[str, str]) -> None:
    answer = scenario(action, **params)
    assert (answer["status"], answer["error"]) == ("not_found", None)


def test_a_scan_of_a_file_goes_from_pending_to_a_verdict(scenario: Scenario) -> None:
    started = scenario("scan_file", content_base64=base64.b64encode(CONTENT).decode(), filename="new.bin")
    assert started["status"] == "pending"
    assert started["data"]["id"] == SHA256
    assert started["meta"]["poll_after_s"] > 0
    analysis = started["data"]["analysis_id"]
    assert scenario("get_analysis", analysis_id=analysis)["status"] == "pending"
    scenario.clock.advance(60)
    done = scenario("get_analysis", analysis_id=analysis)
    assert (done["status"], done["data"]["analysis_status"]) == ("ok", "completed")
    assert done["data"]["id"] == SHA256
    assert done["data"]["stats"]["total"] > 0
    assert scenario("lookup_hash", hash=SHA256)["data"]["verdict"] == done["data"]["verdict"]


def test_a_scan_may_be_waited_for(scenario: Scenario, tmp_path: Path) -> None:
    sample = tmp_path / "sample.bin"
    sample.write_bytes(CONTENT)
    done = scenario("scan_file", path=str(sample), wait_s=120)
    assert (done["status"], done["data"]["analysis_status"]) == ("ok", "completed")
    assert done["data"]["hashes"]["md5"] == hashlib.md5(CONTENT).hexdigest()
    assert done["data"]["verdict"] in ("malicious", "suspicious", "undetected")


def test_a_scan_not_over_in_time_is_pending_and_can_be_asked_for_later(scenario: Scenario) -> None:
    waited = scenario("scan_url", url=KNOWN_URL, wait_s=1)
    assert waited["status"] == "pending"
    scenario.clock.advance(60)
    done = scenario("get_analysis", analysis_id=waited["data"]["analysis_id"])
    assert (done["status"], done["data"]["verdict"]) == ("ok", "malicious")


def test_a_rescan_is_an_analysis_of_the_same_file(scenario: Scenario) -> None:
    done = scenario("rescan_file", hash=EICAR_MD5, wait_s=120)
    assert done["status"] == "ok"
    assert done["data"]["id"] == EICAR
    assert done["data"]["stats"]["malicious"] == 62


def test_an_unknown_url_is_scanned_and_its_report_is_answered(scenario: Scenario) -> None:
    answer = scenario("lookup_url", {"max_wait_s": 60}, url=NEW_URL, scan_if_missing=True)
    assert answer["status"] == "ok"
    assert answer["data"]["id"] == NEW_URL_ID
    assert answer["data"]["indicator"] == NEW_URL
    assert answer["data"]["stats"]["total"] > 0
    asked_again = scenario("lookup_url", url=NEW_URL)
    assert (asked_again["meta"]["source"], asked_again["data"]["stats"]) == ("cache", answer["data"]["stats"])


def test_a_known_url_is_not_scanned_again(scenario: Scenario) -> None:
    answer = scenario("lookup_url", url=KNOWN_URL, scan_if_missing=True)
    assert (answer["status"], answer["meta"]["requests"]) == ("ok", 1)


def test_a_comment_is_there_for_others_to_read(scenario: Scenario) -> None:
    assert scenario("get_comments", indicator=KNOWN_URL)["data"]["comments"] == []
    said = scenario("add_comment", indicator=KNOWN_URL, comment="Seen in a mail #phishing")
    assert said["status"] == "ok"
    found = scenario("get_comments", indicator=KNOWN_URL)["data"]["comments"]
    assert [(row["text"], row["tags"]) for row in found] == [("Seen in a mail #phishing", ["phishing"])]


def test_the_same_comment_twice_is_a_conflict(scenario: Scenario) -> None:
    assert scenario("add_comment", indicator=EICAR, comment="twice")["status"] == "ok"
    assert scenario("add_comment", indicator=EICAR, comment="twice")["error"]["code"] == "conflict"


def test_comments_are_cut_to_the_limit_newest_first(scenario: Scenario) -> None:
    for number in range(5):
        scenario("add_comment", indicator=KNOWN_URL, comment=f"number {number}")
        scenario.clock.advance(60)
    data = scenario("get_comments", indicator=KNOWN_URL, limit=2)["data"]
    assert ([row["text"] for row in data["comments"]], data["more"]) == (["number 4", "number 3"], True)


@pytest.mark.parametrize("params", [{"domain": "malicious.example"}, {"ip": "8.8.8.8"}])
def test_passive_dns_pairs_names_with_addresses(scenario: Scenario, params: dict[str, str]) -> None:
    data = scenario("passive_dns", **params)["data"]
    assert data["resolutions"]
    for row in data["resolutions"]:
        assert {"host", "ip", "date"} <= set(row)
        assert params.get("domain", row["host"]) == row["host"]
        assert params.get("ip", row["ip"]) == row["ip"]
    dates = [row["date"] for row in data["resolutions"]]
    assert dates == sorted(dates, reverse=True)


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("lookup_url", {"url": "http://10.0.0.1/x"}),
        ("scan_url", {"url": "http://intranet.local/secret"}),
        ("passive_dns", {"ip": "192.168.1.1"}),
        ("passive_dns", {"domain": "host.internal"}),
        ("get_comments", {"indicator": "10.1.2.3"}),
    ],
)
def test_excluded_values_are_not_sent(scenario: Scenario, action: str, params: dict[str, str]) -> None:
    assert scenario(action, **params)["status"] == "skipped"
    assert scenario.server.all_requests == []


@pytest.mark.parametrize(("action", "params"), EVERYTHING)
def test_a_wrong_key_is_access_denied_in_every_action(
    make_scenario: MakeScenario, version: str, action: str, params: dict[str, object]
) -> None:
    scenario = make_scenario(version, config=SandboxConfig(private_keys=True))
    answer = scenario.core.answer({"action": action, "params": params, "auth": {"api_key": "wrong-key"}})
    expected = "forbidden" if version == "2" and action in ("rescan_file", "get_comments") else "access_denied"
    assert error_of(answer)["code"] == expected
    assert "wrong-key" not in str(answer)


@pytest.mark.parametrize(("action", "params"), EVERYTHING[:-1])
def test_out_of_quota_is_rate_limited_in_every_action(
    make_scenario: MakeScenario, version: str, action: str, params: dict[str, object]
) -> None:
    config = SandboxConfig(private_keys=True)
    answer = make_scenario(version, Quota(windows=((0, 60.0),)), config=config)(action, **params)
    error = answer["error"]
    assert (error["code"], error["retryable"], error["details"]["source"]) == ("rate_limited", True, "upstream")
    assert error["http_status"] == (204 if version == "2" else 429)
    assert error["retry_after_s"] > 0


def test_answers_of_one_version_are_not_taken_for_the_others(make_scenario: MakeScenario) -> None:
    first = make_scenario("3")
    assert first("lookup_hash", hash=EICAR)["meta"]["source"] == "api"
    assert make_scenario("2", server=first.server)("lookup_hash", hash=EICAR)["meta"]["source"] == "api"


def test_both_versions_spend_the_same_quota(make_scenario: MakeScenario) -> None:
    first = make_scenario("3", Quota(windows=((2, 60.0),)), VT_QUOTA="2/minute")
    other = make_scenario("2", server=first.server, VT_QUOTA="2/minute")
    assert first("lookup_hash", hash=EICAR)["status"] == other("lookup_hash", hash=EICAR)["status"] == "ok"
    refused = other("lookup_domain", {"max_wait_s": 0}, domain="example.com")
    assert refused["error"]["details"] == {"source": "local", "window": "minute", "queued": True}
    assert first.server.refused == 0
