"""`| vtquota` shows the remaining quota without a request."""

from __future__ import annotations

import time

import pytest

from package.splunkd_driver.driver import Record
from tests.scripted_server import ScriptedServer, json_answer, own_error
from vt_connectors.sandbox import Quota, SandboxServer

from .fake_splunkd import SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup, md5, normal

FIGURES = ("api_requests_hourly", "api_requests_daily", "api_requests_monthly")
WINDOWS = "4/minute,500/day,15500/month"


@pytest.fixture
def limited(lookup: Lookup) -> Lookup:
    return lookup.set(VT_QUOTA=WINDOWS)


def rows(command: Lookup, *args: str) -> list[Record]:
    return normal(command.command("vtquota")([], *args)).records


def test_it_is_a_table_with_a_row_for_each_window(limited: Lookup, python: str) -> None:
    result = normal(limited.on(python).command("vtquota")([]))
    assert result.getinfo is not None
    assert result.getinfo.metadata == {"generating": True, "type": "reporting"}
    assert [list(row) for row in result.records] == [
        ["window", "limit", "used", "left", "resets_in_s", "resets_at", "blocked", "source", "pool"]
    ] * 3
    reported = [(row["window"], row["limit"], row["used"], row["left"], row["blocked"]) for row in result.records]
    assert reported == [
        ("minute", "4", "0", "4", "false"),
        ("day", "500", "0", "500", "false"),
        ("month", "15500", "0", "15500", "false"),
    ]


def test_it_is_read_from_our_own_record_and_sends_no_request(limited: Lookup, sandbox: SandboxServer) -> None:
    normal(limited([[{"x": md5(number)} for number in range(4)]], "hash=x"))
    asked = len(sandbox.all_requests)
    minute, day, _ = rows(limited)
    assert (minute["used"], minute["left"], minute["blocked"]) == ("4", "0", "true")
    assert (day["used"], day["left"], day["blocked"], day["source"]) == ("4", "496", "false", "ledger")
    assert 0 < float(str(minute["resets_in_s"])) <= 61
    assert abs(float(str(minute["resets_at"])) - time.time() - float(str(minute["resets_in_s"]))) < 30
    assert float(str(day["resets_at"])) % 86400 == 0
    assert len(sandbox.all_requests) == asked


def test_a_pause_that_virustotal_wants_has_a_row(limited: Lookup) -> None:
    with SandboxServer(Quota(windows=((1, 60.0),))) as strict:
        command = limited.set(VT_API_URL=strict.url)
        command([[{"x": md5(number)} for number in range(2)]], "hash=x", "wait=0")
        *_, pause = rows(command)
    assert (pause["window"], pause["limit"], pause["left"], pause["blocked"]) == ("upstream", "", "0", "true")
    assert float(str(pause["resets_in_s"])) > 0


def test_the_account_is_asked_where_that_is_wanted(limited: Lookup, sandbox: SandboxServer) -> None:
    normal(limited([[{"x": EICAR_MD5}]], "hash=x"))
    found = rows(limited, "account=true")
    assert [row["source"] for row in found[:3]] == ["ledger"] * 3
    theirs = {row["window"]: row for row in found[3:]}
    assert {row["source"] for row in theirs.values()} == {"virustotal"}
    daily = theirs["api_requests_daily"]
    assert int(str(daily["left"])) == int(str(daily["limit"])) - 1
    assert (daily["used"], daily["resets_in_s"], daily["blocked"]) == ("1", "", "")
    assert (len(sandbox.requests), len(sandbox.all_requests)) == (1, 2)


def test_of_a_groups_member_both_pools_have_a_row_and_the_one_that_runs_out_first_decides(limited: Lookup) -> None:
    pools = {"user": {"allowed": 1000, "used": 74}, "group": {"allowed": 10_000, "used": 9990}}
    with ScriptedServer() as server:
        server.script(json_answer(200, {"data": {"api_requests_daily": pools}}))
        found = rows(limited.set(VT_API_URL=server.url), "account=true")
        after = rows(limited.set(VT_API_URL=server.url))
    reported = [
        (row["window"], row["pool"], row["used"], row["left"]) for row in found if row["source"] == "virustotal"
    ]
    assert reported == [("api_requests_daily", "user", "74", "926"), ("api_requests_daily", "group", "9990", "10")]
    for each in (found, after):
        assert [row["left"] for row in each if row["window"] == "day"] == ["10"]


def test_a_pause_ends_where_the_account_has_requests_left(limited: Lookup) -> None:
    figures = {"data": {name: {"user": {"allowed": 10**9, "used": 1}} for name in FIGURES}}
    with ScriptedServer() as server:
        server.script(own_error(429, {"Retry-After": "2678400"}), json_answer(200, figures))
        command = limited.set(VT_API_URL=server.url)
        result = command([[{"x": EICAR_MD5}]], "hash=x", "wait=0")
        (message,) = [text for _, text in result.messages]
        assert "no requests are sent until " in message
        assert rows(command)[-1]["window"] == "upstream"
        assert float(str(rows(command)[-1]["resets_at"])) % 86400 == 0
        rows(command, "account=true")
        assert float(str(rows(command)[-1]["resets_in_s"])) <= 60


def test_without_a_quota_it_says_that_nothing_is_counted(lookup: Lookup) -> None:
    result = lookup.command("vtquota")([])
    assert (result.records, result.complete, result.exit_code) == ([], True, 0)
    assert result.messages == [
        ("INFO", "vtquota: no quota is set, so no requests are counted; account=true shows VirusTotal's figures")
    ]


@pytest.mark.parametrize(
    ("password", "failing", "reported"),
    [
        (None, {}, "no API key is stored"),
        ("k", {"storage/passwords": 403}, "list_storage_passwords"),
        ("k", {"conf-vtlookup": 403}, "you may not read the settings of the app"),
    ],
)
def test_missing_data_of_splunkd_is_reported(
    lookup: Lookup, password: str | None, failing: dict[str, int], reported: str
) -> None:
    with FakeSplunkd(password, {}, failing) as splunkd:
        result = lookup.set(VT_API_KEY="").command("vtquota")([], session_key=SESSION, splunkd_uri=splunkd.url)
    ((level, text),) = result.messages
    assert (level, result.records, result.complete, result.exit_code) == ("ERROR", [], True, 0)
    assert reported in text


def test_a_refused_key_is_reported_and_is_in_no_output(lookup: Lookup) -> None:
    result = lookup.set(VT_API_KEY="wrong-key-of-mine").command("vtquota")([], "account=true")
    ((level, text),) = result.messages
    assert level == "ERROR"
    assert "storage/passwords, realm vtlookup, name api_key" in text
    assert "wrong-key-of-mine" not in repr(result)


@pytest.mark.parametrize("option", ["account={}", "account=", "bogus=1", "window"])
def test_wrong_options_refuse_the_search(lookup: Lookup, option: str) -> None:
    result = lookup.command("vtquota")([], option)
    assert (result.replies, result.exit_code, len(result.messages)) == ([], 1, 1)
