"""Cells as logs have them: several values, hashes with names, ports, brackets; names of networks; credentials."""

from __future__ import annotations

import json

import pytest

from vt_connectors.sandbox import SandboxServer

from .alerting import Alert, events
from .fake_splunkd import FakeSplunkd
from .searching import CLEAN_IP, EICAR_MD5, Lookup, normal, statuses

SHA256 = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
SYSMON = (
    "SHA1=3395856CE81F2B7382DEE72602F798B642F14140,MD5=44D88612FEA8A8F36DE82E1278ABB02F,"
    f"SHA256={SHA256.upper()},IMPHASH=F34D5F2D4577ED6D9CEEC516C1F5A744"
)


def test_sysmons_hashes_are_one_file_that_costs_one_request(everywhere: Lookup, sandbox: SandboxServer) -> None:
    result = normal(everywhere([[{"Hashes": SYSMON}, {"Hashes": f"SHA256={SHA256}"}]], "hash=Hashes"))
    assert statuses(result) == ["ok", "ok"]
    assert {record["vt_verdict"] for record in result.records} == {"malicious"}
    assert len(sandbox.requests) == 1
    assert result.records[0]["Hashes"] == SYSMON


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("ip", ["20.190.159.1:52311", "20.190.159.1", "<20.190.159.1>"]),
        ("url", ["<http://evil.example/a>", '"http://evil.example/a"', "http:/evil.example/a"]),
        ("domain", ["malicious.example:443", "(9)malicious(7)example(0)", "malicious[.]example"]),
    ],
)
def test_spellings_of_one_indicator_cost_one_request(
    everywhere: Lookup, sandbox: SandboxServer, option: str, values: list[str]
) -> None:
    result = normal(everywhere([[{"x": value} for value in values]], f"{option}=x"))
    assert set(statuses(result)) <= {"ok", "not_found"}
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize(
    ("option", "values", "status"),
    [
        ("domain", ["5.1.168.192.in-addr.arpa", "7.6.5.10.in-addr.arpa.", "router.home.arpa"], "skipped"),
        ("ioc", ["8.8.8.0/24", "evil.exe", "kernel32.dll", "TCP/IP"], "error"),
    ],
)
def test_names_and_networks_that_are_not_asked_about_cost_nothing(
    everywhere: Lookup, sandbox: SandboxServer, option: str, values: list[str], status: str
) -> None:
    result = everywhere([[{"x": value} for value in values]], f"{option}=x")
    assert statuses(result) == [status] * len(values)
    assert sandbox.all_requests == []


@pytest.mark.parametrize(
    "cell",
    [f"{CLEAN_IP},192.168.1.1", f"{CLEAN_IP}; 192.168.1.1", f"{CLEAN_IP} 192.168.1.1", f"{CLEAN_IP}\n192.168.1.1"],
)
@pytest.mark.parametrize("select_fields", [True, False])
def test_a_cell_with_several_values_is_as_a_multivalue_field(
    everywhere: Lookup, sandbox: SandboxServer, cell: str, select_fields: bool
) -> None:
    rows: list[dict[str, str | list[str]]] = [
        {"x": cell},
        {"x": CLEAN_IP},
        {"x": [f"{CLEAN_IP}, 10.0.0.1", "10.0.0.2"]},
    ]
    result = normal(everywhere([rows], "ip=x", select_fields=select_fields))
    listed, single, several = result.records
    assert listed["x"] == cell
    assert listed["vt_status"] == ["ok", "skipped"]
    assert listed["vt_verdict"] == ["undetected", "unknown"]
    assert single["vt_status"] == "ok"
    assert several["vt_status"] == ["ok", "skipped", "skipped"]
    assert len(sandbox.requests) == 1


def test_a_cell_with_several_values_is_read_the_same_where_records_are_written_again(lookup: Lookup) -> None:
    rows = [{"x": f"{CLEAN_IP}, 10.0.0.1", "vt_status": "old"}]
    (record,) = normal(lookup([rows], "ip=x")).records
    assert record["vt_status"] == ["ok", "skipped"]


def test_a_sentence_is_one_value(lookup: Lookup) -> None:
    result = lookup([[{"x": f"a login from {CLEAN_IP} was refused"}]], "ioc=x")
    assert statuses(result) == ["error"]


@pytest.fixture
def alert(keyless: Lookup, splunkd: FakeSplunkd) -> Alert:
    splunkd.settings = {**splunkd.settings, "verdict_indexes": "threat"}
    return Alert("vt_alert_lookup", keyless, splunkd)


def test_an_alert_writes_an_event_for_each_value_that_a_cell_lists(alert: Alert, splunkd: FakeSplunkd) -> None:
    alert([{"x": f"{CLEAN_IP}, 10.0.0.1"}, {"x": SYSMON}], fields="x")
    assert [event["indicator"] for event in events(splunkd)] == [CLEAN_IP, "10.0.0.1", SYSMON]
    assert [event["vt_status"] for event in events(splunkd)] == ["ok", "skipped", "ok"]


def test_an_alerts_event_has_no_credentials(alert: Alert, splunkd: FakeSplunkd) -> None:
    alert([{"x": "https://bob:hunter2@malicious.example/payload.bin"}], fields="x", type="url")
    (event,) = events(splunkd)
    assert event["indicator"] == "https://(removed)@malicious.example/payload.bin"
    assert "hunter2" not in json.dumps(event)


def test_credentials_reach_neither_added_fields_nor_the_sandbox_nor_the_log(
    lookup: Lookup, sandbox: SandboxServer
) -> None:
    value = "https://bob:hunter2@files.example.com/x"
    result = normal(lookup([[{"x": value}]], "url=x"))
    assert "hunter2" not in json.dumps({name: text for name, text in result.records[0].items() if name != "x"})
    assert not any("hunter2" in path.read_text("utf-8", "replace") for path in lookup.home.rglob("*.log"))
    again = normal(lookup([[{"x": value.replace("bob:hunter2@", "")}]], "url=x"))
    assert again.records[0]["vt_source"] == "cache"
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize("command", ["vtreport", "vtcomment", "vtrelated"])
def test_a_row_of_a_report_repeats_no_credentials(lookup: Lookup, command: str) -> None:
    more = {"vtcomment": ["comment=seen"], "vtrelated": ["relationship=contacted_ips"]}.get(command, [])
    result = lookup.command(command)([], "value=https://bob:hunter2@host.example/a b", *more)
    assert "hunter2" not in json.dumps([dict(record) for record in result.records]) + json.dumps(result.messages)


def test_a_hash_in_several_spellings_is_one_indicator(lookup: Lookup, sandbox: SandboxServer) -> None:
    result = normal(lookup([[{"x": f"md5:{EICAR_MD5}"}, {"x": f"MD5={EICAR_MD5.upper()}"}]], "ioc=x"))
    assert statuses(result) == ["ok", "ok"]
    assert len(sandbox.requests) == 1
