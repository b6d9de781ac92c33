"""Waiting for a scan: by its status alone, at growing intervals, within the quota, and nothing is lost."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from tests.scripted_server import ScriptedServer, Step, json_answer, own_error, reset
from tests.virustotal.house import core_at
from vt_connectors.actions.analysis import first_interval, intervals
from vt_connectors.errors import Cancelled
from vt_connectors.sandbox import Quota, SandboxConfig

from .conftest import MakeScenario, Scenario

URL = "http://malicious.example/payload.bin"
SHA256 = hashlib.sha256(URL.encode()).hexdigest()
ANALYSIS = f"u-{SHA256}-1767323045"
ACCEPTED = json_answer(200, {"data": {"type": "analysis", "id": ANALYSIS}})
RESULTS = {"Engine": {"category": "malicious", "result": "bad"}}
STATS = {"malicious": 1, "suspicious": 0, "harmless": 0, "undetected": 0}


def analysis(status: str) -> Step:
    """One that shows results long before it is completed, as VirusTotal's do."""
    attributes = {"status": status, "date": 1767323045, "stats": STATS, "results": RESULTS}
    data = {"type": "analysis", "id": ANALYSIS, "attributes": attributes}
    return json_answer(200, {"data": data, "meta": {"url_info": {"id": SHA256, "url": URL}}})


def scan(clock: FakeClock, wait_s: float, *steps: Step, **settings: str) -> tuple[Mapping[str, Any], ScriptedServer]:
    with ScriptedServer() as server:
        server.script(*steps)
        request = {"action": "scan_url", "params": {"url": URL, "wait_s": wait_s}}
        return core_at(server.url, clock, None, **settings).answer(request), server


def test_intervals_grow_to_a_minute() -> None:
    seconds = list(itertools.islice(intervals(0), 12))
    assert seconds == sorted(seconds)
    assert (seconds[0], seconds[-1]) == (5.0, 60.0)


def test_polling_takes_at_most_every_second_request_of_the_quota() -> None:
    assert first_interval(quota_pace_s=15.0) == 30.0
    assert all(seconds >= 30.0 for seconds in itertools.islice(intervals(15.0), 10))


def test_partial_results_are_not_taken_for_the_end(clock: FakeClock) -> None:
    steps = ACCEPTED, analysis("queued"), analysis("in-progress"), analysis("in-progress"), analysis("completed")
    answer, server = scan(clock, 300, *steps)
    assert (answer["status"], answer["data"]["analysis_status"]) == ("ok", "completed")
    assert len(server.received) == 5
    assert clock.slept == [5.0, 7.5, 11.25, 16.875]


def test_an_unknown_status_is_not_the_end(clock: FakeClock) -> None:
    answer, _ = scan(clock, 30, ACCEPTED, analysis("finalising"))
    assert (answer["status"], answer["data"]["verdict"]) == ("pending", "unknown")


def test_no_wait_makes_no_poll(clock: FakeClock) -> None:
    answer, server = scan(clock, 0, ACCEPTED)
    assert (answer["status"], len(server.received), clock.slept) == ("pending", 1, [])
    assert answer["meta"]["poll_after_s"] == 5.0


def test_a_last_look_is_taken_when_the_time_is_up(clock: FakeClock) -> None:
    answer, _ = scan(clock, 7, ACCEPTED, analysis("queued"), analysis("completed"))
    assert answer["status"] == "ok"
    assert clock.slept == [5.0, 2.0]


def test_an_analysis_not_there_yet_is_waited_for(clock: FakeClock) -> None:
    missing = json_answer(404, {"error": {"code": "NotFoundError", "message": "not found"}})
    answer, _ = scan(clock, 60, ACCEPTED, missing, analysis("completed"))
    assert answer["status"] == "ok"


def test_a_poll_that_fails_for_the_moment_does_not_end_the_wait(clock: FakeClock) -> None:
    answer, _ = scan(clock, 120, ACCEPTED, reset(), reset(), reset(), analysis("completed"))
    assert answer["status"] == "ok"


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_poll_that_is_refused_leaves_the_scan_pending(clock: FakeClock, status: int) -> None:
    answer, server = scan(clock, 300, ACCEPTED, own_error(status))
    assert (answer["status"], answer["data"]["analysis_id"]) == ("pending", ANALYSIS)
    assert len(server.received) == 2
    if status == 429:
        assert answer["meta"]["poll_after_s"] >= 30


def test_a_wait_beyond_the_quota_is_pending_without_needless_requests(make_scenario: MakeScenario) -> None:
    scenario = make_scenario("3", Quota(windows=((1, 600.0),)), VT_QUOTA="1/600s")
    answer = scenario("scan_url", url=URL, wait_s=30)
    assert answer["status"] == "pending"
    assert answer["meta"]["requests"] == 1
    assert answer["meta"]["poll_after_s"] >= 500
    assert scenario.server.refused == 0


