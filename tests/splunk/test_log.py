"""Every search leaves a line in Splunk's log folder, as `props.conf` says it is to be read, and never the key."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import re
import stat
import threading
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from package.splunkd_driver.driver import SearchInfo
from tests.docs.pages import page
from tests.package.conf_reader import Stanzas, read_conf
from vt_connectors.sandbox import SandboxServer
from vtlookup_app.logs.log_file import MOST_BYTES
from vtlookup_app.logs.search_log import SearchLog

from .fake_splunkd import SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup, md5, normal, only_message

SID = "1700000000.42"
EVENTS = [[{"x": EICAR_MD5}, {"x": "0" * 32}], [{"x": EICAR_MD5}, {"x": ""}]]


def log_file(command: Lookup) -> Path:
    return command.home / "var/log/splunk/vtlookup.log"


def lines(command: Lookup) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log_file(command).read_text("ascii").splitlines()]


def summary(command: Lookup) -> dict[str, Any]:
    """The last search's."""
    return [line for line in lines(command) if line["event"] == "search"][-1]


def test_a_search_leaves_one_line_with_what_it_came_to(everywhere: Lookup) -> None:
    before = time.time()
    normal(everywhere(EVENTS, "hash=x", sid=SID, owner="analyst"))
    (line,) = lines(everywhere)
    assert list(line)[:4] == ["time", "level", "event", "command"]
    assert isinstance(line.pop("pid"), int)
    assert 0 < line.pop("duration_s") < 60
    written = datetime.strptime(line.pop("time"), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc).timestamp()
    assert before - 1 < written < time.time() + 1
    assert line == {
        "level": "info",
        "event": "search",
        "command": "vtlookup",
        "sid": SID,
        "user": "analyst",
        "app": "search",
        "ended": "done",
        "rows": 4,
        "distinct": 2,
        "cached": 0,
        "asked": 2,
        "requests": 2,
        "errors": {},
        "verdicts": {"malicious": 1, "unknown": 1},
        "skipped": {},
        "pending": 0,
        "queued": 0,
        "waited_s": 0.0,
    }


def test_the_page_tells_of_everything_in_the_line(lookup: Lookup) -> None:
    normal(lookup(EVENTS, "hash=x"))
    table = page("docs/splunk-admin.md").text.partition("| in the log |")[2].partition("\n\n")[0]
    reported = [
        name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1] if "|" in row else "")
    ]
    of_alerts = {"search_name", "written"}
    assert set(summary(lookup)) == set(reported) - of_alerts
    assert of_alerts <= set(reported)
    for value in (EICAR_MD5, "0" * 32):
        assert value not in log_file(lookup).read_text("ascii")


def test_answers_from_the_cache_are_marked(lookup: Lookup) -> None:
    for _ in range(2):
        normal(lookup(EVENTS, "hash=x"))
    reported = summary(lookup)
    assert (reported["distinct"], reported["cached"], reported["asked"], reported["requests"]) == (2, 2, 0, 0)


def test_errors_are_counted_by_code_and_what_waits_is_pending(lookup: Lookup) -> None:
    events = [{"x": value} for value in (md5(1), md5(2), md5(3), "nonsense")]
    lookup.set(VT_QUOTA="1/day")([events], "hash=x", "wait=0")
    reported = summary(lookup)
    assert reported["level"] == "warning"
    assert (reported["distinct"], reported["pending"], reported["errors"]) == (
        4,
        2,
        {"rate_limited": 2, "invalid_indicator": 1},
    )


def test_what_is_skipped_is_counted_by_its_reason_and_has_no_verdict(lookup: Lookup) -> None:
    values = ("10.0.0.1", "192.168.0.1", "pc7.local", "never.corp.example", md5(1), "-")
    there = lookup.set(VT_NEVER_QUERY="corp.example")
    normal(there([[{"x": value} for value in values]], "ioc=x", "cache=only"))
    reported = summary(lookup)
    assert reported["skipped"] == {"private_address": 2, "internal_name": 1, "never_query": 1, "not_cached": 1}
    assert (reported["verdicts"], reported["distinct"], reported["errors"]) == ({}, 5, {})
    lookup.command("vtreport")([], "value=10.0.0.1")
    assert (summary(lookup)["skipped"], summary(lookup)["verdicts"]) == ({"private_address": 1}, {})


def test_the_wait_for_quota_is_reported(lookup: Lookup) -> None:
    normal(lookup.set(VT_QUOTA="1/second")([[{"x": md5(number)} for number in range(3)]], "hash=x", "wait=30"))
    assert 1.5 < summary(lookup)["waited_s"] < 20


def test_records_that_need_the_slower_way_are_counted_too(lookup: Lookup) -> None:
    lookup.raw('x,vt_status\n"a\nb",old\n,\n', args=["hash=x"])
    assert summary(lookup)["rows"] == 2


