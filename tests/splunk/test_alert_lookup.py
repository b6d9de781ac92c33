"""The alert action vt_lookup: verdicts on the results' indicators, written to an index the admin has named."""

from __future__ import annotations

import dataclasses
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox import SandboxServer
from connectors.sandbox.accounts import key_digest
from tests.package.conf_reader import read_conf
from vtlookup_app.alerts.results import LINKS

from .alerting import Alert, events, results_file
from .brokered import KEY, PASSWORD, call
from .fake_splunkd import EVERYTHING, INDEXES_EVENTS, SESSION, FakeSplunkd
from .searching import CLEAN_IP, EICAR_MD5, Lookup, md5

VERDICTS = "vtlookup/verdicts"
UNKNOWN = "0" * 31 + "1"


@pytest.fixture
def alert(keyless: Lookup, splunkd: FakeSplunkd) -> Alert:
    """The action of an alert whose owner may look up, and neither see the key nor write to an index."""
    splunkd.settings = {**splunkd.settings, "verdict_indexes": "threat, main"}
    return Alert("vt_lookup", keyless, splunkd)


def test_each_distinct_indicator_becomes_one_event_with_the_verdict_and_where_it_was_met(
    alert: Alert, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    rows = [
        {"md5": EICAR_MD5, "ip": CLEAN_IP, "host": "pc1"},
        {"md5": EICAR_MD5, "ip": "", "host": "pc2"},
        {"md5": UNKNOWN, "ip": "10.0.0.1", "host": "pc3"},
    ]
    ran = alert(rows, fields="md5, ip")
    assert (ran.status, ran.said) == (0, [])
    eicar, address, unknown, private = events(splunkd)
    about = ("indicator", "field", "results", "search_name", "sid", "vt_status", "vt_verdict")
    sid = "scheduler__somebody__search__RMD5_at_1_2"
    assert [eicar[name] for name in about] == [EICAR_MD5, "md5", 2, "Files on endpoints", sid, "ok", "malicious"]
    assert re.fullmatch(r"[1-9]\d*/[1-9]\d*", eicar["vt_detections"])
    assert not any(value in ("", []) for event in events(splunkd) for value in event.values())
    assert (address["field"], address["results"], address["vt_type"]) == ("ip", 1, "ip")
    assert (unknown["vt_status"], private["vt_status"]) == ("not_found", "skipped")
    assert len(sandbox.requests) == 3
    assert {request.key for request in sandbox.requests} == {key_digest(KEY)}
    assert PASSWORD in splunkd.asked


def test_verdicts_go_to_the_first_index_that_the_admin_named_with_their_own_sourcetype(
    alert: Alert, splunkd: FakeSplunkd
) -> None:
    alert([{"md5": EICAR_MD5}], fields="md5")
    alert([{"md5": EICAR_MD5}], fields="md5", index="main")
    first, second = (where for where, _ in splunkd.indexed)
    assert first == {"index": "threat", "sourcetype": "vtlookup:verdict", "source": "Files on endpoints"}
    assert second["index"] == "main"


@pytest.mark.parametrize("index", ["_internal", "secret", "main,threat", "../main", "main&sourcetype=x"])
def test_nothing_is_asked_for_and_written_to_an_index_that_the_admin_did_not_name(
    index: str, alert: Alert, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    ran = alert([{"md5": EICAR_MD5}], fields="md5", index=index)
    assert (ran.status, splunkd.indexed, sandbox.all_requests) == (2, [], [])
    assert ran.said == [f"verdicts may go to threat, main, not to {index!r}: ask your admin"]
    status, answer = write(splunkd, {}, index=index)
    assert (status, splunkd.indexed) == (403, [])
    assert isinstance(answer, dict)
    assert answer["error"] == ran.said[0]


def test_without_any_index_the_action_says_who_names_one(alert: Alert, splunkd: FakeSplunkd) -> None:
    splunkd.settings = {**splunkd.settings, "verdict_indexes": ""}
    ran = alert([{"md5": EICAR_MD5}], fields="md5")
    assert (ran.status, ran.levels) == (2, ["ERROR"])
    assert "an admin names some on the setup page" in ran.said[0]


def test_an_owner_who_sees_the_key_needs_no_right_to_write_either(alert: Alert, splunkd: FakeSplunkd) -> None:
    splunkd.users[SESSION] = EVERYTHING
    assert INDEXES_EVENTS not in EVERYTHING
    assert alert([{"md5": EICAR_MD5}], fields="md5").status == 0
    assert len(splunkd.indexed) == 1


def test_an_event_goes_back_to_the_notable_events_it_was_found_in(alert: Alert, splunkd: FakeSplunkd) -> None:
    one = {"md5": EICAR_MD5, "orig_sid": "s1", "orig_rid": "0", "rid": "0"}
    other = {"md5": EICAR_MD5, "orig_sid": "s1", "orig_rid": "1", "rid": ""}
    alert([one, other], fields="md5")
    [event] = events(splunkd)
    assert (event["orig_sid"], event["orig_rid"], event["rid"]) == ("s1", ["0", "1"], "0")


def test_all_values_of_a_multivalued_field_are_looked_up(alert: Alert, splunkd: FakeSplunkd) -> None:
    alert([{"ip": f"{CLEAN_IP}\n1.1.1.1", "__mv_ip": f"${CLEAN_IP}$;$1.1.1.1$"}], fields="ip", type="ip")
    assert [event["indicator"] for event in events(splunkd)] == [CLEAN_IP, "1.1.1.1"]


def test_what_finds_no_quota_is_pending_and_queued_and_no_failure(alert: Alert, splunkd: FakeSplunkd) -> None:
    splunkd.settings = {**splunkd.settings, "quota": "1/day"}
    ran = alert([{"md5": EICAR_MD5}, {"md5": md5(1)}, {"md5": md5(2)}], fields="md5", wait="0")
    assert [event["vt_status"] for event in events(splunkd)] == ["ok", "pending", "pending"]
    assert (ran.status, ran.levels) == (0, ["WARN"])
    assert "2 of 3 indicators are pending" in ran.said[0]
    splunkd.settings = {**splunkd.settings, "quota": "none"}
    splunkd.users[SESSION] = EVERYTHING
    there: dict[str, Any] = {"session_key": SESSION, "splunkd_uri": splunkd.url}
    [row] = alert.lookup.command("vtdrain")([], **there).records
    assert row["failed"] == "0"
    assert row["asked"] == "2"


def test_a_refused_key_is_told_and_fails_the_action_but_every_indicator_has_its_event(
    alert: Alert, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    splunkd.password = "wrong-key"
    ran = alert([{"md5": md5(number)} for number in range(40)], fields="md5")
    assert (ran.status, ran.levels) == (1, ["ERROR"])
    assert "VirusTotal does not accept the API key" in ran.said[0]
    assert [event["vt_status"] for event in events(splunkd)] == ["error"] * 40
    assert len(sandbox.all_requests) == 1


def test_an_index_that_takes_nothing_fails_the_action_as_one_to_be_tried_again(
    alert: Alert, splunkd: FakeSplunkd
) -> None:
    splunkd.failing = {"receivers/simple": 503}
    ran = alert([{"md5": EICAR_MD5}], fields="md5")
    assert ran.status == 75
    assert ran.said == ["0 of 1 events were written: splunkd did not write to the index threat (HTTP 503)"]


def test_who_may_not_look_up_is_told_what_is_needed(alert: Alert, splunkd: FakeSplunkd) -> None:
    splunkd.users[SESSION] = frozenset()
    ran = alert([{"md5": EICAR_MD5}], fields="md5")
    assert (ran.status, splunkd.indexed) == (2, [])
    assert "your role needs the capability run_vtlookup" in ran.said[0]


def test_no_more_than_the_limit_is_looked_up_and_the_rest_is_told(alert: Alert, splunkd: FakeSplunkd) -> None:
    ran = alert([{"md5": md5(number)} for number in range(9)], fields="md5", limit="4")
    assert len(splunkd.indexed) == 4
    assert ran.said == ["5 more distinct values were left out; raise limit= to have them looked up"]


def test_many_indicators_are_written_in_several_calls_of_the_endpoint(alert: Alert, splunkd: FakeSplunkd) -> None:
    alert([{"md5": md5(number)} for number in range(60)], fields="md5")
    assert [event["indicator"] for event in events(splunkd)] == [md5(number) for number in range(60)]
    assert splunkd.asked.count(VERDICTS) == 3


def test_the_log_tells_of_the_alert_as_of_a_search(alert: Alert) -> None:
    logged = alert([{"md5": EICAR_MD5}, {"md5": EICAR_MD5}], fields="md5").logged
    told = {name: logged[name] for name in ("event", "command", "user", "rows", "distinct", "asked", "written")}
    assert told == {
        "event": "alert",
        "command": "vt_lookup",
        "user": "somebody",
        "rows": 2,
        "distinct": 1,
        "asked": 1,
        "written": 1,
    }
    assert (logged["search_name"], logged["ended"], logged["errors"]) == ("Files on endpoints", "done", {})


def test_an_alert_without_results_or_without_values_writes_nothing_and_is_fine(
    alert: Alert, splunkd: FakeSplunkd
) -> None:
    for rows in ([], [{"md5": ""}, {"md5": "  "}]):
        ran = alert(rows, fields="md5")
        assert (ran.status, ran.said) == (0, [])
    assert splunkd.indexed == []


def test_a_misspelt_field_is_told(alert: Alert) -> None:
    ran = alert([{"md5": EICAR_MD5}], fields="md_5")
    assert (ran.status, ran.said) == (2, ["no result has the field md_5: look at its spelling in the alert"])
    ran = alert([{"md5": EICAR_MD5}], fields="md5, sha1")
    assert (ran.status, ran.said) == (0, ["no result has the field sha1"])


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({}, "fields= names no field of the results"),
        ({"fields": " , "}, "fields= names no field of the results"),
        ({"fields": "md5", "type": "file"}, "type='file': one of hash, url, domain, ip, ioc"),
        ({"fields": "md5", "limit": "0"}, "limit='0': a number from 1 to 1000"),
        ({"fields": "md5", "limit": "9999"}, "limit='9999': a number from 1 to 1000"),
        ({"fields": "md5", "limit": "\u0663"}, "a number from 1 to 1000"),
        ({"fields": "md5", "wait": "soon"}, "wait='soon': write seconds"),
        ({"fields": "md5", "wait": "2h"}, "wait=7200: 600 seconds at most"),
    ],
)
def test_a_wrong_setting_of_the_alert_is_told(params: dict[str, str], told: str, alert: Alert) -> None:
    ran = alert([{"md5": EICAR_MD5}], **params)
    assert (ran.status, ran.levels) == (2, ["ERROR"])
    assert told in ran.said[0]


@pytest.mark.parametrize(
    "document", [b"", b"{", b"[]", b"null", b"{}", b'{"configuration": 3}', b"\xff\xfe", b"[" * 100_000]
)
def test_what_is_no_document_of_an_alert_is_refused_in_one_line(document: bytes, alert: Alert) -> None:
    ran = alert.told(document)
    assert (ran.status, ran.levels) == (2, ["ERROR"])
    assert "what came on stdin is no document of an alert" in ran.said[0]


def test_a_document_without_a_session_or_of_any_size_is_refused(alert: Alert) -> None:
    bare = {**alert.document(None, fields="md5"), "session_key": ""}
    assert alert.told(json.dumps(bare).encode()).said == ["splunkd passed no session to work in"]
    assert "is larger than" in alert.told(b" " * (16 * 1024 * 1024 + 1)).said[0]


def test_only_splunk_starts_it(alert: Alert) -> None:
    ran = alert.told(b"", "--help")
    assert (ran.status, ran.said) == (2, ["Splunk starts this script, with --execute"])


def test_results_that_cannot_be_read_are_told(alert: Alert, tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(gzip.compress(b"md5\nx\n")[:-9])
    plain = tmp_path / "plain.csv.gz"
    plain.write_bytes(b"md5\nx\n")
    for path in (broken, plain, tmp_path, tmp_path / "none.csv.gz"):
        ran = alert.on(path, fields="md5")
        assert ran.status == 2
        assert ran.said[0].startswith("the alert's results could not be read")
    assert alert.on(None, fields="md5").said == ["splunkd named no file with results"]


@pytest.mark.parametrize("cell", [b"a\x00b", b"\xff\xfe", b'"a\n""b"', b'"unclosed'], ids=repr)
def test_one_odd_cell_does_not_keep_the_others_from_being_looked_up(
    cell: bytes, alert: Alert, splunkd: FakeSplunkd, tmp_path: Path
) -> None:
    results = tmp_path / "odd.csv.gz"
    results.write_bytes(gzip.compress(b"md5,a\n" + EICAR_MD5.encode() + b"," + cell + b"\n"))
    assert alert.on(results, fields="md5").status == 0
    assert [event["vt_verdict"] for event in events(splunkd)] == ["malicious"]


def test_results_that_unpack_to_any_size_are_read_no_further_than_they_may(
    alert: Alert, splunkd: FakeSplunkd, tmp_path: Path
) -> None:
    bomb = tmp_path / "bomb.csv.gz"
    with gzip.open(bomb, "wb", compresslevel=1) as file:
        file.write(f"md5,x\n{EICAR_MD5},1\n".encode())
        for _ in range(12):
            file.write(b"x" * 1024 * 1024)
    ran = alert.on(bomb, fields="md5")
    assert (ran.status, ran.said) == (0, ["only the first 1 results were read"])
    assert len(splunkd.indexed) == 1


def test_more_rows_than_a_search_keeps_are_not_read(alert: Alert, splunkd: FakeSplunkd, tmp_path: Path) -> None:
    many = results_file(tmp_path / "many.csv.gz", [{"md5": EICAR_MD5}] * 50_001)
    assert alert.on(many, fields="md5").said == ["only the first 50000 results were read"]
    assert events(splunkd)[0]["results"] == 50_000


def test_the_second_alert_takes_what_the_first_has_learnt(
    alert: Alert, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    for _ in range(2):
        alert([{"md5": EICAR_MD5}], fields="md5")
    assert [event["vt_source"] for event in events(splunkd)] == ["api", "cache"]
    assert len(sandbox.requests) == 1


def test_it_works_on_each_of_splunks_pythons(alert: Alert, everywhere: Lookup, splunkd: FakeSplunkd) -> None:
    on = dataclasses.replace(alert, lookup=dataclasses.replace(alert.lookup, python=everywhere.python))
    assert on([{"md5": EICAR_MD5}], fields="md5").status == 0
    assert len(splunkd.indexed) == 1


# The endpoint behind it


def write(splunkd: FakeSplunkd, *given: object, **more: object) -> tuple[int, object]:
    return call(splunkd, {"source": "s", "events": list(given), **more}, VERDICTS)


def test_the_endpoint_puts_time_and_caller_first_whatever_the_event_says(alert: Alert, splunkd: FakeSplunkd) -> None:
    forged = {"vt_verdict": "malicious", "user": "admin", "time": "1999-01-01T00:00:00Z"}
    assert write(splunkd, forged) == (200, {"written": 1, "index": "threat"})
    text = splunkd.indexed[0][1]
    settings = read_conf(alert.lookup.app / "default/props.conf")["vtlookup:verdict"]
    begins = re.match(settings["TIME_PREFIX"], text)
    assert begins is not None
    assert re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", text[begins.end() :])
    event = json.loads(text)
    assert (event["user"], event["vt_verdict"], "\n" in text) == ("somebody", "malicious", False)
    assert not event["time"].startswith("1999")


@pytest.mark.parametrize(
    "document",
    [
        "nonsense",
        {"events": [{}]},
        {"source": "s", "events": []},
        {"source": "s", "events": [{}] * 101},
        {"source": "s", "events": {}},
        {"source": 1, "events": [{}]},
        {"source": "s", "events": ["text"]},
        {"source": "s", "events": [{"a": "b" * 16_000}]},
    ],
)
def test_the_endpoint_takes_nothing_but_events_of_bounded_number_and_size(
    document: object, alert: Alert, splunkd: FakeSplunkd
) -> None:
    status, answer = call(splunkd, document, VERDICTS)
    assert (status, splunkd.indexed) == (400, [])
    assert isinstance(answer, dict)
    assert answer["error"]


def test_the_endpoint_asks_for_the_right_to_look_up_and_for_a_post(alert: Alert, splunkd: FakeSplunkd) -> None:
    assert call(splunkd, "", VERDICTS, "GET")[0] == 405
    splunkd.users[SESSION] = EVERYTHING - {"run_vtlookup"}
    assert write(splunkd, {})[0] == 403


@pytest.mark.parametrize("named", ["_internal", "Main", "a b", "kvstore", "x" * 90])
def test_an_index_that_splunk_would_not_have_is_refused_on_the_setup_page_and_here(
    named: str, alert: Alert, splunkd: FakeSplunkd
) -> None:
    splunkd.settings = {**splunkd.settings, "verdict_indexes": named}
    assert write(splunkd, {})[0] == 403
    splunkd.users[SESSION] = EVERYTHING
    status, answer = call(splunkd, {"settings": {"verdict_indexes": named}}, "vtlookup/settings")
    assert status == 400
    assert isinstance(answer, dict)
    assert "is no index for events" in answer["wrong"]["verdict_indexes"]


def test_an_event_is_as_long_as_an_event_may_be_whatever_is_in_the_results(alert: Alert, splunkd: FakeSplunkd) -> None:
    row = {"x": "y" * 500_000, **dict.fromkeys(LINKS, '\\"€' * 50000)}
    others = [{"x": "z", **dict.fromkeys(LINKS, f"{number}" * 3000)} for number in range(10)]
    assert alert([row, *others, {"x": EICAR_MD5}], fields="x", type="ioc").status == 0
    assert len(splunkd.indexed) == 3
    assert all(len(event) <= 16_000 for _, event in splunkd.indexed)
    assert [event["vt_status"] for event in events(splunkd)] == ["error", "error", "ok"]
