"""Every event gets VirusTotal's verdict on the value of its field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vt_connectors.sandbox import Quota, SandboxServer

from .searching import CLEAN_IP, EICAR_MD5, FIELDS, Lookup, added, md5, normal, only_message, statuses

BAD_IP = "45.33.32.6"
URL = "http://malicious.example/payload.bin"
KINDS = [("hash", EICAR_MD5), ("url", URL), ("domain", "malicious.example"), ("ip", BAD_IP)]


@pytest.mark.parametrize(("kind", "value"), KINDS)
@pytest.mark.parametrize("selected", [True, False])
def test_each_kind_is_looked_up_by_its_option(everywhere: Lookup, kind: str, value: str, selected: bool) -> None:
    chunk = [{"when": "1", "seen": value, "host": "a"}]
    result = normal(everywhere([chunk], f"{kind}=seen", select_fields=selected))
    (record,) = result.records
    fields = added(record)
    assert sorted(fields) == sorted(FIELDS)
    assert (fields["status"], fields["verdict"], fields["type"]) == ("ok", "malicious", kind)
    assert (fields["source"], fields["error"], fields["worst_verdict"]) == ("api", "", "malicious")
    counts = {name: int(str(fields[name])) for name in ("malicious", "suspicious", "harmless", "undetected", "total")}
    assert sum(counts.values()) == 2 * counts["total"]
    assert fields["detections"] == f"{counts['malicious'] + counts['suspicious']}/{counts['total']}"
    assert str(fields["last_analysis"]).isdecimal()
    assert str(fields["link"]).startswith("https://www.virustotal.com/gui/")
    assert {name: record[name] for name in chunk[0]} == chunk[0]


def test_ioc_recognises_each_value(lookup: Lookup) -> None:
    result = normal(lookup([[{"x": value} for _, value in KINDS]], "ioc=x"))
    assert [record["vt_type"] for record in result.records] == [kind for kind, _ in KINDS]
    assert statuses(result) == ["ok"] * 4


def test_what_is_not_asked_or_not_known_says_so(lookup: Lookup) -> None:
    values = ["192.168.1.1", "unknown.example", "", " ", "no indicator"]
    result = lookup([[{"x": value} for value in values]], "ioc=x")
    assert statuses(result) == ["skipped", "not_found", "", "", "error"]
    assert str(result.records[4]["vt_error"]).startswith("invalid_indicator: ")
    assert "1 of 3 indicators are not valid" in only_message(result)


def test_each_skipped_row_says_why(lookup: Lookup, sandbox: SandboxServer) -> None:
    values = ["10.0.0.1", "pc7.local", EICAR_MD5, "a.corp.example", "", "-"]
    there = lookup.set(VT_NEVER_QUERY="corp.example")
    result = normal(there([[{"x": value} for value in values]], "ioc=x", "cache=only"))
    assert statuses(result) == ["skipped"] * 4 + ["", ""]
    reasons = ["private_address", "internal_name", "not_cached", "never_query", "", ""]
    assert [record["vt_reason"] for record in result.records] == reasons
    assert sandbox.all_requests == []


def test_a_link_leads_to_the_object_or_to_the_search_for_it_and_never_for_what_is_private(lookup: Lookup) -> None:
    values = [EICAR_MD5, "http://a.example:8080/x?y=1&z=%20#w", "10.0.0.1", "pc7.local", "no indicator", ""]
    normal(lookup([[{"x": EICAR_MD5}]], "hash=x"))
    found = lookup([[{"x": value} for value in values]], "ioc=x", "cache=only", "prefix=vt_open_")
    links = [record["vt_open_link"] for record in found.records]
    assert str(links[0]).startswith("https://www.virustotal.com/gui/file/275a021b")
    encoded = "http%253A%252F%252Fa.example%253A8080%252Fx%253Fy%253D1%2526z%253D%252520%2523w"
    assert links[1:] == [f"https://www.virustotal.com/gui/search/{encoded}", "", "", "", ""]
    [unknown] = normal(lookup([[{"x": "unknown.example"}]], "domain=x")).records
    assert unknown["vt_link"] == "https://www.virustotal.com/gui/search/unknown.example"


def test_what_was_looked_up_has_no_reason(lookup: Lookup) -> None:
    result = normal(lookup([[{"x": [EICAR_MD5, "10.0.0.1", "unknown.example"]}]], "ioc=x"))
    assert result.records[0]["vt_reason"] == ["", "private_address", ""]


@pytest.mark.parametrize("option", ["ip=x", "hash=x", "url=x", "domain=x", "ioc=x"])
@pytest.mark.parametrize("selected", [True, False])
def test_placeholders_count_as_empty(lookup: Lookup, sandbox: SandboxServer, option: str, selected: bool) -> None:
    values = ["-", "unknown", "NULL", "N/A", "n/a", "none", "(null)", " - ", "--"]
    result = normal(lookup([[{"x": value} for value in values]], option, select_fields=selected))
    assert [(record["vt_status"], record["vt_error"], record["vt_reason"]) for record in result.records] == [
        ("", "", "")
    ] * len(values)
    assert [record["x"] for record in result.records] == values
    assert sandbox.all_requests == []


def test_placeholders_beside_values_change_nothing(lookup: Lookup, sandbox: SandboxServer) -> None:
    result = normal(lookup([[{"x": "-"}, {"x": "unknown"}, {"x": CLEAN_IP}, {"x": ["-", CLEAN_IP]}]], "ip=x"))
    assert statuses(result) == ["", "", "ok", ["", "ok"]]
    assert len(sandbox.requests) == 1


def test_one_placeholder_asked_for_by_itself_is_invalid(lookup: Lookup, sandbox: SandboxServer) -> None:
    for value in ("unknown", "N/A"):
        [row] = lookup.command("vtreport")([], f"value={value}").records
        assert str(row["vt_error"]).startswith("invalid_indicator: ")
    assert sandbox.all_requests == []


def test_lists_are_multivalue_and_what_virustotal_did_not_say_is_empty(lookup: Lookup) -> None:
    file, address = map(added, normal(lookup([[{"x": EICAR_MD5}, {"x": CLEAN_IP}]], "ioc=x")).records)
    assert (file["names"], file["tags"]) == (
        ["eicar.com", "eicar.com.txt", "test_file.com"],
        ["text", "known-test-file"],
    )
    assert (file["country"], file["asn"]) == ("", "")
    assert (address["names"], address["country"], address["label"]) == ("", "US", "")


def test_every_chunk_has_all_fields_from_its_first_record_on(lookup: Lookup) -> None:
    result = normal(lookup([[{"x": ""}, {"x": EICAR_MD5}], [{"x": ""}], [], [{"y": "1"}]], "ioc=x"))
    for reply in result.replies:
        assert [name[3:] for name in reply.header if name.startswith("vt_")] == FIELDS
    assert statuses(result) == ["", "ok", "", ""]


def test_a_multivalue_field_gives_one_value_an_indicator_in_order(everywhere: Lookup, sandbox: SandboxServer) -> None:
    values = [CLEAN_IP, EICAR_MD5, CLEAN_IP, "192.168.1.1"]
    result = normal(everywhere([[{"x": values}, {"x": EICAR_MD5}, {"x": [CLEAN_IP, ""]}]], "ioc=x"))
    several, single, partly = result.records
    assert several["x"] == values
    assert several["vt_status"] == ["ok", "ok", "ok", "skipped"]
    assert several["vt_verdict"] == ["undetected", "malicious", "undetected", "unknown"]
    assert several["vt_names"] == ["", "eicar.com, eicar.com.txt, test_file.com", "", ""]
    assert all(len(several[f"vt_{name}"]) == 4 for name in FIELDS if name != "worst_verdict")
    assert [record["vt_worst_verdict"] for record in result.records] == ["malicious", "malicious", "undetected"]
    assert (single["vt_status"], partly["vt_status"]) == ("ok", ["ok", ""])
    assert len(sandbox.requests) == 2


@pytest.mark.parametrize("mode", ["default", "off", "refresh"])
def test_equal_values_are_asked_once_a_search(mode: str, lookup: Lookup, sandbox: SandboxServer) -> None:
    chunk = [{"x": md5(number % 5)} for number in range(50)]
    normal(lookup([chunk, chunk], "hash=x", f"cache={mode}"))
    assert len(sandbox.requests) == 5


def test_different_values_run_side_by_side(lookup: Lookup) -> None:
    with SandboxServer(Quota.unlimited(), latency_s=0.25) as slow:
        there = lookup.set(VT_API_URL=slow.url)
        normal(there([[{"x": md5(number)} for number in range(9)]], "hash=x"))
        times = [request.arrived_at for request in slow.requests]
    assert len(times) == 9
    assert max(times) - min(times) < 1.0


def test_raw_adds_the_whole_answer_as_json(lookup: Lookup) -> None:
    result = normal(lookup([[{"x": EICAR_MD5}, {"x": ""}, {"x": [EICAR_MD5, "0" * 32]}]], "hash=x", "raw=true"))
    raws = [record["vt_raw"] for record in result.records]
    assert json.loads(str(raws[0]))["attributes"]["size"] == 68
    assert raws[1] == ""
    assert raws[2] == [raws[0], ""]


@pytest.mark.parametrize("selected", [True, False])
def test_two_lookups_in_a_pipe_keep_apart_by_their_prefix(lookup: Lookup, selected: bool) -> None:
    first = normal(lookup([[{"src": CLEAN_IP, "dest": BAD_IP}]], "ip=src", "prefix=src.", select_fields=selected))
    second = normal(lookup([first.records], "ip=dest", "prefix=dest.", select_fields=selected))
    assert [(record["src.verdict"], record["dest.verdict"]) for record in second.records] == [
        ("undetected", "malicious")
    ]


@pytest.mark.parametrize("selected", [True, False])
def test_a_second_lookup_with_the_same_prefix_takes_the_place_of_the_first(lookup: Lookup, selected: bool) -> None:
    events = [{"src": EICAR_MD5, "dest": CLEAN_IP, "text": 'a "b"\r\nc\n'}, {"src": "", "dest": "", "text": "\n"}]
    first = normal(lookup([events], "ioc=src", select_fields=selected))
    second = normal(lookup([first.records], "ioc=dest", select_fields=selected))
    assert [record["vt_names"] for record in second.records] == ["", ""]
    assert [record["vt_verdict"] for record in second.records] == ["undetected", ""]
    assert [{name: record[name] for name in events[0]} for record in second.records] == events


def test_cache_modes_ask_as_they_say(lookup: Lookup, sandbox: SandboxServer) -> None:
    def search(*options: str) -> tuple[Any, Any, int]:
        before = len(sandbox.requests)
        (record,) = normal(lookup([[{"x": EICAR_MD5}]], "hash=x", *options)).records
        return record["vt_status"], record["vt_source"], len(sandbox.requests) - before

    assert search("cache=only") == ("skipped", "", 0)
    assert search("cache=off") == ("ok", "api", 1)
    assert search("cache=only") == ("skipped", "", 0)
    assert search() == ("ok", "api", 1)
    assert search() == ("ok", "cache", 0)
    assert search("cache=only") == ("ok", "cache", 0)
    assert search("max_age=7d") == ("ok", "cache", 0)
    assert search("max_age=0") == ("ok", "api", 1)
    assert search("cache=refresh") == ("ok", "api", 1)


def test_a_preview_asks_nothing_and_the_final_run_does(lookup: Lookup, sandbox: SandboxServer) -> None:
    body = f"x\n{EICAR_MD5}\n{md5(1)}\n"
    normal(lookup([[{"x": EICAR_MD5}]], "hash=x"))
    (preview,) = lookup.raw(body, args=["hash=x"], preview=True)
    assert [(record["vt_status"], record["vt_source"]) for record in preview.records] == [
        ("ok", "cache"),
        ("pending", ""),
    ]
    assert preview.messages == []
    assert len(sandbox.requests) == 1
    (never,) = lookup.raw(body, args=["hash=x", "cache=only"], preview=True)
    assert [record["vt_status"] for record in never.records] == ["ok", "skipped"]
    (final,) = lookup.raw(body, args=["hash=x"])
    assert [record["vt_status"] for record in final.records] == ["ok", "ok"]
    assert len(sandbox.requests) == 2