def test_a_search_without_any_value_leaves_its_line(lookup: Lookup, sandbox: SandboxServer) -> None:
    normal(lookup([[{"x": ""}] * 3], "hash=x"))
    reported = summary(lookup)
    assert (reported["rows"], reported["distinct"], reported["ended"]) == (3, 0, "done")
    assert sandbox.all_requests == []


def test_getinfo_alone_leaves_none(lookup: Lookup) -> None:
    with lookup.process() as process:
        process.exchange(SearchInfo(["hash=x"], dispatch_dir=str(lookup.home)).as_metadata())
        process.finish()
    assert not log_file(lookup).exists()


@pytest.mark.parametrize("chunks", [1, 2])
def test_a_search_that_is_over_before_its_end_says_so(lookup: Lookup, chunks: int) -> None:
    with lookup.process() as process:
        process.exchange(SearchInfo(["hash=x"], dispatch_dir=str(lookup.home)).as_metadata())
        for _ in range(chunks):
            process.exchange({"action": "execute", "finished": False}, f"x\n{EICAR_MD5}\n".encode())
        process.finish()
    (reported,) = lines(lookup)
    assert (reported["ended"], reported["rows"], reported["distinct"]) == ("early", chunks, 1)


@pytest.mark.parametrize(
    ("name", "args", "reported"),
    [
        (
            "vtreport",
            ["value=8.8.8.8"],
            {"rows": 1, "distinct": 1, "cached": 0, "asked": 1, "pending": 0, "errors": {}},
        ),
        ("vtreport", ["value=nonsense{}"], {"rows": 1, "level": "warning", "errors": {"invalid_indicator": 1}}),
        ("vtquota", [], {"rows": 0, "level": "info"}),
        ("vtcache", ["stats=true"], {"rows": 1, "action": "stats"}),
        ("vtcache", ["clear=true"], {"rows": 0, "action": "clear", "errors": {"config_error": 1}}),
    ],
)
def test_commands_that_begin_a_search_leave_their_line(
    lookup: Lookup, name: str, args: list[str], reported: dict[str, Any]
) -> None:
    lookup.command(name)([], *args, sid=SID)
    line = summary(lookup)
    assert (line["command"], line["sid"], line["ended"]) == (name, SID, "done")
    assert {key: line[key] for key in reported} == reported
    assert len(lines(lookup)) == 1


# The key


def test_the_key_is_not_in_it_at_any_level_even_where_it_is_taken_for_something_else(
    lookup: Lookup, sandbox: SandboxServer
) -> None:
    key = 'a"b\\c/d+key-of-splunk'
    loud = lookup.set(VT_API_KEY="", VTLOOKUP_LOG_LEVEL="debug")
    for password in (key, "wrong" + key):
        with FakeSplunkd(password, {}) as splunkd:
            reported: dict[str, Any] = {"session_key": SESSION, "splunkd_uri": splunkd.url, "owner": password}
            loud([[{"x": md5(1)}, {"x": f"http://example.test/{key}"}]], "ioc=x", "cache=refresh", **reported)
            loud.command("vtreport")([], f"value={md5(1)}", "refresh=1", **reported)
            loud.command("vtquota")([], "account=true", **reported)
    text = log_file(lookup).read_text("ascii")
    assert len(lines(lookup)) >= 6
    assert {line["user"] for line in lines(lookup)} == {"[key]"}
    for secret in (key, json.dumps(key)[1:-1], SESSION):
        assert secret not in text


# The level


@pytest.mark.parametrize(
    ("level", "events"),
    [
        ("debug", {"search", "message"}),
        ("info", {"search", "message"}),
        ("warning", {"search", "message"}),
        ("error", set()),
        ("off", set()),
        ("loud", {"search", "message"}),
    ],
)
def test_the_apps_settings_say_how_much(lookup: Lookup, level: str, events: set[str], own_app: Path) -> None:
    lookup = dataclasses.replace(lookup, app=own_app, forked=None)
    (own_app / "local").mkdir()
    (own_app / "local/vtlookup.conf").write_text(f"[settings]\nlog_level = {level}\n")
    (lookup.home / "var/lib").write_text("a file where a folder should be")
    lookup([[{"x": EICAR_MD5}, {"x": "nonsense"}]], "hash=x")
    found = lines(lookup) if log_file(lookup).exists() else []
    assert {line["event"] for line in found} == events


def test_a_search_without_errors_is_no_warning(lookup: Lookup) -> None:
    normal(lookup.set(VTLOOKUP_LOG_LEVEL="warning")(EVENTS, "hash=x"))
    assert not log_file(lookup).exists()


def test_what_the_core_says_is_a_line_with_its_search(lookup: Lookup) -> None:
    (lookup.home / "var/lib").write_text("a file where a folder should be")
    lookup(EVENTS, "hash=x", sid=SID)
    said = [line for line in lines(lookup) if line["event"] == "message"]
    assert said
    assert {(line["sid"], line["level"]) for line in said} == {(SID, "warning")}
    assert any("working without the shared cache" in line["message"] for line in said)


# Where it cannot be written


