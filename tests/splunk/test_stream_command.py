"""`| vtstream` reads new notifications as events, and its position moves once splunkd has them."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from package.splunkd_driver.driver import SearchInfo, SearchResult
from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer

from .endpoint_harness import ANALYST
from .fake_endpoints import FakeEndpoints
from .fake_splunkd import EVERYTHING, SESSION, FakeSplunkd
from .searching import Lookup, normal
from .test_ended_early import Running, until_asked
from .test_ended_early import running as running

PREMIUM = "premium-key-of-the-tests"
WRITE = "run_vtlookup_write"
EICAR = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
BY = pytest.mark.parametrize("rights", [ANALYST | {WRITE}, EVERYTHING], ids=["by the endpoint", "with the key"])


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    """A stream that has what a test puts into it."""
    with SandboxServer(Quota.unlimited(), config=SandboxConfig(stream_every_s=0)) as running_server:
        yield running_server


@pytest.fixture
def stream(keyless: Lookup, splunkd: FakeSplunkd, server: SandboxServer) -> Lookup:
    splunkd.password = PREMIUM
    splunkd.settings = {**splunkd.settings, "api_url": server.url}
    splunkd.users[SESSION] = ANALYST | {WRITE}
    return keyless.command("vtstream")


def there(splunkd: FakeSplunkd) -> dict[str, Any]:
    return {"session_key": SESSION, "splunkd_uri": splunkd.url}


def read(stream: Lookup, splunkd: FakeSplunkd, *args: str) -> SearchResult:
    result = stream([], *args, **there(splunkd))
    assert PREMIUM not in repr(result)
    return result


def ids(result: SearchResult) -> list[Any]:
    assert (result.complete, result.exit_code, result.stderr) == (True, 0, "")
    return [row["vt_notification_id"] for row in result.records]


def notify(server: SandboxServer, count: int = 1) -> list[str]:
    return [server.app.notify("file", EICAR, f"rule {number}") for number in range(count)]


def test_a_notification_is_an_event_with_its_time_and_json(
    stream: Lookup, splunkd: FakeSplunkd, server: SandboxServer, python: str
) -> None:
    [number] = notify(server)
    result = normal(read(stream.on(python), splunkd))
    assert result.getinfo is not None
    assert result.getinfo.metadata == {"generating": True, "type": "events"}
    [event] = result.records
    raw = json.loads(str(event["_raw"]))
    assert list(event)[:3] == ["_time", "_raw", "vt_notification_id"]
    assert next(iter(raw)) == "time"
    assert abs(float(str(event["_time"])) - time.time()) < 120
    assert (event["vt_notification_id"], event["vt_rule"], event["vt_indicator"]) == (number, "rule 0", EICAR)
    assert (event["vt_verdict"], event["vt_detections"]) == ("malicious", "62/68")
    shown = {name: value for name, value in event.items() if value and not name.startswith("_")}
    assert {
        name: value[0] if isinstance(value, list) and len(value) == 1 else value for name, value in raw.items()
    } == {
        "time": raw["time"],
        **shown,
    }


@BY
def test_each_notification_comes_once(
    rights: frozenset[str], stream: Lookup, splunkd: FakeSplunkd, server: SandboxServer
) -> None:
    splunkd.users[SESSION] = rights
    first = notify(server, 3)
    assert ids(normal(read(stream, splunkd))) == first
    second = notify(server, 2)
    assert ids(normal(read(stream, splunkd))) == second
    assert ids(normal(read(stream, splunkd))) == []


@BY
def test_a_limit_leaves_the_rest_for_the_next_search(
    rights: frozenset[str], stream: Lookup, splunkd: FakeSplunkd, server: SandboxServer
) -> None:
    splunkd.users[SESSION] = rights
    numbers = notify(server, 5)
    assert [ids(read(stream, splunkd, "limit=2")) for _ in range(3)] == [numbers[:2], numbers[2:4], numbers[4:]]


@BY
def test_since_looks_back_and_leaves_the_position(
    rights: frozenset[str], stream: Lookup, splunkd: FakeSplunkd, server: SandboxServer
) -> None:
    splunkd.users[SESSION] = rights
    numbers = notify(server, 2)
    for since in ("1d", "2020-01-02T03:04:05Z"):
        assert ids(normal(read(stream, splunkd, f"since={since}"))) == numbers
    assert ids(read(stream, splunkd)) == numbers
    assert ids(read(stream, splunkd, "since=1h")) == numbers
    assert ids(read(stream, splunkd)) == []


def test_each_filter_has_a_position_of_its_own(stream: Lookup, splunkd: FakeSplunkd, server: SandboxServer) -> None:
    numbers = notify(server, 2)
    assert ids(read(stream, splunkd, "filter=entity_type:file")) == numbers
    assert ids(read(stream, splunkd, "filter=entity_type:file")) == []
    assert ids(read(stream, splunkd, "filter=entity_type:url")) == []
    assert ids(read(stream, splunkd)) == numbers


@pytest.mark.parametrize("rights", [ANALYST, EVERYTHING - {WRITE}], ids=["by the endpoint", "with the key"])
def test_only_users_with_the_right_move_the_position_that_all_share(
    rights: frozenset[str], stream: Lookup, splunkd: FakeSplunkd, server: SandboxServer
) -> None:
    splunkd.users[SESSION] = rights
    numbers = notify(server, 2)
    for _ in range(2):
        result = read(stream, splunkd)
        assert ids(result) == numbers
        [(level, text)] = result.messages
        assert level == "WARN"
        assert "repeats these events: your role needs the capability run_vtlookup_write" in text
    assert normal(read(stream, splunkd, "since=1d")).messages == []


# What was not handed over


@BY
def test_events_that_splunkd_did_not_read_come_again(
    rights: frozenset[str], stream: Lookup, splunkd: FakeSplunkd, server: SandboxServer, running: list[Running]
) -> None:
    splunkd.users[SESSION] = rights
    numbers = notify(server, 2)
    search = Running(stream, **there(splunkd))
    running.append(search)
    search.stdout.close()
    search.send({"action": "execute", "finished": True})
    assert search.process.wait(60) == 0
    assert len(server.requests) == 1
    assert ids(read(stream, splunkd)) == numbers


def test_events_in_a_pipe_that_nobody_reads_come_again(
    stream: Lookup, splunkd: FakeSplunkd, server: SandboxServer, running: list[Running]
) -> None:
    splunkd.users[SESSION] = EVERYTHING
    numbers = notify(server, 2)
    search = Running(stream, **there(splunkd))
    running.append(search)
    search.send({"action": "execute", "finished": True})
    until_asked(server)
    search.stdout.close()
    search.stdin.close()
    assert search.process.wait(60) == 0
    assert ids(read(stream, splunkd)) == numbers


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_search_that_ends_before_its_answer_came_loses_nothing(
    end: signal.Signals, stream: Lookup, splunkd: FakeSplunkd, server: SandboxServer, running: list[Running]
) -> None:
    splunkd.users[SESSION] = EVERYTHING
    numbers = notify(server, 2)
    with SandboxServer(Quota.unlimited(), latency_s=100) as slow:
        splunkd.settings = {**splunkd.settings, "api_url": slow.url}
        search = Running(stream, **there(splunkd))
        running.append(search)
        search.send({"action": "execute", "finished": True})
        until_asked(slow)
        search.process.send_signal(end)
        search.process.wait(60)
    splunkd.settings = {**splunkd.settings, "api_url": server.url}
    assert ids(read(stream, splunkd)) == numbers


@BY
def test_a_splunkd_that_closes_its_end_as_soon_as_it_has_the_events_has_them(
    rights: frozenset[str], stream: Lookup, splunkd: FakeSplunkd, server: SandboxServer, running: list[Running]
) -> None:
    splunkd.users[SESSION] = rights
    notify(server, 2)
    search = Running(stream, **there(splunkd))
    running.append(search)
    search.send({"action": "execute", "finished": True})
    [reply] = search.end()
    assert len(reply.records) == 2
    assert ids(read(stream, splunkd)) == []


@pytest.mark.parametrize("where", ["getinfo", "execute"])
def test_a_preview_reads_nothing(where: str, stream: Lookup, splunkd: FakeSplunkd, server: SandboxServer) -> None:
    numbers = notify(server, 2)
    info = SearchInfo([], "vtstream", dispatch_dir=str(stream.home), **there(splunkd)).as_metadata()
    with stream.process() as process:
        assert process.exchange({**info, "preview": where == "getinfo"}) is not None
        reply = process.exchange({"action": "execute", "finished": True, "preview": where == "execute"})
        assert reply is not None
        assert reply.records == []
        assert (process.finish(), process.stderr) == (0, "")
    assert server.all_requests == []
    assert ids(read(stream, splunkd)) == numbers


def test_more_events_than_splunkd_takes_at_once_are_all_handed_over(
    stream: Lookup, splunkd: FakeSplunkd, server: SandboxServer
) -> None:
    numbers = notify(server, 5)
    info = SearchInfo([], "vtstream", dispatch_dir=str(stream.home), maxresultrows=2, **there(splunkd))
    got: list[Any] = []
    with stream.process() as process:
        assert process.exchange(info.as_metadata()) is not None
        while (reply := process.exchange({"action": "execute", "finished": True})) is not None:
            got += [record["vt_notification_id"] for record in reply.records]
            if len(got) < 5:
                assert not reply.finished
            if reply.finished:
                break
        assert (process.finish(), process.stderr) == (0, "")
    assert got == numbers
    assert ids(read(stream, splunkd)) == []


def test_a_search_that_took_a_part_only_repeats_all(
    stream: Lookup, splunkd: FakeSplunkd, server: SandboxServer
) -> None:
    numbers = notify(server, 5)
    info = SearchInfo([], "vtstream", dispatch_dir=str(stream.home), maxresultrows=2, **there(splunkd))
    with stream.process() as process:
        assert process.exchange(info.as_metadata()) is not None
        reply = process.exchange({"action": "execute", "finished": True})
        assert reply is not None
        assert len(reply.records) == 2
        assert (process.finish(), process.stderr) == (0, "")
    assert ids(read(stream, splunkd)) == numbers


# Quota, licence, options


@BY
def test_without_quota_for_all_the_next_search_continues(
    rights: frozenset[str], stream: Lookup, splunkd: FakeSplunkd
) -> None:
    splunkd.users[SESSION] = rights
    with SandboxServer(Quota.unlimited()) as daily:
        splunkd.settings = {**splunkd.settings, "api_url": daily.url, "quota": "3/day"}
        part = read(stream, splunkd, "limit=1000", "wait=0")
        assert [level for level, _ in part.messages] == ["WARN"]
        assert (
            "120 notifications were read, and the next search continues: there is no quota now" in part.messages[0][1]
        )
        assert splunkd.endpoints is not None
        splunkd.endpoints.end()
        splunkd.endpoints = FakeEndpoints(stream.app, stream.python, stream.process_environment)
        splunkd.settings = {**splunkd.settings, "quota": "9/day"}
        rest = read(stream, splunkd, "limit=1000", "wait=0")
    assert len(ids(part)) == 120
    assert 20 <= len(ids(rest)) <= 26
    assert not {*ids(part)} & {*ids(rest)}


def test_many_notifications_are_read_in_several_calls(stream: Lookup, splunkd: FakeSplunkd) -> None:
    with SandboxServer(Quota.unlimited()) as weekly:
        splunkd.settings = {**splunkd.settings, "api_url": weekly.url}
        result = normal(read(stream, splunkd, "since=6d", "limit=450"))
    assert len(set(ids(result))) == 450
    times = [float(str(row["_time"])) for row in result.records]
    assert times == sorted(times)
    assert splunkd.asked.count("vtlookup/lookup") == 3


@BY
def test_a_key_without_the_licence_is_told_which(rights: frozenset[str], stream: Lookup, splunkd: FakeSplunkd) -> None:
    splunkd.users[SESSION], splunkd.password = rights, "public-key-of-the-tests"
    result = read(stream, splunkd)
    [(level, text)] = result.messages
    assert (level, result.records) == ("ERROR", [])
    assert "needs a licence for VirusTotal Premium" in text


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["filter="], "filter= is empty or too long"),
        (["since= "], "since= is empty or too long: leave it out, or write since=7d or since=2026-01-02T03:04:05Z"),
        (["limit=0"], "limit='0': a number from 1 to 4000"),
        (["limit=4001"], "limit='4001'"),
        (["wait={}"], "wait='{}'"),
        (["cursor=x"], "cursor= is not an option of this command"),
    ],
)
def test_wrong_options_refuse_the_search(
    stream: Lookup, splunkd: FakeSplunkd, server: SandboxServer, args: Sequence[str], complaint: str
) -> None:
    result = read(stream, splunkd, *args)
    assert (result.replies, result.exit_code, result.stderr) == ([], 1, "")
    assert complaint in result.messages[0][1]
    assert server.all_requests == []


def test_a_time_that_is_none_is_an_error_and_not_sent(
    stream: Lookup, splunkd: FakeSplunkd, server: SandboxServer
) -> None:
    result = read(stream, splunkd, "since=yesterday")
    [(level, text)] = result.messages
    assert (level, result.records, server.requests) == ("ERROR", [], [])
    assert "neither a time such as 2026-01-02T03:04:05Z nor the cursor" in text
