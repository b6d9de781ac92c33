"""If its user may not see the key, a search uses the app's endpoint, and its rows are the same."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest

from package.splunkd_driver.csv_body import encode_body
from package.splunkd_driver.driver import Chunk, SearchInfo, SearchResult
from vt_connectors.sandbox import Quota, SandboxServer
from vt_connectors.sandbox.accounts import key_digest

from .endpoint_harness import ANALYST, ENDPOINT, KEY, PASSWORD
from .fake_splunkd import SEES_KEYS, SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup, added, md5, normal, only_message, statuses
from .test_ended_early import EVENTS, Running


def search(command: Lookup, splunkd: FakeSplunkd, *args: str, values: list[str]) -> SearchResult:
    chunks: list[Chunk] = [[{"x": value} for value in values]]
    result = command(chunks, *args, session_key=SESSION, splunkd_uri=splunkd.url)
    seen = [result, splunkd.endpoints and splunkd.endpoints.replies]
    assert KEY not in repr(seen)
    assert SESSION not in repr(seen)
    return result


def test_users_who_cannot_see_the_key_can_look_up(
    keyless: Lookup, python: str, sandbox: SandboxServer, splunkd: FakeSplunkd
) -> None:
    assert splunkd.endpoints is not None
    splunkd.endpoints.python = python
    values = [EICAR_MD5, "8.8.8.8", "no indicator", "www.corp.example", "0" * 32]
    result = search(keyless.on(python), splunkd, "ioc=x", values=values)
    assert statuses(result) == ["ok", "ok", "error", "skipped", "not_found"]
    assert "1 of 5 indicators are not valid" in only_message(result)
    assert {request.key for request in sandbox.requests} == {key_digest(KEY)}
    assert splunkd.asked.count(ENDPOINT) == 1
    assert splunkd.asked.count(PASSWORD) == 2  # the search, in vain, and the endpoint


def test_placeholders_and_skipped_values_stay_in_the_search(
    keyless: Lookup, sandbox: SandboxServer, splunkd: FakeSplunkd
) -> None:
    values = ["-", "unknown", "N/A", "10.0.0.1", "a.corp.example"]
    result = normal(search(keyless, splunkd, "ioc=x", values=values))
    assert [record["vt_reason"] for record in result.records] == ["", "", "", "private_address", "never_query"]
    assert statuses(result) == ["", "", "", "skipped", "skipped"]
    assert (ENDPOINT in splunkd.asked, sandbox.all_requests) == (False, [])


def test_its_rows_are_those_of_users_who_may_see_the_key(keyless: Lookup, splunkd: FakeSplunkd) -> None:
    values = [md5(number) for number in range(5)] + [EICAR_MD5]
    from_endpoint = normal(search(keyless, splunkd, "hash=x", "raw=true", "cache=off", values=values))
    splunkd.users[SESSION] = ANALYST | {SEES_KEYS}
    own = normal(search(keyless, splunkd, "hash=x", "raw=true", "cache=off", values=values))
    assert [added(record) for record in from_endpoint.records] == [added(record) for record in own.records]
    assert splunkd.asked.count(ENDPOINT) == 1


def test_a_splunkd_that_hides_what_is_not_for_one_is_no_splunkd_without_a_key(
    keyless: Lookup, splunkd: FakeSplunkd
) -> None:
    splunkd.failing = {PASSWORD: 404}
    assert statuses(normal(search(keyless, splunkd, "hash=x", values=[EICAR_MD5]))) == ["ok"]


def test_values_go_a_hundred_to_a_call(keyless: Lookup, sandbox: SandboxServer, splunkd: FakeSplunkd) -> None:
    normal(search(keyless, splunkd, "hash=x", values=[md5(number % 201) for number in range(402)]))
    assert splunkd.asked.count(ENDPOINT) == 3
    assert len(sandbox.requests) == 201


def test_cached_values_are_not_requested(keyless: Lookup, splunkd: FakeSplunkd) -> None:
    search(keyless, splunkd, "hash=x", values=[EICAR_MD5])
    splunkd.asked.clear()
    again = normal(search(keyless, splunkd, "hash=x", values=[EICAR_MD5]))
    only = normal(search(keyless, splunkd, "hash=x", "cache=only", values=[EICAR_MD5, md5(1)]))
    assert [record["vt_source"] for record in again.records] == ["cache"]
    assert statuses(only) == ["ok", "skipped"]
    assert PASSWORD not in splunkd.asked
    assert ENDPOINT not in splunkd.asked


def test_what_belongs_to_the_key_comes_from_the_cache_through_the_endpoint(
    keyless: Lookup, sandbox: SandboxServer, splunkd: FakeSplunkd
) -> None:
    search(keyless, splunkd, "hash=x", "raw=true", values=[EICAR_MD5])
    asked = len(sandbox.all_requests)
    for option in ("cache=default", "cache=only"):
        splunkd.asked.clear()
        again = normal(search(keyless, splunkd, "hash=x", "raw=true", option, values=[EICAR_MD5]))
        assert [(record["vt_source"], record["vt_raw"] != "") for record in again.records] == [("cache", True)]
        assert splunkd.asked.count(ENDPOINT) == 1
    only = normal(search(keyless, splunkd, "hash=x", "raw=true", "cache=only", values=[md5(1), EICAR_MD5]))
    assert statuses(only) == ["skipped", "ok"]
    assert len(sandbox.all_requests) == asked


@pytest.mark.parametrize("args", [["hash=x"], ["hash=x", "raw=true"], ["hash=x", "raw=true", "cache=only"]])
def test_a_preview_sends_no_request(
    keyless: Lookup, sandbox: SandboxServer, splunkd: FakeSplunkd, args: list[str]
) -> None:
    info = SearchInfo(args, session_key=SESSION, splunkd_uri=splunkd.url)
    with keyless.process() as process:
        process.exchange(info.as_metadata())
        body = encode_body(["x"], EVENTS)
        reply = process.exchange({"action": "execute", "finished": False, "preview": True}, body)
        assert reply is not None
        assert {record["vt_status"] for record in reply.records} == {"pending"}
    assert ENDPOINT not in splunkd.asked
    assert sandbox.all_requests == []


def test_out_of_quota_leaves_rows_pending(keyless: Lookup, sandbox: SandboxServer, splunkd: FakeSplunkd) -> None:
    splunkd.settings = {**splunkd.settings, "quota": "4/minute"}
    result = search(keyless, splunkd, "hash=x", "wait=0", values=[md5(number) for number in range(150)])
    assert only_message(result) == (
        "vtlookup: 146 of 150 hashes are pending, 146 of them queued: the key allows 4 requests a minute; "
        "run again, or raise wait="
    )
    assert statuses(result).count("pending") == 146
    assert len(sandbox.all_requests) == 4


def test_quota_is_waited_for_as_long_as_the_search_may(
    keyless: Lookup, sandbox: SandboxServer, splunkd: FakeSplunkd
) -> None:
    splunkd.settings = {**splunkd.settings, "quota": "2/2s"}
    values = [md5(number) for number in range(30)]
    began = time.monotonic()
    result = search(keyless, splunkd, "hash=x", "wait=5", values=values)
    # All of it would take 28 seconds.
    assert time.monotonic() - began < 25
    # Two at once, and two each two seconds of five; fewer if the machine is busy.
    assert len(sandbox.requests) in (4, 6, 8)
    assert statuses(result).count("pending") == 30 - len(sandbox.requests)
    assert "the key allows 2 requests in 2s" in only_message(result)


@pytest.mark.parametrize("sign", [signal.SIGTERM, None])
def test_a_cancelled_search_ends_while_it_waits_for_quota(
    keyless: Lookup, sandbox: SandboxServer, splunkd: FakeSplunkd, sign: signal.Signals | None
) -> None:
    splunkd.settings = {**splunkd.settings, "quota": "1/minute"}
    running = Running(keyless, "hash=x", "wait=600", session_key=SESSION, splunkd_uri=splunkd.url)
    running.execute(EVENTS)
    give_up = time.monotonic() + 60
    while not sandbox.requests:
        assert time.monotonic() < give_up
        time.sleep(0.01)
    time.sleep(0.3)
    running.stdin.close() if sign is None else running.process.send_signal(sign)
    (reply,) = running.end()
    assert [record["x"] for record in reply.records] == [event["x"] for event in EVENTS]
    assert [record["vt_status"] for record in reply.records].count("pending") >= 19
    assert len(sandbox.all_requests) == 1


def test_a_cancelled_search_does_not_wait_for_the_endpoint(keyless: Lookup, splunkd: FakeSplunkd) -> None:
    with SandboxServer(Quota.unlimited(), latency_s=8) as slow:
        splunkd.settings = {**splunkd.settings, "api_url": slow.url}
        running = Running(keyless, "hash=x", session_key=SESSION, splunkd_uri=splunkd.url)
        running.execute(EVENTS[:1])
        give_up = time.monotonic() + 60
        while ENDPOINT not in splunkd.asked and time.monotonic() < give_up:
            time.sleep(0.01)
        running.process.send_signal(signal.SIGTERM)
        (reply,) = running.end(within_s=7.5)  # less than the answer takes
    assert [record["vt_status"] for record in reply.records] == ["pending"]


def test_users_without_key_and_lookup_rights_see_once_which_right_is_missing(
    keyless: Lookup, sandbox: SandboxServer, splunkd: FakeSplunkd
) -> None:
    splunkd.users[SESSION] = frozenset()
    result = search(keyless, splunkd, "hash=x", values=[md5(number) for number in range(250)])
    assert only_message(result) == (
        "vtlookup: 250 of 250 hashes were not looked up: you may not look up: your role needs the capability "
        "run_vtlookup, as the role vtlookup_user has it; ask your admin"
    )
    assert statuses(result) == ["error"] * 250
    assert splunkd.asked.count(ENDPOINT) == 1
    assert sandbox.all_requests == []


@pytest.mark.parametrize(
    ("failing", "reported"),
    [
        ({ENDPOINT: 404}, "your role needs the capability list_storage_passwords"),
        ({ENDPOINT: 401}, "splunkd does not accept this search's session"),
        ({ENDPOINT: 429}, "splunkd's vtlookup/lookup did not answer (HTTP 429)"),
        ({ENDPOINT: 500}, "splunkd's vtlookup/lookup did not answer (HTTP 500)"),
    ],
)
def test_an_endpoint_that_does_not_answer_is_reported_once_and_asked_once(
    keyless: Lookup, splunkd: FakeSplunkd, failing: dict[str, int], reported: str
) -> None:
    splunkd.failing = failing
    result = search(keyless, splunkd, "hash=x", values=[md5(number) for number in range(150)])
    assert reported in only_message(result)
    assert statuses(result) == ["error"] * 150
    assert splunkd.asked.count(ENDPOINT) == 1


def test_without_any_key_the_message_is_that_there_is_none(keyless: Lookup, splunkd: FakeSplunkd) -> None:
    splunkd.password = None
    for capabilities in (ANALYST, ANALYST | {SEES_KEYS}):
        splunkd.users[SESSION] = capabilities
        assert "no API key is stored" in only_message(search(keyless, splunkd, "hash=x", values=[EICAR_MD5]))


def test_searches_at_the_same_time_ask_once_for_the_same(
    keyless: Lookup, sandbox: SandboxServer, splunkd: FakeSplunkd
) -> None:
    assert splunkd.endpoints is not None
    splunkd.endpoints.together = 2
    searches = [Running(keyless, "hash=x", session_key=SESSION, splunkd_uri=splunkd.url) for _ in range(3)]
    for running in searches:
        running.execute(EVENTS, finished=True)
    answers: list[Any] = [running.end(within_s=60) for running in searches]
    assert all({record["vt_status"] for record in reply.records} <= {"ok", "not_found"} for (reply,) in answers)
    assert len(sandbox.requests) == len(EVENTS)
    assert splunkd.endpoints.most_at_once > 1