def test_a_log_that_cannot_be_written_is_one_message_and_the_search_continues(lookup: Lookup) -> None:
    log_file(lookup).mkdir()
    result = lookup(EVENTS, "hash=x")
    assert [record["vt_status"] for record in result.records] == ["ok", "not_found", "ok", ""]
    assert (
        only_message(result)
        == "vtlookup: vtlookup.log cannot be written (Is a directory); the search goes on without it"
    )
    result = lookup.command("vtreport")([], f"value={EICAR_MD5}")
    assert "vtlookup.log cannot be written" in only_message(result)
    assert result.records[0]["vt_status"] == "ok"


def test_ending_the_search_returns_after_its_line_is_written(tmp_path: Path) -> None:
    path = tmp_path / "var/log/splunk/vtlookup.log"
    path.parent.mkdir(parents=True)
    # So full that the writer waits for the process that rotates it.
    path.touch()
    os.truncate(path, MOST_BYTES * 3)
    log = SearchLog(tmp_path, {"SPLUNK_HOME": str(tmp_path)}, None)
    written: list[bool] = []

    def end() -> None:
        log.ended({"rows": 1}, 0.1)
        written.append(path.stat().st_size < MOST_BYTES and b'"rows":1' in path.read_bytes())

    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        ends = [threading.Thread(target=end) for _ in range(3)]
        for thread in ends:
            thread.start()
        time.sleep(0.2)
    for thread in ends:
        thread.join()
    assert (written, log.trouble) == ([True] * 3, None)


def test_a_named_pipe_in_its_place_holds_no_search_up(lookup: Lookup) -> None:
    os.mkfifo(log_file(lookup))
    assert "vtlookup.log cannot be written" in only_message(lookup(EVENTS, "hash=x"))


def test_a_link_in_its_place_is_not_followed(lookup: Lookup, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    log_file(lookup).symlink_to(elsewhere)
    assert "vtlookup.log cannot be written" in only_message(lookup(EVENTS, "hash=x"))
    assert elsewhere.read_text() == "mine"


def test_without_splunks_folder_there_is_no_log_and_no_word(lookup: Lookup) -> None:
    log_file(lookup).parent.rmdir()
    normal(lookup(EVENTS, "hash=x"))
    assert not log_file(lookup).parent.exists()


def test_it_is_for_splunks_user_alone(lookup: Lookup) -> None:
    normal(lookup(EVENTS, "hash=x"))
    assert stat.S_IMODE(log_file(lookup).stat().st_mode) == 0o600


# How Splunk reads it


@pytest.fixture(scope="module")
def props(app: Path) -> Stanzas:
    return read_conf(app / "default/props.conf")


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("/opt/splunk/var/log/splunk/vtlookup.log", True),
        ("/opt/splunk/var/log/splunk/vtlookup.log.3", True),
        ("/opt/splunk/var/log/splunk/splunkd.log", False),
    ],
)
def test_the_file_and_those_set_aside_get_the_sourcetype(props: Stanzas, path: str, ours: bool) -> None:
    (stanza,) = (name for name in props if name.startswith("source::"))
    pattern = re.escape(stanza[len("source::") :]).replace(r"\.\.\.", ".*").replace(r"\*", "[^/]*")
    assert bool(re.fullmatch(pattern, path)) == ours
    assert props[stanza] == {"sourcetype": "vtlookup:log"}
    assert "vtlookup:log" in props


def test_the_log_files_are_those_in_inputs_conf(lookup: Lookup, props: Stanzas) -> None:
    reading = props["vtlookup:log"]
    hostile = 'x"y\nz\r{"time":"1999-01-01T00:00:00.000Z"} \u2028 ü'
    lookup.set(VT_QUOTA="1/day")([[{"x": EICAR_MD5}, {"x": md5(1)}]], "hash=x", "wait=0", owner=hostile)
    lookup.command("vtreport")([], f"value={hostile}", owner=hostile)
    text = log_file(lookup).read_bytes()
    breaker = reading["LINE_BREAKER"].encode()
    events = [part for part in re.split(breaker.replace(b"(", b"(?:"), text) if part]
    assert len(events) == 2
    assert reading["SHOULD_LINEMERGE"] == "false"
    assert (reading["KV_MODE"], reading["TZ"]) == ("json", "UTC")
    for event in events:
        assert len(event) < int(reading["TRUNCATE"])
        stamp = re.match(reading["TIME_PREFIX"].encode(), event)
        assert stamp is not None
        time_text = event[stamp.end() :][: int(reading["MAX_TIMESTAMP_LOOKAHEAD"])].decode()
        datetime.strptime(time_text, reading["TIME_FORMAT"].replace("%3N", "%f"))
        assert json.loads(event)["user"] == hostile


def test_a_line_is_shorter_than_what_splunk_cuts_off_whatever_is_in_it(lookup: Lookup, props: Stanzas) -> None:
    lookup([[{"x": ""}]], "hash=x", owner="\U0001f600" * 50_000, sid="s" * 50_000)
    assert len(log_file(lookup).read_bytes()) < int(props["vtlookup:log"]["TRUNCATE"])