def test_the_end_of_the_process_leaves_the_scan_pending(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    def cancelled(seconds: float) -> None:
        raise Cancelled("the process was asked to end")

    monkeypatch.setattr(clock, "sleep", cancelled)
    answer, _ = scan(clock, 300, ACCEPTED)
    assert (answer["status"], answer["data"]["analysis_id"]) == ("pending", ANALYSIS)


def test_a_completed_analysis_is_asked_for_once(v3: Scenario) -> None:
    ident = v3("scan_url", url=URL)["data"]["analysis_id"]
    v3.clock.advance(60)
    sources = [v3("get_analysis", analysis_id=ident)["meta"]["source"] for _ in range(3)]
    assert sources == ["api", "cache", "cache"]


def test_an_unfinished_analysis_is_requested_each_time(v3: Scenario) -> None:
    ident = v3("scan_url", url=URL)["data"]["analysis_id"]
    states = []
    for _ in range(4):
        states.append(v3("get_analysis", analysis_id=ident)["data"]["analysis_status"])
        v3.clock.advance(2)
    assert states == ["queued", "in-progress", "in-progress", "completed"]


def test_simultaneous_callers_share_the_answer(v3: Scenario) -> None:
    ident = v3("scan_url", url=URL)["data"]["analysis_id"]
    asked = [v3("get_analysis", analysis_id=ident) for _ in range(16)]
    assert {answer["status"] for answer in asked} == {"pending"}
    assert sum(answer["meta"]["requests"] for answer in asked) == 1


def test_what_a_scan_found_is_not_hidden_by_what_was_cached_before(v3: Scenario) -> None:
    new = "http://unknown.example/"
    assert v3("lookup_url", url=new)["status"] == "not_found"
    started = v3("scan_url", url=new)
    assert v3("lookup_url", url=new)["data"]["verdict"] == "unknown"
    v3.clock.advance(60)
    done = v3("get_analysis", analysis_id=started["data"]["analysis_id"])
    found = v3("lookup_url", url=new)
    assert (found["status"], found["data"]["stats"]) == ("ok", done["data"]["stats"])


def test_a_report_without_an_opinion_is_kept_for_a_short_time_only(v3: Scenario) -> None:
    new = "http://unknown.example/"
    v3("scan_url", url=new)
    assert v3("lookup_url", url=new)["data"]["verdict"] == "unknown"
    v3.clock.advance(601)
    assert v3("lookup_url", url=new)["meta"]["source"] == "api"


@pytest.mark.parametrize("ident", ["", " ", "..", "a b", "a\nb", "x" * 600, "\x00"])
def test_what_is_no_analysis_id_is_refused(v3: Scenario, ident: str) -> None:
    answer = v3("get_analysis", analysis_id=ident)
    assert answer["error"]["code"] in ("invalid_indicator", "invalid_request")
    assert v3.server.all_requests == []


@pytest.mark.parametrize("ident", ["../../users/me", "a/b?c#d", "x&y", "ümlaut=="])
def test_no_analysis_id_reaches_another_endpoint(v3: Scenario, ident: str) -> None:
    assert v3("get_analysis", analysis_id=ident)["status"] == "not_found"
    assert all(request.path.startswith("/api/v3/analyses/") for request in v3.server.requests)
    assert all("/" not in request.path[len("/api/v3/analyses/") :] for request in v3.server.requests)


def test_a_missing_url_is_submitted_once_however_often_it_is_asked_for(make_scenario: MakeScenario) -> None:
    scenario = make_scenario("3", config=SandboxConfig(queued_s=100, completed_s=200))
    answers = [
        scenario("lookup_url", {"max_wait_s": 0}, url="http://unknown.example/", scan_if_missing=True) for _ in "123"
    ]
    assert [answer["status"] for answer in answers] == ["pending"] * 3
    assert len({answer["data"]["analysis_id"] for answer in answers}) == 1
    assert sum(call.startswith("POST") for call in scenario.calls) == 1
    scenario.clock.advance(300)
    later = scenario("lookup_url", {"max_wait_s": 20}, url="http://unknown.example/", scan_if_missing=True)
    assert later["status"] == "ok"
    assert sum(call.startswith("POST") for call in scenario.calls) == 1


def test_the_cache_alone_never_submits(v3: Scenario) -> None:
    v3("lookup_url", url="http://unknown.example/")
    answer = v3("lookup_url", {"cache": "only"}, url="http://unknown.example/", scan_if_missing=True)
    assert answer["status"] == "not_found"
    for action, params in [("scan_url", {"url": URL}), ("rescan_file", {"hash": "ab" * 32})]:
        assert v3(action, {"cache": "only"}, **params)["status"] == "skipped"
    assert not [call for call in v3.calls if call.startswith("POST")]
