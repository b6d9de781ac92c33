"""`| vtcache` shows cached answers, and clears them for users with the right."""

from __future__ import annotations

import time
from typing import Any

import pytest

from package.splunkd_driver.driver import Record, SearchResult
from vt_connectors.sandbox import SandboxServer

from .fake_splunkd import SESSION, FakeSplunkd
from .searching import CLEAN_IP, EICAR_MD5, Lookup, md5, normal

UNKNOWN = "0" * 32


@pytest.fixture
def filled(lookup: Lookup) -> Lookup:
    """The command, with three answers in the cache."""
    for value in (EICAR_MD5, UNKNOWN, CLEAN_IP):
        normal(lookup([[{"x": value}]], "ioc=x"))
    return lookup.command("vtcache")


def rows(command: Lookup, *args: str) -> list[Record]:
    return normal(command([], *args)).records


def test_it_lists_cached_answers_newest_first(filled: Lookup, sandbox: SandboxServer) -> None:
    asked = len(sandbox.all_requests)
    found = rows(filled)
    assert [list(row) for row in found] == [
        ["indicator", "type", "status", "verdict", "malicious", "total", "age_s", "fetched_at"]
    ] * 3
    reported = [(row["indicator"], row["type"], row["status"], row["verdict"]) for row in found]
    assert found[1]["malicious"] == found[1]["total"] == ""
    assert int(str(found[2]["malicious"])) > int(str(found[0]["malicious"])) == 0
    assert all(int(str(row["total"])) > 50 for row in (found[0], found[2]))
    assert reported == [
        (CLEAN_IP, "ip", "ok", "undetected"),
        (UNKNOWN, "hash", "not_found", "unknown"),
        (EICAR_MD5, "hash", "ok", "malicious"),
    ]
    ages = [int(str(row["age_s"])) for row in found]
    fetched = [int(str(row["fetched_at"])) for row in found]
    assert ages == sorted(ages)
    assert fetched == sorted(fetched, reverse=True)
    assert all(abs(time.time() - at - age) < 60 for at, age in zip(fetched, ages))
    assert len(sandbox.all_requests) == asked


def test_the_verdict_is_by_the_settings_of_now(filled: Lookup) -> None:
    strict = filled.set(VT_MALICIOUS_THRESHOLD="63")
    assert {row["indicator"]: row["verdict"] for row in rows(strict)}[EICAR_MD5] == "suspicious"


def test_it_lists_as_many_as_are_wanted(filled: Lookup) -> None:
    assert [row["indicator"] for row in rows(filled, "limit=2")] == [CLEAN_IP, UNKNOWN]


def test_a_hundred_are_listed_where_nothing_is_said(lookup: Lookup) -> None:
    normal(lookup([[{"x": md5(number)} for number in range(101)]], "hash=x"))
    assert len(rows(lookup.command("vtcache"))) == 100
    assert len(rows(lookup.command("vtcache"), "limit=50000")) == 101


def test_an_empty_cache_is_no_row(lookup: Lookup) -> None:
    assert rows(lookup.command("vtcache")) == []


def test_the_stats_are_one_row(filled: Lookup) -> None:
    (row,) = rows(filled, "stats=true")
    assert (row["entries"], row["max_bytes"], row["pending"]) == ("3", str(256 * 1024 * 1024), "0")
    assert 0 < int(str(row["bytes"])) < 1_000_000
    assert row["place"] == str(filled.home / "var/lib/vtlookup/state.db")


def test_neither_list_nor_stats_need_the_key(filled: Lookup) -> None:
    with FakeSplunkd(None, {}) as splunkd:
        result = filled.set(VT_API_KEY="")([], session_key=SESSION, splunkd_uri=splunkd.url)
        assert len(normal(result).records) == 3
        assert not any("storage/passwords" in path for path in splunkd.asked)


def may(*capabilities: str) -> dict[str, Any]:
    return {"users": {SESSION: frozenset(capabilities)}}


def clear(command: Lookup, splunkds: dict[str, Any], session: str = SESSION) -> SearchResult:
    with FakeSplunkd(None, {}, **splunkds) as splunkd:
        return command([], "clear=true", session_key=session, splunkd_uri=splunkd.url)


def test_users_with_the_right_clear_it(filled: Lookup, python: str) -> None:
    allowed = clear(filled.on(python), may("search", "vtlookup_admin"))
    assert normal(allowed).records == [{"cleared": "3"}]
    assert rows(filled) == []


@pytest.mark.parametrize(
    ("splunkds", "session", "reported"),
    [
        (may(), SESSION, "needs the capability vtlookup_admin"),
        (may("run_vtlookup", "admin", "admin_all_objects"), SESSION, "needs the capability vtlookup_admin"),
        ({**may("vtlookup_admin"), "garbled": True}, SESSION, "was not understood"),
        ({**may("vtlookup_admin"), "failing": {"current-context": 403}}, SESSION, "your role needs"),
        ({**may("vtlookup_admin"), "failing": {"current-context": 500}}, SESSION, "HTTP 500"),
        (may("vtlookup_admin"), "another's", "does not accept this search's session"),
        (may("vtlookup_admin"), "", "there is no session for splunkd"),
    ],
)
def test_unknown_users_cannot_clear_the_cache(
    filled: Lookup, splunkds: dict[str, Any], session: str, reported: str
) -> None:
    result = clear(filled, splunkds, session)
    ((level, text),) = result.messages
    assert (level, result.records, result.complete) == ("ERROR", [], True)
    assert text.startswith("vtcache: nothing was cleared: ")
    assert reported in text
    assert len(rows(filled)) == 3


def test_without_splunkd_the_cache_cannot_be_cleared(filled: Lookup) -> None:
    result = filled([], "clear=true", session_key=SESSION, splunkd_uri="https://127.0.0.1:1")
    assert "could not be reached" in result.messages[0][1]
    assert len(rows(filled)) == 3


@pytest.mark.parametrize(
    "args",
    [
        ["limit=0"],
        ["limit=50001"],
        ["limit=-1"],
        ["limit={}"],
        ["limit=\u0661"],
        ["limit=1", "stats=true"],
        ["stats=true", "clear=true"],
        ["clear=maybe"],
        ["clear"],
        ["record=true"],
    ],
)
def test_wrong_options_refuse_the_search(lookup: Lookup, args: list[str]) -> None:
    result = lookup.command("vtcache")([], *args)
    assert (result.replies, result.exit_code, len(result.messages)) == ([], 1, 1)
