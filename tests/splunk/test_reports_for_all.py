"""Generating commands work for users who may not see the key, through the app's endpoint."""

from __future__ import annotations

import json
from typing import Any

from package.splunkd_driver.driver import SearchResult
from vt_connectors.sandbox import SandboxServer
from vt_connectors.sandbox.accounts import key_digest

from .draining import drain
from .endpoint_harness import ENDPOINT, KEY
from .fake_splunkd import EVERYTHING, SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup, md5, normal, only_message


def run(command: Lookup, splunkd: FakeSplunkd, *args: str) -> SearchResult:
    result = command([], *args, session_key=SESSION, splunkd_uri=splunkd.url)
    assert KEY not in repr(result)
    return result


def logged(command: Lookup) -> list[dict[str, Any]]:
    lines = (command.home / "var/log/splunk/vtlookup.log").read_text("utf-8").splitlines()
    return [line for line in map(json.loads, lines) if line["event"] == "search"]


def test_a_report_is_had_without_seeing_the_key_and_costs_one_request(
    keyless: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    command = keyless.command("vtreport")
    first = normal(run(command, splunkd, f"value={EICAR_MD5}", "engines=true"))
    again = normal(run(command, splunkd, f"value={EICAR_MD5}", "engines=true"))
    assert [result.records[0]["vt_source"] for result in (first, again)] == ["api", "cache"]
    assert len(first.records) == len(again.records) > 10
    assert {request.key for request in sandbox.requests} == {key_digest(KEY)}
    assert len(sandbox.requests) == 1
    assert splunkd.asked.count(ENDPOINT) == 1


def test_a_report_that_finds_no_quota_is_pending_and_waits_no_longer_than_it_may(
    keyless: Lookup, splunkd: FakeSplunkd
) -> None:
    splunkd.settings = {**splunkd.settings, "quota": "1/day"}
    command = keyless.command("vtreport")
    normal(run(command, splunkd, f"value={EICAR_MD5}"))
    result = run(command, splunkd, f"value={md5(1)}", "wait=1")
    assert [record["vt_status"] for record in result.records] == ["pending"]
    assert "the key allows 1 requests a day" in only_message(result)


def test_the_quota_is_shown_without_seeing_the_key(keyless: Lookup, splunkd: FakeSplunkd) -> None:
    splunkd.settings = {**splunkd.settings, "quota": "5/day"}
    normal(run(keyless.command("vtreport"), splunkd, f"value={EICAR_MD5}"))
    [row] = normal(run(keyless.command("vtquota"), splunkd)).records
    assert (row["window"], row["limit"], row["used"], row["left"]) == ("day", "5", "1", "4")


def test_users_without_key_and_lookup_rights_see_which_right_is_needed(keyless: Lookup, splunkd: FakeSplunkd) -> None:
    splunkd.users[SESSION] = frozenset()
    for name, args in (("vtreport", [f"value={EICAR_MD5}"]), ("vtquota", [])):
        ((_, text),) = run(keyless.command(name), splunkd, *args).messages
        assert "your role needs the capability run_vtlookup" in text


def test_a_drain_leaves_its_line_in_the_log(keyless: Lookup, splunkd: FakeSplunkd) -> None:
    splunkd.users[SESSION] = EVERYTHING
    splunkd.settings = {**splunkd.settings, "quota": "1/day"}
    there: dict[str, Any] = {"session_key": SESSION, "splunkd_uri": splunkd.url}
    keyless([[{"x": md5(number)} for number in range(3)]], "hash=x", "wait=0", **there)
    splunkd.settings = {**splunkd.settings, "quota": "none"}
    drain(keyless, **there)
    line = logged(keyless)[-1]
    assert (line["command"], line["rows"], line["asked"], line["pending"]) == ("vtdrain", 1, 2, 0)
