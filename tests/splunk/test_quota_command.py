"""`| vtquota` tells what is left, and costs nothing."""

from __future__ import annotations

import time

import pytest

from connectors.sandbox import Quota, SandboxServer
from search_driver import Record

from .fake_splunkd import SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup, md5, normal

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
        ["window", "limit", "used", "left", "resets_in_s", "resets_at", "blocked", "source"]
    ] * 3
    told = [(row["window"], row["limit"], row["used"], row["left"], row["blocked"]) for row in result.records]
    assert told == [
        ("minute", "4", "0", "4", "false"),
        ("day", "500", "0", "500", "false"),
        ("month", "15500", "0", "15500", "false"),
    ]


def test_it_is_read_from_our_own_record_and_asks_nobody(limited: Lookup, sandbox: SandboxServer) -> None:
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


def test_without_a_quota_it_says_that_nothing_is_counted(lookup: Lookup) -> None:
    result = lookup.command("vtquota")([])
    assert (result.records, result.complete, result.exit_code) == ([], True, 0)
    assert result.messages == [
        ("INFO", "vtquota: no quota is set, so nothing is counted here; account=true asks VirusTotal")
    ]


@pytest.mark.parametrize(
    ("password", "failing", "told"),
    [
        (None, {}, "no API key is stored"),
        ("k", {"storage/passwords": 403}, "list_storage_passwords"),
        ("k", {"conf-vtlookup": 403}, "you may not read the settings of the app"),
    ],
)
def test_what_splunkd_does_not_give_is_told(
    lookup: Lookup, password: str | None, failing: dict[str, int], told: str
) -> None:
    with FakeSplunkd(password, {}, failing) as splunkd:
        result = lookup.set(VT_API_KEY="").command("vtquota")([], session_key=SESSION, splunkd_uri=splunkd.url)
    ((level, text),) = result.messages
    assert (level, result.records, result.complete, result.exit_code) == ("ERROR", [], True, 0)
    assert told in text


def test_a_refused_key_is_told_and_is_in_no_output(lookup: Lookup) -> None:
    result = lookup.set(VT_API_KEY="wrong-key-of-mine").command("vtquota")([], "account=true")
    ((level, text),) = result.messages
    assert level == "ERROR"
    assert "storage/passwords, realm vtlookup, name api_key" in text
    assert "wrong-key-of-mine" not in repr(result)


@pytest.mark.parametrize("option", ["account={}", "account=", "bogus=1", "window"])
def test_wrong_options_refuse_the_search(lookup: Lookup, option: str) -> None:
    result = lookup.command("vtquota")([], option)
    assert (result.replies, result.exit_code, len(result.messages)) == ([], 1, 1)
